package host

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/mgr"

	"credd/internal/paths"
)

const (
	serviceName = "credd"

	// serviceAccount is a virtual account: Windows makes it for the service of this name, and it has no password.
	serviceAccount = `NT SERVICE\credd`

	stopPatience = 30 * time.Second
	firstRestart = time.Second
	nextRestarts = 30 * time.Second
	forgetAfter  = 24 * time.Hour // that it crashed
)

// winService is credd as a service of Windows. The virtual account and the recovery actions are set by the service manager's own
// interface: kardianos/service knows neither.
type winService struct{ *Service }

func (w winService) places() (pipe, log string, err error) {
	p := paths.System()
	return p.Socket, filepath.Join(p.State, "credd.log"), nil
}

// open opens the service for a function.
func (w winService) open(do func(*mgr.Service) error) error {
	m, err := mgr.Connect()
	if err != nil {
		return denied(err)
	}
	defer m.Disconnect()
	s, err := m.OpenService(serviceName)
	if errors.Is(err, windows.ERROR_SERVICE_DOES_NOT_EXIST) {
		return ErrNotInstalled
	}
	if err != nil {
		return denied(err)
	}
	defer s.Close()
	return do(s)
}

// denied adds the remedy to what only an administrator may do.
func denied(err error) error {
	if errors.Is(err, windows.ERROR_ACCESS_DENIED) {
		return &Error{Message: "only an administrator may change the services of this machine", Hint: "in a terminal that was started by “Run as administrator”, the same command", Err: err}
	}
	return err
}

func (w winService) wanted() mgr.Config {
	return mgr.Config{
		ServiceType: windows.SERVICE_WIN32_OWN_PROCESS, StartType: mgr.StartAutomatic, ErrorControl: mgr.ErrorNormal,
		BinaryPathName: w.line(), ServiceStartName: serviceAccount,
		DisplayName: "credd", Description: "Gives AWS SDKs short-lived credentials of many roles, to whom allow names.",
	}
}

// line is the command of the service. The path has no quotation mark: no file's name may.
func (w winService) line() string { return `"` + w.Program + `" serve --system --run-by services` }

func (w winService) install(ctx context.Context) error {
	if err := w.makePlaces(); err != nil {
		return err
	}
	m, err := mgr.Connect()
	if err != nil {
		return denied(err)
	}
	defer m.Disconnect()
	s, err := m.OpenService(serviceName)
	switch {
	case errors.Is(err, windows.ERROR_SERVICE_DOES_NOT_EXIST):
		if s, err = m.CreateService(serviceName, w.Program, w.wanted(), "serve", "--system", "--run-by", "services"); err == nil {
			w.tell("made the service " + serviceName + ", which runs " + w.line())
		}
	case err == nil:
		err = w.update(s)
	}
	if err != nil {
		return denied(err)
	}
	defer s.Close()
	restart := func(after time.Duration) mgr.RecoveryAction {
		return mgr.RecoveryAction{Type: mgr.ServiceRestart, Delay: after}
	}
	err = errors.Join(
		known(s.SetRecoveryActions([]mgr.RecoveryAction{restart(firstRestart), restart(nextRestarts), restart(nextRestarts)}, uint32(forgetAfter.Seconds()))),
		known(s.SetRecoveryActionsOnNonCrashFailures(true)))
	if err != nil {
		return err
	}
	return w.run(ctx, s)
}

// known leaves out that the system has no such setting, as Wine says: the service works without.
func known(err error) error {
	if errors.Is(err, windows.ERROR_INVALID_LEVEL) {
		return nil
	}
	return err
}

// update changes what differs.
func (w winService) update(s *mgr.Service) error {
	is, err := configOf(s)
	if err != nil || is == (config{w.line(), serviceAccount, mgr.StartAutomatic}) {
		return err
	}
	if err := s.UpdateConfig(w.wanted()); err != nil {
		return err
	}
	w.tell("changed the service " + serviceName + ", which runs " + w.line())
	return nil
}

func (w winService) uninstall(ctx context.Context) error {
	return w.open(func(s *mgr.Service) error {
		if err := w.end(ctx, s); err != nil {
			return err
		}
		if err := s.Delete(); err != nil {
			return denied(err)
		}
		w.tell("removed the service " + serviceName)
		return nil
	})
}

func (w winService) start(ctx context.Context) error {
	return w.open(func(s *mgr.Service) error { return w.run(ctx, s) })
}

func (w winService) stop(ctx context.Context) error {
	return w.open(func(s *mgr.Service) error { return w.end(ctx, s) })
}

// run starts the service, and waits until it runs.
func (w winService) run(ctx context.Context, s *mgr.Service) error {
	err := s.Start()
	if errors.Is(err, windows.ERROR_SERVICE_ALREADY_RUNNING) {
		return nil
	}
	if err != nil {
		return denied(err)
	}
	if err := reaches(ctx, s, svc.Running); err != nil {
		return err
	}
	w.tell("started the service " + serviceName)
	return nil
}

// end stops the service, and waits until it has.
func (w winService) end(ctx context.Context, s *mgr.Service) error {
	_, err := s.Control(svc.Stop)
	if errors.Is(err, windows.ERROR_SERVICE_NOT_ACTIVE) {
		return nil
	}
	if err != nil {
		return denied(err)
	}
	if err := reaches(ctx, s, svc.Stopped); err != nil {
		return err
	}
	w.tell("stopped the service " + serviceName)
	return nil
}

// reaches waits for a state. A service that stops instead of running has failed.
func reaches(ctx context.Context, s *mgr.Service, want svc.State) error {
	ctx, cancel := context.WithTimeout(ctx, stopPatience)
	defer cancel()
	for {
		st, err := s.Query()
		switch {
		case err != nil:
			return err
		case st.State == want:
			return nil
		case st.State == svc.Stopped:
			return &Error{Message: "the service ended while it started", Hint: "see: credd service logs --system"}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(servePoll):
		}
	}
}
