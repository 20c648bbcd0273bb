package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"credd/internal/agent/roster"
	"credd/internal/ipc"
	"credd/internal/ipc/socket"
)

// userError is an error with its exit code and a remedy.
type userError struct {
	code          ipc.Code
	message, hint string
}

func (e *userError) Error() string { return e.message }

// fail prints an error as two lines and returns the exit code.
func (s *Streams) fail(err error) int {
	if err == nil {
		return int(ipc.OK)
	}
	e := sorted(err)
	say(s.Err, "credd: error: %s", e.message)
	s.hint(e.hint)
	return int(e.code)
}

func (s *Streams) hint(text string) {
	if text != "" {
		say(s.Err, "credd: hint: %s", text)
	}
}

// sorted gives an error of any package its exit code and its remedy.
func sorted(err error) *userError {
	var mine *userError
	var remote *ipc.Error
	var problem roster.Problem
	switch {
	case errors.As(err, &mine):
		return mine
	case errors.As(err, &remote):
		return &userError{remote.Code, remote.Message, remote.Hint}
	case errors.As(err, &problem):
		return &userError{ipc.Usage, problem.Error(), problem.Hint}
	case errors.Is(err, roster.ErrUnknownRole):
		return &userError{ipc.UnknownRole, err.Error(), "see: credd role list"}
	case errors.Is(err, roster.ErrExists):
		return &userError{ipc.Usage, err.Error(), "see: credd role show, or remove it first"}
	case errors.Is(err, socket.ErrNoDaemon):
		return &userError{ipc.NoDaemon, err.Error(), "start it with: credd serve"}
	case errors.Is(err, socket.ErrRunning):
		return &userError{ipc.Usage, err.Error(), "see: credd status"}
	case errors.Is(err, socket.ErrForeign):
		return &userError{ipc.Refused, err.Error() + ": nothing was sent to it", "check CREDD_SOCK and who owns the socket"}
	}
	return &userError{ipc.Internal, err.Error(), ""}
}

// usage is the error for wrong arguments of a command.
func usage(cmd *cobra.Command, format string, args ...any) error {
	return &userError{ipc.Usage, fmt.Sprintf(format, args...), "see: " + cmd.CommandPath() + " --help"}
}

// takes checks how many arguments a command was given. What they are stands in its use line.
func takes(least, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < least || len(args) > most {
			return usage(cmd, "%s given, want: %s", count(len(args), "argument"), cmd.UseLine())
		}
		return nil
	}
}

// noSuchCommand is the argument check of a command that only holds others.
func noSuchCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	e := &userError{ipc.Usage, fmt.Sprintf("unknown command: %s %s", cmd.CommandPath(), args[0]), "see: " + cmd.CommandPath() + " --help"}
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		e.hint = fmt.Sprintf("did you mean: %s %s", cmd.CommandPath(), near[0])
	}
	return e
}
