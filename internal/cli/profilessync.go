package cli

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"credd/internal/ipc"
)

func newProfilesSyncCmd(s *Streams) *cobra.Command {
	var dryRun, stdout bool
	cmd := &cobra.Command{
		Use: "sync", Short: "Write the profiles of all roles", Args: cobra.NoArgs,
		Long: `Write the profiles of all roles into credd's block of ~/.aws/config, and take out those of roles that are gone. A profile of yours is
never changed: if it has the name of a role's, it is told and left.`,
		Example: "  credd profiles sync\n  credd profiles sync --dry-run\n  credd profiles sync --stdout > profiles.ini",
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			where, err := s.locate()
			if err != nil {
				return err
			}
			switch {
			case dryRun && stdout:
				return &userError{ipc.Usage, "--dry-run and --stdout exclude each other", ""}
			case stdout:
				return s.printProfiles(ctx, where)
			case dryRun:
				return s.planProfiles(ctx, where)
			}
			return s.syncProfiles(ctx, where)
		},
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "say what would change")
	cmd.Flags().BoolVar(&stdout, "stdout", false, "print the profiles, for a config that another program makes")
	return cmd
}

// printProfiles prints the profiles as they would stand in a file, for programs: nothing is filtered.
func (s *Streams) printProfiles(ctx context.Context, where locations) error {
	w, err := s.wishes(ctx, where, nil)
	if err != nil {
		return err
	}
	_, err = io.WriteString(s.Out, w.Text())
	return err
}

func (s *Streams) planProfiles(ctx context.Context, where locations) error {
	w, f, err := s.profiles(ctx, where)
	if err != nil {
		return err
	}
	p, err := w.Sync(f)
	if err != nil {
		return err
	}
	s.note("nothing is written; this would be done:")
	return s.synced(w, f, p)
}
