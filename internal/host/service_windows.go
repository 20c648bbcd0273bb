package host

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"credd/internal/ipc/socket"
)

const (
	servePatience = 20 * time.Second       // for a daemon that was started to serve
	servePoll     = 100 * time.Millisecond // between looks whether it does
)

// manager is the Task Scheduler for a user's own credd, and Windows' services for that of the machine.
type manager interface {
	install(context.Context) error
	uninstall(context.Context) error
	start(context.Context) error
	stop(context.Context) error
	status(context.Context) (Status, error)
	places() (pipe, log string, err error)
}

func (s *Service) manager() manager {
	if s.System {
		return winService{s}
	}
	return logonTask{s}
}

func (s *Service) install(ctx context.Context) error {
	if err := s.Check(); err != nil {
		return err
	}
	return s.manager().install(ctx)
}

func (s *Service) uninstall(ctx context.Context) error { return s.manager().uninstall(ctx) }

func (s *Service) start(ctx context.Context) error { return s.manager().start(ctx) }

func (s *Service) stop(ctx context.Context) error { return s.manager().stop(ctx) }

func (s *Service) restart(ctx context.Context) error {
	if err := s.manager().stop(ctx); err != nil {
		return err
	}
	return s.manager().start(ctx)
}

func (s *Service) status(ctx context.Context) (Status, error) { return s.manager().status(ctx) }

func (s *Service) logs(ctx context.Context, lines int, follow bool, out io.Writer) error {
	_, log, err := s.manager().places()
	if err != nil {
		return err
	}
	if err := Tail(ctx, log, lines, follow, out); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return &Error{Message: "there is no log yet: " + log, Hint: "it is written when credd starts"}
}

// serves waits until a daemon serves the pipe, or no longer does.
func serves(ctx context.Context, pipe string, want bool) error {
	ctx, cancel := context.WithTimeout(ctx, servePatience)
	defer cancel()
	for {
		conn, err := socket.Dial(ctx, pipe)
		if err == nil {
			conn.Close()
		}
		if (err == nil) == want {
			return nil
		}
		select {
		case <-ctx.Done():
			return &Error{Message: "credd was started and does not answer at " + pipe, Hint: "see: credd service logs", Err: ctx.Err()}
		case <-time.After(servePoll):
		}
	}
}
