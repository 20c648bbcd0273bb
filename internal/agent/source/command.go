package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

const (
	commandTimeout = 15 * time.Second // within a flight's 20 s; a hardware key may wait for a touch
	commandOutput  = 64 << 10         // bytes; a session token is a few KB
	commandEnds    = time.Second      // for a command that was told to end, until its pipes are closed
)

// Join makes one comparable string of a command and its arguments.
func Join(args []string) string { return strings.Join(args, "\x00") }

func split(command string) []string { return strings.Split(command, "\x00") }

var errNotRun = errors.New("cannot be run")

// run runs a command without a shell, without stdin, and with the daemon's own environment, which holds no credential
// (see ClearEnvironment). It returns what the command prints. Neither that nor its stderr is ever in an error. Where the
// caller's context ended first the error is that of the context.
func run(ctx context.Context, command string) ([]byte, error) {
	return runWithin(ctx, commandTimeout, command)
}

func runWithin(caller context.Context, most time.Duration, command string) ([]byte, error) {
	args := split(command)
	ctx, cancel := context.WithTimeout(caller, most)
	defer cancel()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	var out limited
	cmd.Stdout = &out
	cmd.WaitDelay = commandEnds
	detach(cmd)
	err := cmd.Run()
	if errors.Is(err, exec.ErrWaitDelay) && ctx.Err() == nil {
		err = nil // it ended well, and left behind something that still has its stdout, such as a key agent
	}
	var exit *exec.ExitError
	switch {
	case err == nil && out.over:
		return nil, fmt.Errorf("prints more than %d KiB", commandOutput>>10)
	case err == nil:
		return out.kept.Bytes(), nil
	case caller.Err() != nil:
		return nil, caller.Err()
	case ctx.Err() != nil:
		return nil, fmt.Errorf("did not end in %s", most)
	case errors.Is(err, exec.ErrNotFound):
		return nil, fmt.Errorf("%w: it is not in the PATH of the daemon, write its whole path", errNotRun)
	case errors.As(err, &exit):
		return nil, fmt.Errorf("ended with %s", exit.ProcessState)
	}
	return nil, fmt.Errorf("%w: %w", errNotRun, err)
}

// limited keeps what is written to it, up to commandOutput. The buffer is not embedded: io.Copy would take its ReadFrom.
type limited struct {
	kept bytes.Buffer
	over bool
}

func (l *limited) Write(p []byte) (int, error) {
	if l.kept.Len()+len(p) > commandOutput {
		l.over = true
		return len(p), nil
	}
	return l.kept.Write(p)
}
