// Package cli holds credd's commands: what they read, and all that they print.
package cli

import (
	"context"

	"github.com/spf13/cobra"

	"credd/internal/ipc"
	"credd/internal/paths"
)

// Run runs a command and returns its exit code.
func Run(ctx context.Context, args []string, s *Streams) int {
	root := newRootCmd(s)
	root.SetArgs(args)
	root.SetIn(s.In)
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	return s.fail(root.ExecuteContext(ctx))
}

func newRootCmd(s *Streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "credd",
		Short: "Short-lived AWS credentials for the roles of many accounts",
		Long: `credd holds the roles of many AWS accounts, assumes them when asked, and keeps their sessions in memory.
credhelper brings them to the AWS CLI and SDKs, as credential_process in ~/.aws/config.`,
		Example:       "  credd role add acme/admin --arn arn:aws:iam::012345678901:role/Admin --external-id-stdin\n  credd status",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noSuchCommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.CompletionOptions.DisableDefaultCmd = true
	root.SuggestionsMinimumDistance = 2
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return usage(cmd, "%s", err) })
	root.AddCommand(
		newServeCmd(s), newStatusCmd(s), newReloadCmd(s), newRefreshCmd(s), newForgetCmd(s),
		newSourceCmd(s), newCustomerCmd(s), newRoleCmd(s), newAuditCmd(s), newVersionCmd(s),
	)
	return root
}

// group is a command that only holds others. Its first one is the example.
func group(use, short string, of ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use: use, Short: short, Example: of[0].Example, Args: noSuchCommand, SuggestionsMinimumDistance: 2,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return usage(cmd, "%s needs a command", cmd.CommandPath())
		},
	}
	cmd.AddCommand(of...)
	return cmd
}

// locations are the files that commands use.
type locations struct{ config, socket, audit, aws string }

func locate() (l locations, err error) {
	for _, p := range []struct {
		to  *string
		ask func() (string, error)
	}{{&l.config, paths.Config}, {&l.socket, paths.Socket}, {&l.audit, paths.Audit}, {&l.aws, paths.AWS}} {
		if *p.to, err = p.ask(); err != nil {
			return l, &userError{ipc.Usage, err.Error(), ""}
		}
	}
	return l, nil
}
