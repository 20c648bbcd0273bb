package host

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/kardianos/service"

	"credd/internal/paths"
	"credd/packaging/units"
)

const (
	scriptFile = "/etc/init.d/credd"
	scriptLog  = "/var/log/credd.log"

	startPatience = 20 * time.Second      // for a daemon that a script started to serve
	startPoll     = 50 * time.Millisecond // between looks whether it does
)

// scriptKinds are the service managers that run the machine's credd by a script of ours: their names in package service, to people, and
// of our text. The script itself starts and stops; package service knows the manager and enters the script there.
var scriptKinds = map[string]scriptKind{
	"linux-openrc": {"OpenRC", "openrc/credd", "OpenRCScript", "/run/openrc/options/credd/child_pid"},
	"unix-systemv": {"System V", "sysv/credd", "SysvScript", "/run/credd.pid"},
}

type scriptKind struct{ name, text, option, pid string }

// scripts is a manager of the machine that runs scripts.
type scripts struct {
	*Service
	scriptKind
}

func (s *Service) scripts() (manager, error) {
	kind, known := scriptKinds[service.Platform()]
	if !known || !there(s.at(filepath.Dir(scriptFile))) {
		return nil, &Error{Message: "this machine is run by neither systemd, OpenRC nor System V", Hint: "make the user " + account + " and its directories, and have it run: credd serve --system; see docs/service.md", Err: ErrNoManager}
	}
	return &scripts{s, kind}, nil
}

// idle is what package service wants to run: only the service manager runs credd.
type idle struct{}

func (idle) Start(service.Service) error { return nil }
func (idle) Stop(service.Service) error  { return nil }

// entry is the script at package service, which makes a template of it: the text has nothing that it would replace.
func (m *scripts) entry(text []byte) (service.Service, error) {
	return service.New(idle{}, &service.Config{Name: "credd", Executable: m.Program, Option: service.KeyValue{m.option: string(text)}})
}

func (m *scripts) file() (file, error) {
	data, err := units.Render(m.text, m.Program)
	if err != nil {
		return file{}, &Error{Message: err.Error(), Hint: m.installHint()}
	}
	return file{m.at(scriptFile), data, 0o755}, nil
}

func (m *scripts) install(ctx context.Context) error {
	if err := m.Check(); err != nil {
		return err
	}
	f, err := m.file()
	if err != nil {
		return err
	}
	if err := m.directories(ctx, func() error { return m.addUser(ctx) }); err != nil {
		return err
	}
	if !f.kept() {
		if there(f.path) {
			if err := m.uninstall(ctx); err != nil {
				return err
			}
		}
		entry, err := m.entry(f.data)
		if err != nil {
			return err
		}
		if err := entry.Install(); err != nil {
			return err
		}
		m.tell("wrote " + f.path + ", and entered it at " + m.name)
	}
	if err := m.enable(ctx); err != nil {
		return err
	}
	return m.start(ctx)
}

func (m *scripts) uninstall(ctx context.Context) error {
	path := m.at(scriptFile)
	if !there(path) {
		return nil
	}
	if err := m.stop(ctx); err != nil {
		return err
	}
	entry, err := m.entry(nil)
	if err != nil {
		return err
	}
	if err := entry.Uninstall(); err != nil {
		return err
	}
	m.tell("removed " + path + ", and its entry at " + m.name)
	if level, update := m.level(); update != "" && there(level) {
		if err := m.do(ctx, update, "delete", "credd", "default"); err != nil {
			return err
		}
	}
	if err := m.removeLinks(); err != nil {
		return err
	}
	os.Remove(m.at(filepath.Dir(paths.System().Socket))) // which the script made; it is gone at the next boot anyway
	_, err = m.remove(m.at(scriptLog))
	return err
}

func (m *scripts) start(ctx context.Context) error {
	running, err := m.running(ctx)
	if err != nil || running {
		return err
	}
	p := paths.System()
	err = m.instead(ctx, m.at(p.Socket), m.at(p.Lock()), func() error { return m.do(ctx, m.at(scriptFile), "start") })
	if err != nil {
		return err
	}
	return m.serves(ctx)
}

// serves waits until the daemon does: scripts start it and go.
func (m *scripts) serves(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	for {
		pid, err := Other(ctx, m.at(paths.System().Socket))
		if pid != 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return &Error{Message: "credd was started and does not serve", Hint: "sudo credd service logs --system", Err: errors.Join(err, ctx.Err())}
		case <-time.After(startPoll):
		}
	}
}

func (m *scripts) stop(ctx context.Context) error {
	running, err := m.running(ctx)
	if err != nil || !running {
		return err
	}
	return m.do(ctx, m.at(scriptFile), "stop")
}

func (m *scripts) restart(ctx context.Context) error {
	if _, err := m.running(ctx); err != nil {
		return err
	}
	if err := m.do(ctx, m.at(scriptFile), "restart"); err != nil {
		return err
	}
	return m.serves(ctx)
}

// running asks the script: 0 says yes and 3 no, as the LSB has it.
func (m *scripts) running(ctx context.Context) (bool, error) {
	if !there(m.at(scriptFile)) {
		return false, ErrNotInstalled
	}
	_, err := m.ask(ctx, m.at(scriptFile), "status")
	return err == nil, onlyIf(err, exitCode(err) <= 0 || exitCode(err) > 4)
}

func onlyIf(err error, is bool) error {
	if is {
		return err
	}
	return nil
}

func (m *scripts) status(ctx context.Context) (Status, error) {
	st := Status{Manager: m.name, Files: []string{}}
	running, err := m.running(ctx)
	if errors.Is(err, ErrNotInstalled) {
		return st, nil
	}
	st.Installed, st.AtLogin, st.Running = true, true, running
	st.Files = append(st.Files, m.at(scriptFile))
	if text, err := os.ReadFile(m.at(m.pid)); running && err == nil {
		st.PID, _ = strconv.Atoi(strings.TrimSpace(string(text)))
	}
	return st, err
}

func (m *scripts) logs(ctx context.Context, lines int, follow bool, out io.Writer) error {
	if !there(m.at(scriptFile)) {
		return ErrNotInstalled
	}
	return Tail(ctx, m.at(scriptLog), lines, follow, out)
}
