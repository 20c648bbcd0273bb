package cli

import (
	"context"
	"errors"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"credd/internal/agent/api"
	"credd/internal/ipc"
	"credd/internal/ipc/socket"
	"credd/internal/ipc/start"
	tty "credd/internal/ipc/terminal"
)

// talk sends a request that may need the person at this terminal. If no daemon runs it starts one, as credhelper does.
func (s *Streams) talk(ctx context.Context, req api.Request, out any, hear func(api.Event)) error {
	conn, err := s.connect(ctx)
	if err != nil {
		return err
	}
	fd := descriptor(conn)
	if half, ok := conn.(interface{ CloseRead() error }); ok { // so that a question ends, too, where ^C does not end the command
		defer context.AfterFunc(ctx, func() { half.CloseRead() })()
	}
	t := api.Talk{Hear: hear, Answer: func(q ipc.Question, deadline time.Time) ipc.Answer {
		a := s.answer(q, fd, deadline)
		if ctx.Err() != nil {
			a = ipc.Answer{Status: ipc.Declined}
		}
		return a
	}}
	return t.Call(ctx, conn, req, out)
}

// connect returns a connection to the daemon that runs, or else to one that it starts.
func (s *Streams) connect(ctx context.Context) (net.Conn, error) {
	const startTimeout = 15 * time.Second
	where, err := s.locate()
	if err != nil {
		return nil, err
	}
	conn, err := socket.Dial(ctx, where.socket)
	if !errors.Is(err, socket.ErrNoDaemon) {
		return conn, err
	}
	if where.machine {
		return nil, undialled(where, err)
	}
	if err := start.Daemon(where.socket, time.Now().Add(startTimeout)); err != nil {
		return nil, notStarted(err)
	}
	return socket.Dial(ctx, where.socket)
}

func notStarted(err error) error {
	var e *start.Error
	if errors.As(err, &e) {
		return &userError{ipc.NoDaemon, e.Message, e.Hint}
	}
	return err
}

// descriptor is that of the connection, so that a question ends as soon as there is a reply; -1 if it has none.
func descriptor(c net.Conn) int {
	fd := -1
	if sc, ok := c.(syscall.Conn); ok {
		if raw, err := sc.SyscallConn(); err == nil {
			raw.Control(func(p uintptr) { fd = int(p) })
		}
	}
	return fd
}

// answer puts a question of the daemon to the person at the terminal.
func (s *Streams) answer(q ipc.Question, fd int, deadline time.Time) ipc.Answer {
	text, err := tty.Ask(printable(q.Text)+": ", q.Hidden, fd, deadline)
	switch {
	case err == nil:
		return ipc.Answer{Status: ipc.Answered, Text: text}
	case errors.Is(err, tty.ErrDeclined):
		return ipc.Answer{Status: ipc.Declined}
	}
	return ipc.Answer{Status: ipc.NoTerminal}
}

// prompt asks the person at the terminal for a line; noTerminal says how to do without one.
func (s *Streams) prompt(question string, hidden bool, noTerminal string) (string, error) {
	return promptElse(question, hidden, &userError{ipc.Usage, "there is no terminal to ask at", noTerminal})
}

// promptElse is prompt with the error for where there is no terminal.
func promptElse(question string, hidden bool, noTerminal *userError) (string, error) {
	const patience = 5 * time.Minute
	over, interrupted := interrupts()
	text, err := tty.Ask(asked(question)+" ", hidden, over, time.Now().Add(patience))
	if interrupted() {
		return "", errInterrupted
	}
	switch {
	case errors.Is(err, tty.ErrNone):
		return "", noTerminal
	case errors.Is(err, tty.ErrDeclined):
		return "", errUnchanged
	case err != nil:
		return "", &userError{ipc.Usage, "nobody answered in " + patience.String(), noTerminal.hint}
	}
	return text, nil
}

// confirm asks the person at the terminal whether to go on. Without a yes it returns an error.
func confirm(question string, noTerminal *userError) error {
	text, err := promptElse(question+" (yes/no)", false, noTerminal)
	if err != nil {
		return err
	}
	if t := strings.ToLower(strings.TrimSpace(text)); t != "yes" && t != "y" {
		return errUnchanged
	}
	return nil
}

var (
	errUnchanged   = &userError{ipc.Usage, "nothing was changed", ""} // a no, or ^D
	errInterrupted = &userError{ipc.Usage, "nothing was changed", ""} // ^C: no other question comes after it
)

// interrupts returns a descriptor at which something happens once ^C is typed, because a command that heeds the signal itself is
// not ended by it, and neither is its question. interrupted tells whether that was so, and is to be called once.
func interrupts() (over int, interrupted func() bool) {
	r, w, err := os.Pipe()
	if err != nil {
		return -1, func() bool { return false }
	}
	signals, done := make(chan os.Signal, 1), make(chan bool)
	signal.Notify(signals, os.Interrupt)
	go func() {
		_, was := <-signals
		w.Close()
		done <- was
	}()
	return int(r.Fd()), func() bool {
		signal.Stop(signals)
		close(signals)
		defer r.Close()
		return <-done
	}
}
