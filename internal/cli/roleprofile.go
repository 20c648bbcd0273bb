package cli

import (
	"os"
	"path/filepath"
	"runtime"

	"github.com/spf13/cobra"

	"credd/internal/agent/roster"
	"credd/internal/ipc"
)

// profile prints the lines for ~/.aws/config of a role that was added.
func (s *Streams) profile(config, name string) error {
	r, err := roster.Load(config, nil).Role(name)
	if err != nil {
		return err
	}
	s.say("\nput this into ~/.aws/config (again: credd role profile %s):\n", name)
	if err := s.block(r); err != nil {
		return err
	}
	if r.Region == "" {
		s.note("no region: the AWS CLI asks for one; give it by --region here or by [defaults] region in credd.toml")
	}
	return nil
}

// block is a role's profile.
func (s *Streams) block(r *roster.Role) error {
	helper, err := helperPath()
	if err != nil {
		return err
	}
	s.say("[profile %s]\ncredential_process = \"%s\" %s", r.Name, helper, r.Name)
	if r.Region != "" {
		s.say("region = %s", r.Region)
	}
	return nil
}

func newRoleProfileCmd(s *Streams) *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use: "profile ROLE|CUSTOMER", Short: "Print the profiles of roles for ~/.aws/config", Args: cobra.MaximumNArgs(1),
		Example: "  credd role profile acme >> ~/.aws/config\n  credd role profile --all",
		RunE: func(cmd *cobra.Command, args []string) error {
			if all == (len(args) == 1) {
				return &userError{ipc.Usage, "name a role, a customer, or --all", "see: credd role profile --help"}
			}
			v, err := s.look(cmd.Context())
			if err != nil {
				return err
			}
			n := 0
			for _, r := range v.roster.Roles() {
				if !all && r.Name != args[0] && r.Customer.Key != args[0] {
					continue
				}
				if n++; n > 1 {
					s.say("")
				}
				if err := s.block(r); err != nil {
					return err
				}
			}
			if n == 0 && !all {
				_, err := v.roster.Role(args[0])
				return err
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "of all roles")
	return cmd
}

// helperPath is the credhelper beside this credd. It stands in double quotes, which every SDK takes.
func helperPath() (string, error) {
	exe, err := os.Executable()
	if err != nil {
		return "", err
	}
	if exe, err = filepath.EvalSymlinks(exe); err != nil {
		return "", err
	}
	name := "credhelper"
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return filepath.Join(filepath.Dir(exe), name), nil
}
