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

func (t logonTask) places() (pipe, log string, err error) {
	if pipe, err = paths.OwnSocket(); err != nil {
		return "", "", err
	}
	log, err = paths.Log()
	return pipe, log, err
}

// task is what the Task Scheduler has of a user.
type task struct {
	name       string // one a user: tasks are the machine's
	definition file   // kept beside the log, to tell whether the task is as this credd would make it: the Task Scheduler writes its own anew
	exists     bool
}

// task asks for the user's own.
func (t logonTask) task(ctx context.Context) (task, error) {
	sid, err := paths.UserSID()
	if err != nil {
		return task{}, err
	}
	dir, err := paths.State()
	if err != nil {
		return task{}, err
	}
	of := task{name: "credd-" + sid, definition: file{filepath.Join(dir, "task.xml"), units.Task(t.Program, sid), 0o600}}
	program, err := schtasks()
	if err != nil {
		return of, err
	}
	_, err = t.ask(ctx, program, "/Query", "/TN", of.name)
	if exitCode(err) > 0 {
		return of, nil // there is none
	}
	of.exists = err == nil
	return of, err
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

func (t logonTask) install(ctx context.Context) error {
	of, err := t.task(ctx)
	if err != nil {
		return err
	}
	changed, err := t.write(of.definition)
	if err != nil {
		return err
	}
	if changed || !of.exists {
		if err := t.schtasks(ctx, "/Create", "/TN", of.name, "/XML", of.definition.path, "/F"); err != nil {
			os.Remove(of.definition.path) // so that the next time does not take it for done
			return err
		}
	}
	return t.start(ctx)
}

func (t logonTask) uninstall(ctx context.Context) error {
	of, err := t.task(ctx)
	if err != nil {
		return err
	}
	if of.exists {
		if err := errors.Join(t.stop(ctx), t.schtasks(ctx, "/Delete", "/TN", of.name, "/F")); err != nil {
			return err
		}
	}
	removed, err := t.remove(of.definition.path)
	if err == nil && !removed && !of.exists {
		return ErrNotInstalled
	}
	return err
}

// start runs the task, unless a credd serves already: it is the same program, whoever started it.
func (t logonTask) start(ctx context.Context) error {
	name, pipe, err := t.installed(ctx)
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
	name, pipe, err := t.installed(ctx)
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

// installed returns the task of a service that is there, and the pipe that its daemon serves.
func (t logonTask) installed(ctx context.Context) (name, pipe string, err error) {
	of, err := t.task(ctx)
	if err == nil && !of.exists {
		err = ErrNotInstalled
	}
	if err != nil {
		return "", "", err
	}
	pipe, _, err = t.places()
	return of.name, pipe, err
}

func (t logonTask) status(ctx context.Context) (Status, error) {
	st := Status{Manager: "Task Scheduler", Files: []string{}}
	of, err := t.task(ctx)
	if st.Installed = of.exists; err != nil || !st.Installed {
		return st, err
	}
	st.AtLogin = true
	if data, err := os.ReadFile(of.definition.path); err == nil {
		st.Files, st.Program = append(st.Files, of.definition.path), units.TaskProgram(data)
	}
	st.Outdated = !of.definition.kept()
	pipe, _, err := t.places()
	if err != nil {
		return st, err
	}
	st.PID, err = Other(ctx, pipe)
	st.Running = st.PID != 0
	return st, err
}
