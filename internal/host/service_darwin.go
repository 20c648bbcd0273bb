package host

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"credd/internal/paths"
	"credd/packaging/units"
)

const (
	label         = "credd"
	homebrewLabel = "homebrew.mxcl.credd" // of `brew services`

	// agentPath is where a source's or a code's command is looked for. launchd's own has nothing of Homebrew.
	agentPath = "/opt/homebrew/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
)

// launchd is a job with all that belongs to it.
type launchd struct {
	job
	socket, lock, log string
	homebrew          bool
}

// launchd returns the job of this service. One that Homebrew brought is started and stopped, never written over.
func (s *Service) launchd() (launchd, error) {
	dir := "/Library/LaunchDaemons"
	l := launchd{job: job{Service: s, domain: "system", label: label}, log: systemLog}
	if s.System {
		p := paths.System()
		l.socket, l.lock = p.Socket, p.Lock()
	} else {
		home, err := os.UserHomeDir()
		if err != nil {
			return l, err
		}
		if l.socket, err = paths.ServiceSocket(); err != nil {
			return l, err
		}
		if l.log, err = paths.Log(); err != nil {
			return l, err
		}
		l.domain, l.lock, dir = "gui/"+strconv.Itoa(os.Getuid()), l.socket+".lock", filepath.Join(home, "Library", "LaunchAgents")
	}
	l.plist = filepath.Join(dir, label+".plist")
	if theirs := filepath.Join(dir, homebrewLabel+".plist"); there(theirs) && !there(l.plist) {
		l.label, l.plist, l.homebrew = homebrewLabel, theirs, true
	}
	return l, nil
}

// mine is launchd for a command that changes something.
func (s *Service) mine(command string) (launchd, error) {
	if err := s.needRoot(command); err != nil {
		return launchd{}, err
	}
	if err := s.notBySudo(); err != nil {
		return launchd{}, err
	}
	return s.launchd()
}

// homebrews refuses to write over, or remove, what brew services looks after.
func (l launchd) homebrews(instead string) error {
	if !l.homebrew {
		return nil
	}
	return &Error{Message: "Homebrew brought this service: " + l.plist, Hint: instead}
}

func (s *Service) install(ctx context.Context) error {
	l, err := s.mine("install")
	if err == nil {
		err = l.homebrews("brew services start credd")
	}
	if err == nil {
		err = s.Check()
	}
	if err != nil {
		return err
	}
	text, err := l.prepare(ctx)
	if err != nil {
		return err
	}
	return l.put(ctx, text, func(load func() error) error { return s.instead(ctx, l.socket, l.lock, load) })
}

// prepare makes what launchd does not make itself, and returns the property list.
func (l launchd) prepare(ctx context.Context) ([]byte, error) {
	list := units.Launchd{Credd: l.Program, Socket: l.socket, Log: l.log}
	if l.System {
		a, err := l.makeAccount(ctx)
		if err != nil {
			return nil, err
		}
		if err := l.makePlaces(paths.System(), l.log, a); err != nil {
			return nil, err
		}
		return list.Daemon()
	}
	if err := paths.Private(filepath.Dir(l.socket)); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(l.log), 0o700); err != nil {
		return nil, err
	}
	list.Environment = map[string]string{"PATH": agentPath}
	for _, name := range []string{"XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"} { // launchd knows no shell's environment
		if dir := os.Getenv(name); filepath.IsAbs(dir) {
			list.Environment[name] = dir
		}
	}
	return list.Agent()
}

func (s *Service) uninstall(ctx context.Context) error {
	l, err := s.mine("uninstall")
	if err == nil {
		err = l.homebrews("brew services stop credd")
	}
	if err != nil {
		return err
	}
	if err := s.unhelped(l.socket, func() error { return l.takeAway(ctx) }); err != nil || !s.System {
		return err
	}
	_, err = l.remove(l.log)
	return errors.Join(err, s.closeState(paths.System()), s.removeAccount(ctx))
}

// takeAway removes the job, then its property list, and the socket's file, which launchd leaves.
func (l launchd) takeAway(ctx context.Context) error {
	st, err := l.look(ctx)
	if err != nil && !errors.Is(err, ErrNoManager) { // without a session nothing is loaded
		return err
	}
	if st.loaded {
		if err := l.unload(ctx); err != nil {
			return err
		}
	}
	removed, err := l.remove(l.plist)
	if err != nil || !removed && !st.loaded {
		return err
	}
	if running, err := held(l.lock); err != nil || running {
		return err // a daemon that launchd did not start
	}
	_, err = l.remove(l.socket)
	return err
}

func (s *Service) start(ctx context.Context) error {
	l, err := s.mine("start")
	if err != nil {
		return err
	}
	return l.startJob(ctx)
}

func (s *Service) stop(ctx context.Context) error {
	l, err := s.mine("stop")
	if err != nil {
		return err
	}
	return l.stopJob(ctx)
}

func (s *Service) restart(ctx context.Context) error {
	l, err := s.mine("restart")
	if err != nil {
		return err
	}
	return l.restartJob(ctx)
}

func (s *Service) status(ctx context.Context) (Status, error) {
	l, err := s.launchd()
	if err != nil {
		return Status{Manager: "launchd", Files: []string{}}, err
	}
	st, err := l.statusOf(ctx)
	st.Packaged = l.homebrew
	st.Listening = st.Listening && !l.homebrew // its property list has no socket
	return st, err
}

func (s *Service) logs(ctx context.Context, lines int, follow bool, out io.Writer) error {
	l, err := s.launchd()
	if err != nil {
		return err
	}
	return Tail(ctx, l.log, lines, follow, out)
}
