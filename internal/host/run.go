package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

const (
	programTimeout = time.Minute // a manager that stops a daemon waits for its end
	maxComplaint   = 400         // of what a program says in an error, in bytes

	ignoresModes = runtime.GOOS == "windows" // a file's mode means nothing there
)

// Error is what went wrong, with a remedy.
type Error struct {
	Message, Hint string
	Err           error // nil, or why
}

func (e *Error) Error() string { return e.Message }

// Unwrap returns why.
func (e *Error) Unwrap() error { return e.Err }

// do runs a program that changes something, and tells of it. The first argument is its whole path.
func (s *Service) do(ctx context.Context, argv ...string) error {
	_, err := s.ask(ctx, argv...)
	if err == nil {
		s.tell("ran " + strings.Join(argv, " "))
	}
	return err
}

// ask runs a program and returns what it prints. Its error says what the program said.
func (s *Service) ask(ctx context.Context, argv ...string) (string, error) {
	if s.run != nil {
		return s.run(ctx, argv)
	}
	return run(ctx, argv)
}

func run(ctx context.Context, argv []string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, programTimeout)
	defer cancel()
	var out strings.Builder
	err := copyOutput(ctx, &out, argv)
	if ctx.Err() != nil {
		err = fmt.Errorf("%s: it does not end: %w", strings.Join(argv, " "), ctx.Err())
	}
	return out.String(), err
}

func copyOutput(ctx context.Context, out io.Writer, argv []string) error {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.WaitDelay = time.Second     // for descriptors that a child of its own keeps
	cmd.Dir = filepath.Dir(argv[0]) // ours may be one that is about to go
	cmd.Env = environment()
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = out, &said
	err := cmd.Run()
	if err == nil {
		return nil
	}
	if strings.TrimSpace(said.String()) != "" {
		err = complaint{err, strings.Join(strings.Fields(said.String()), " ")}
	}
	return fmt.Errorf("%s: %w", strings.Join(argv, " "), err)
}

// complaint is an error of a program in its own words.
type complaint struct {
	err  error
	said string
}

func (c complaint) Error() string { return c.said[:min(len(c.said), maxComplaint)] }

func (c complaint) Unwrap() error { return c.err }

// exitCode is the one of a program that ended by itself, -1 where there is none.
func exitCode(err error) int {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode()
	}
	return -1
}
