package host

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/windows"

	"credd/internal/paths"
	"credd/packaging/units"
)

// logonTask is a task of the Task Scheduler that runs credd at its user's logon, in the user's session, where the Credential Manager is.
type logonTask struct{ *Service }

// name is one a user: tasks are the machine's.
func (t logonTask) name() (name, sid string, err error) {
	sid, err = paths.UserSID()
	return "credd-" + sid, sid, err
}

func (t logonTask) places() (pipe, log string, err error) { return ownPlaces() }

// definition is kept beside the log, to tell whether the task is as this credd would make it: the Task Scheduler writes its own anew.
func (t logonTask) definition(sid string) (file, error) {
	dir, err := paths.State()
	return file{filepath.Join(dir, "task.xml"), units.Task(t.Program, sid), 0o600}, err
}

func schtasks() (string, error) {
	dir, err := windows.GetSystemDirectory()
	return filepath.Join(dir, "schtasks.exe"), err
}

func (t logonTask) schtasks(ctx context.Context, args ...string) error {
	program, err := schtasks()
	if err != nil {
		return err
	}
	return t.do(ctx, append([]string{program}, args...)...)
}

// exists reports whether the Task Scheduler has the task.
func (t logonTask) exists(ctx context.Context, name string) (bool, error) {
	program, err := schtasks()
	if err != nil {
		return false, err
	}
	_, err = t.ask(ctx, program, "/Query", "/TN", name)
	switch {
	case err == nil:
		return true, nil
	case exitCode(err) > 0:
		return false, nil
	}
	return false, err
}

func (t logonTask) install(ctx context.Context) error {
	name, sid, err := t.name()
	if err != nil {
		return err
	}
	f, err := t.definition(sid)
	if err != nil {
		return err
	}
	is, err := t.exists(ctx, name)
	if err != nil {
		return err
	}
	changed, err := t.write(f)
	if err != nil {
		return err
	}
	if changed || !is {
		if err := t.schtasks(ctx, "/Create", "/TN", name, "/XML", f.path, "/F"); err != nil {
			os.Remove(f.path) // so that the next time does not take it for done
			return err
		}
	}
	return t.start(ctx)
}

func (t logonTask) uninstall(ctx context.Context) error {
	name, sid, err := t.name()
	if err != nil {
		return err
	}
	f, err := t.definition(sid)
	if err != nil {
		return err
	}
	is, err := t.exists(ctx, name)
	if err != nil {
		return err
	}
	if is {
		if err := errors.Join(t.stop(ctx), t.schtasks(ctx, "/Delete", "/TN", name, "/F")); err != nil {
			return err
		}
	}
	removed, err := t.remove(f.path)
	if err == nil && !removed && !is {
		return ErrNotInstalled
	}
	return err
}

// start runs the task, unless a credd serves already: it is the same program, whoever started it.
func (t logonTask) start(ctx context.Context) error {
	name, err := t.installed(ctx)
	if err != nil {
		return err
	}
	pipe, _, err := t.places()
	if err != nil {
		return err
	}
	if pid, err := Other(ctx, pipe); err != nil || pid != 0 {
		return err
	}
	if err := t.schtasks(ctx, "/Run", "/TN", name); err != nil {
		return err
	}
	return serves(ctx, pipe, true)
}

// stop ends the daemon that serves, also one that credhelper started.
func (t logonTask) stop(ctx context.Context) error {
	name, err := t.installed(ctx)
	if err != nil {
		return err
	}
	pipe, _, err := t.places()
	if err != nil {
		return err
	}
	pid, err := Other(ctx, pipe)
	if err != nil || pid == 0 {
		return err
	}
	if err := t.schtasks(ctx, "/End", "/TN", name); err != nil {
		return err
	}
	short, cancel := context.WithTimeout(ctx, 3*time.Second) // else it is not the task's
	defer cancel()
	if serves(short, pipe, false) == nil {
		return nil
	}
	p, err := os.FindProcess(pid)
	if err != nil {
		return err
	}
	if err := p.Kill(); err != nil {
		return err
	}
	t.tell("ended the credd that credhelper had started")
	return serves(ctx, pipe, false)
}

func (t logonTask) installed(ctx context.Context) (name string, err error) {
	name, _, err = t.name()
	if err != nil {
		return "", err
	}
	is, err := t.exists(ctx, name)
	if err == nil && !is {
		err = ErrNotInstalled
	}
	return name, err
}

func (t logonTask) status(ctx context.Context) (Status, error) {
	st := Status{Manager: "Task Scheduler", Files: []string{}}
	name, sid, err := t.name()
	if err != nil {
		return st, err
	}
	f, err := t.definition(sid)
	if err != nil {
		return st, err
	}
	if st.Installed, err = t.exists(ctx, name); err != nil || !st.Installed {
		return st, err
	}
	st.AtLogin = true
	if data, err := os.ReadFile(f.path); err == nil {
		st.Files, st.Program = append(st.Files, f.path), units.TaskProgram(data)
	}
	st.Outdated = !f.kept()
	pipe, _, err := t.places()
	if err != nil {
		return st, err
	}
	st.PID, err = Other(ctx, pipe)
	st.Running = st.PID != 0
	return st, err
}
