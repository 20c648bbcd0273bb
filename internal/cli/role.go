package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"credd/internal/agent/api"
	"credd/internal/agent/cred"
	"credd/internal/agent/roster"
	"credd/internal/ipc"
	"credd/internal/ipc/socket"
)

func newRoleCmd(s *Streams) *cobra.Command {
	return group("role", "Look at roles, add and remove them", newRoleAddCmd(s), newRoleListCmd(s), newRoleShowCmd(s), newRoleRemoveCmd(s))
}

func newRoleListCmd(s *Streams) *cobra.Command {
	var asJSON, showID bool
	cmd := &cobra.Command{
		Use: "list", Short: "List roles", Example: "  credd role list\n  credd role list --json", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			v, err := s.look(cmd.Context())
			if err != nil {
				return err
			}
			all := []roleJSON{}
			var names []string
			for _, r := range v.roster.Roles() {
				all = append(all, v.role(r, showID))
				names = append(names, r.Name)
			}
			if asJSON {
				return printJSON(s.Out, all)
			}
			return s.roles(v, names, showID)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVar(&showID, "show-external-id", false, "print the external IDs too")
	return cmd
}

func newRoleShowCmd(s *Streams) *cobra.Command {
	var asJSON, showID bool
	cmd := &cobra.Command{
		Use: "show ROLE", Short: "Show a role with its defaults applied", Example: "  credd role show acme/admin", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			v, err := s.look(cmd.Context())
			if err != nil {
				return err
			}
			r, err := v.roster.Role(args[0])
			if err != nil {
				return err
			}
			j := v.role(r, showID)
			if asJSON {
				return printJSON(s.Out, j)
			}
			return s.role(j)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVar(&showID, "show-external-id", false, "print the external ID too")
	return cmd
}

func (s *Streams) role(j roleJSON) error {
	id := ""
	if j.HasExternalID != nil {
		id = map[bool]string{false: "none", true: "hidden; see --show-external-id"}[*j.HasExternalID]
	}
	if j.ExternalID != "" {
		id = j.ExternalID
	}
	var tags []string
	for _, k := range slices.Sorted(maps.Keys(j.Tags)) {
		tags = append(tags, k+"="+j.Tags[k])
	}
	pairs := []string{"role", j.Name, "arn", j.ARN, "account", j.AccountID, "environment", j.Environment, "source", j.Source,
		"external id", id, "duration", j.Duration, "session name", j.SessionName, "region", j.Region, "sts region", j.STSRegion,
		"policy", j.Policy, "policy arns", strings.Join(j.PolicyARNs, ", "), "tags", strings.Join(tags, ", "),
		"transitive tags", strings.Join(j.TransitiveTags, ", "), "source identity", j.SourceIdentity,
		"allow", allowText(j.Allow),
		"standing", j.Standing.Sentence, "", s.mine(j.Standing.Hint), "file", at(j.File, j.Line)}
	if j.Session != nil {
		pairs = append(pairs, "session", j.Session.AccessKeyID+" until "+j.Session.Expires.Local().Format("15:04:05"))
	}
	if j.Failing == nil && !j.LastWorked.IsZero() {
		pairs = append(pairs, "last worked", clock(j.LastWorked, time.Now()))
	}
	if j.Failing != nil {
		pairs = append(pairs, "failing", j.Failing.Message, "last worked", worked(*j.Failing, time.Now()), "hint", s.mine(j.Failing.Hint))
		for i, c := range j.Failing.Causes {
			pairs = append(pairs, []string{"may be", ""}[min(i, 1)], c)
		}
	}
	return facts(s.Out, pairs...)
}

// at is a place in a file, "" where none is known.
func at(file string, line int) string {
	if file == "" {
		return ""
	}
	return fmt.Sprintf("%s:%d", file, line)
}

func newRoleAddCmd(s *Streams) *cobra.Command {
	var n roster.NewRole
	var id string
	var idFromStdin, ownSession bool
	var allow allowed
	cmd := &cobra.Command{
		Use: "add CUSTOMER/ROLE --arn ARN", Short: "Add a role to its customer's file", Args: cobra.ExactArgs(1),
		Example: `  credd role add acme/admin --arn arn:aws:iam::012345678901:role/Admin --external-id-stdin < id
  credd role add acme/deploy --arn arn:aws:iam::012345678901:role/Deploy --source acme/admin
  credd role add initech/ops --own-session --source initech --account-id 112233445566
  sudo credd --system role add acme/admin --arn arn:aws:iam::012345678901:role/Admin --allow-group dev`,
		RunE: func(cmd *cobra.Command, args []string) error {
			n.Name = args[0]
			switch {
			case n.ARN == "" && !ownSession:
				return &userError{ipc.Usage, "--arn is needed", "see: credd role add --help"}
			case n.ARN != "" && ownSession:
				return &userError{ipc.Usage, "--arn and --own-session exclude each other", ""}
			case ownSession && n.Source == "":
				return &userError{ipc.Usage, "--own-session needs --source", "see: credd role add --help"}
			}
			given := cmd.Flags().Changed("external-id")
			if given && idFromStdin {
				return &userError{ipc.Usage, "--external-id and --external-id-stdin exclude each other", ""}
			}
			if given && strings.TrimSpace(id) == "" {
				return &userError{ipc.Usage, "--external-id is empty", "give the ID, or leave --external-id out if the role asks for none"}
			}
			if idFromStdin {
				var err error
				if id, err = s.readID(); err != nil {
					return err
				}
			}
			n.ExternalID = cred.NewSecret(id)
			var err error
			if n.Allow, err = s.allowOf(allow); err != nil {
				return err
			}
			where, err := s.locate()
			if err != nil {
				return err
			}
			file, err := roster.AddRole(where.config, n)
			if err != nil {
				return asUsage(err)
			}
			s.say("added %s to %s (unverified: it was not tried)", n.Name, file)
			s.tellAllow(cmd.Context(), where, n.Name)
			if err := s.reloadIfRunning(cmd.Context()); err != nil {
				s.warn("the daemon did not read the new role: "+err.Error(), "try: credd reload")
			}
			s.followProfiles(cmd.Context(), where)
			return nil
		},
	}
	f := cmd.Flags()
	allow.flags(f)
	f.BoolVar(&ownSession, "own-session", false, "no role to assume: hand out the source's own session (a customer who is still on keys)")
	f.StringVar(&n.AccountID, "account-id", "", "account of a new customer, with --own-session")
	f.StringVar(&n.ARN, "arn", "", "ARN of the role")
	f.StringVar(&id, "external-id", "", "external ID (other users see it in the process list while this runs: prefer --external-id-stdin)")
	f.BoolVar(&idFromStdin, "external-id-stdin", false, "read the external ID from stdin")
	f.StringVar(&n.Source, "source", "", "source, or another role (default: [defaults] source)")
	f.StringVar(&n.Duration, "duration", "", "session duration, 15m to 12h")
	f.StringVar(&n.Region, "region", "", "region of the profile")
	f.StringVar(&n.CustomerName, "customer-name", "", "name of a new customer, for people")
	f.StringVar(&n.Environment, "environment", "", "environment of a new customer, such as production")
	return cmd
}

// readID reads an external ID from stdin: its first line.
func (s *Streams) readID() (string, error) {
	if f, ok := s.In.(*os.File); ok && isTerminal(f) {
		io.WriteString(s.Err, "external ID: ")
	}
	text, err := bufio.NewReader(io.LimitReader(s.In, 4096)).ReadString('\n')
	if err != nil && err != io.EOF {
		return "", fmt.Errorf("read the external ID: %w", err)
	}
	id := strings.TrimSpace(text)
	if id == "" {
		return "", &userError{ipc.Usage, "stdin holds no external ID", "pipe it in, or leave --external-id-stdin out"}
	}
	return id, nil
}

// asUsage takes an error about what was asked for as one of usage. A file that cannot be written is not.
func asUsage(err error) error {
	var file *fs.PathError
	if e := sorted(err); e.code == ipc.Internal && !errors.As(err, &file) {
		return &userError{ipc.Usage, e.message, e.hint}
	}
	return err
}

// reloadIfRunning makes a change known to the daemon before the command ends.
func (s *Streams) reloadIfRunning(ctx context.Context) error {
	err := s.ask(ctx, api.Request{Do: api.DoReload}, &api.Reload{})
	if errors.Is(err, socket.ErrNoDaemon) {
		return nil
	}
	return err
}

func newRoleRemoveCmd(s *Streams) *cobra.Command {
	return &cobra.Command{
		Use: "remove ROLE", Short: "Remove a role from its customer's file", Example: "  credd role remove acme/admin", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			where, err := s.locate()
			if err != nil {
				return err
			}
			st, _, _ := s.liveStatus(cmd.Context())
			file, err := roster.RemoveRole(where.config, args[0])
			if err != nil {
				return asUsage(err)
			}
			s.say("removed %s from %s", args[0], file)
			for _, l := range st.Sessions {
				if l.Role == args[0] {
					s.say("credentials that were handed out live until %s", l.Expires.Local().Format("15:04:05"))
				}
			}
			if err := s.reloadIfRunning(cmd.Context()); err != nil {
				return err
			}
			s.followProfiles(cmd.Context(), where)
			return nil
		},
	}
}
