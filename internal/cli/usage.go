package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"credd/internal/ipc"
)

// typo is how many letters a command may be off and still be suggested.
const typo = 2

// typed makes wrong arguments of a command, and of those below it, errors of usage.
func typed(cmd *cobra.Command) {
	if check := cmd.Args; cmd.HasSubCommands() {
		cmd.Args = noSuchCommand
	} else {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if check == nil || check(cmd, args) == nil {
				return nil
			}
			message := fmt.Sprintf("%s does not take %s", cmd.CommandPath(), count(len(args), "argument"))
			return &userError{ipc.Usage, message, "usage: " + cmd.UseLine()}
		}
	}
	for _, sub := range cmd.Commands() {
		typed(sub)
	}
}

// noSuchCommand refuses the arguments of a command that only holds others.
func noSuchCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := "see: " + cmd.CommandPath() + " --help"
	if n := nearest(cmd, args[0]); n != "" {
		hint = "did you mean: " + cmd.CommandPath() + " " + n
	}
	return &userError{ipc.Usage, fmt.Sprintf("unknown command: %s %s", cmd.CommandPath(), args[0]), hint}
}

// nearest returns the command with the fewest typos, or one that name begins; "" if there is none.
func nearest(cmd *cobra.Command, name string) string {
	for cmd.SuggestionsMinimumDistance = 1; cmd.SuggestionsMinimumDistance <= typo; cmd.SuggestionsMinimumDistance++ {
		if found := cmd.SuggestionsFor(name); len(found) > 0 {
			return found[0]
		}
	}
	return ""
}

// wrongFlag is an error of usage.
func wrongFlag(cmd *cobra.Command, err error) error {
	return &userError{ipc.Usage, err.Error(), "see: " + cmd.CommandPath() + " --help"}
}

// newHelpCmd is cobra's, except that help on what is not there is an error of usage.
func newHelpCmd() *cobra.Command {
	return &cobra.Command{
		Use: "help [COMMAND…]", Short: "Help about any command",
		RunE: func(cmd *cobra.Command, args []string) error {
			of, rest, err := cmd.Root().Find(args)
			if err != nil {
				return &userError{ipc.Usage, err.Error(), "see: " + cmd.Root().CommandPath() + " --help"}
			}
			if err := noSuchCommand(of, rest); err != nil {
				return err
			}
			of.InitDefaultHelpFlag()
			return of.Help()
		},
	}
}
