package host

import (
	"context"
	"io"
	"path/filepath"
)

// manager is a service manager of Linux, all that package host does with one.
type manager interface {
	install(context.Context) error
	uninstall(context.Context) error
	start(context.Context) error
	stop(context.Context) error
	restart(context.Context) error
	status(context.Context) (Status, error)
	logs(ctx context.Context, lines int, follow bool, out io.Writer) error
}

// manager returns the one that runs this machine. Without systemd there are no services of users.
func (s *Service) manager() (manager, error) {
	switch {
	case there(s.at("/run/systemd/system")): // as sd_booted(3) looks
		return s.systemd()
	case s.System:
		return s.scripts()
	}
	hint := "none is needed: credhelper starts credd by itself"
	if _, err := s.scripts(); err == nil {
		hint += "; one for all users of the machine: sudo credd service install --system"
	}
	return nil, &Error{Message: "this machine is not run by systemd, and only systemd has services of users", Hint: hint, Err: ErrNoManager}
}

// at is a path of this machine.
func (s *Service) at(path string) string { return filepath.Join("/", s.root, path) }

func (s *Service) install(ctx context.Context) error {
	return s.change("install", func(m manager) error { return m.install(ctx) })
}

func (s *Service) uninstall(ctx context.Context) error {
	return s.change("uninstall", func(m manager) error { return m.uninstall(ctx) })
}

func (s *Service) start(ctx context.Context) error {
	return s.change("start", func(m manager) error { return m.start(ctx) })
}

func (s *Service) stop(ctx context.Context) error {
	return s.change("stop", func(m manager) error { return m.stop(ctx) })
}

func (s *Service) restart(ctx context.Context) error {
	return s.change("restart", func(m manager) error { return m.restart(ctx) })
}

// change calls a command of the manager for who may change the service.
func (s *Service) change(command string, do func(manager) error) error {
	if err := s.needRoot(command); err != nil {
		return err
	}
	m, err := s.manager()
	if err != nil {
		return err
	}
	return do(m)
}

func (s *Service) status(ctx context.Context) (Status, error) {
	m, err := s.manager()
	if err != nil {
		return Status{Files: []string{}}, err
	}
	return m.status(ctx)
}

func (s *Service) logs(ctx context.Context, lines int, follow bool, out io.Writer) error {
	m, err := s.manager()
	if err != nil {
		return err
	}
	return m.logs(ctx, lines, follow, out)
}
