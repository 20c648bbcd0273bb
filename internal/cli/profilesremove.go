package cli

import (
	"github.com/spf13/cobra"

	"credd/internal/agent/roster"
	"credd/internal/awsconfig"
	"credd/internal/ipc"
)

func newProfilesRemoveCmd(s *Streams) *cobra.Command {
	return &cobra.Command{
		Use: "remove", Short: "Take credd's block out of ~/.aws/config", Args: cobra.NoArgs,
		Long:    "Take credd's block out of ~/.aws/config. What you wrote yourself stays, also what you wrote into the block.",
		Example: "  credd profiles remove",
		RunE: func(*cobra.Command, []string) error {
			where, err := s.locate()
			if err != nil {
				return err
			}
			if roster.Load(where.config, nil).Settings.Profiles.Sync {
				return &userError{ipc.Usage, "[profiles] sync is on in credd.toml: the daemon would write them again", "set sync = false there, then: credd profiles remove"}
			}
			f, err := awsconfig.Read(awsconfig.InEnvironment(where.aws))
			if err != nil {
				return err
			}
			s.warnOfRoot()
			p, err := awsconfig.Wish{}.Write(f)
			if err != nil {
				return err
			}
			s.aboutPlan(f, p)
			if len(p.Removed) == 0 {
				return s.say("%s: no profiles of credd", f.Place.Config)
			}
			return s.say("%s: removed %s", f.Place.Config, count(len(p.Removed), "profile"))
		},
	}
}
