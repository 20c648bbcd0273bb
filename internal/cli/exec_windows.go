package cli

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
)

// descriptors are not passed on here.
func descriptors() []int { return nil }

// become runs a command and passes its exit code on. Ctrl-C reaches it at the console by itself, and ends it, not us.
func (s *Streams) become(path string, args, env []string, _ []int) error {
	signal.Ignore(os.Interrupt)
	cmd := &exec.Cmd{Path: path, Args: args, Env: env, Stdin: s.In, Stdout: s.stdout(), Stderr: s.Err}
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &exit):
		return exitStatus(exit.ExitCode())
	}
	return notRun(args[0], err)
}
