package cli

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"credd/internal/awsconfig"
)

func newProfilesListCmd(s *Streams) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "list", Short: "List the profiles that lead to roles", Args: cobra.NoArgs,
		Long: `List the profiles that lead to roles, yours and those of credd's block, and those that sync would write. States:

  managed   in the block, as it is to be
  missing   sync writes it
  outdated  sync changes it
  leftover  sync takes it out: its role is gone
  yours     written by hand
  clash     not written, as a profile of yours has the name; sync says more`,
		Example: "  credd profiles list\n  credd profiles list --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			where, err := s.locate()
			if err != nil {
				return err
			}
			w, f, err := s.profiles(cmd.Context(), where)
			if err != nil {
				return err
			}
			all, err := listed(w, f)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(s.Out, all)
			}
			var rows [][]string
			for _, p := range all {
				at := "-"
				if p.File != "" {
					at = fmt.Sprintf("%s:%d", p.File, p.Line)
				}
				rows = append(rows, []string{p.Profile, p.Role, p.State, at})
			}
			return table(s.Out, []string{"PROFILE", "ROLE", "STATE", "WHERE"}, rows)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// profileJSON is a profile with where it is now, if it is anywhere.
type profileJSON struct {
	Profile string `json:"profile"`
	Role    string `json:"role"`
	State   string `json:"state"`
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
}

func listed(w awsconfig.Wish, f *awsconfig.Files) ([]profileJSON, error) {
	plan, err := w.Sync(f)
	if err != nil {
		return nil, err
	}
	managed, err := f.Managed()
	if err != nil {
		return nil, err
	}
	all := []profileJSON{}
	profiles := f.Profiles()
	seen := map[string]bool{}
	add := func(name, role, state string) {
		j := profileJSON{Profile: name, Role: role, State: state}
		if p := profiles[name]; p != nil {
			j.File, j.Line = placeOf(f, p)
		}
		all = append(all, j)
		seen[name] = true
	}
	for _, c := range plan.Clashes {
		add(c.Name, c.Role, "clash")
	}
	for state, names := range map[string][]string{"missing": plan.Added, "outdated": plan.Changed, "managed": plan.Kept} {
		for _, name := range names {
			add(name, plan.Roles[name], state)
		}
	}
	for _, name := range plan.Removed {
		if !seen[name] {
			add(name, managed[name], "leftover")
		}
	}
	for role, names := range f.Leading() {
		for _, name := range names {
			if !seen[name] {
				add(name, role, "yours")
			}
		}
	}
	slices.SortFunc(all, func(a, b profileJSON) int {
		return cmp.Or(cmp.Compare(a.Role, b.Role), cmp.Compare(a.Profile, b.Profile), cmp.Compare(a.State, b.State))
	})
	return all, nil
}

// placeOf is where a profile begins.
func placeOf(f *awsconfig.Files, p *awsconfig.Named) (file string, line int) {
	if len(p.Config) > 0 {
		return f.Place.Config, p.Config[0].Line
	}
	return f.Place.Credentials, p.Credentials[0].Line
}
