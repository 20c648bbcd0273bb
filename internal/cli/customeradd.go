package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"credd/internal/agent/api"
	"credd/internal/agent/roster"
	"credd/internal/ipc"
)

// customerAdd are the flags of credd customer add.
type customerAdd struct {
	from     string
	accounts []string
	roles    []string
	all      bool
	dryRun   bool
	region   string // of the roles' profiles
	allow    allowed
	guided   bool // what comes next is told by whoever asked for this
}

func newCustomerAddCmd(s *Streams) *cobra.Command {
	var a customerAdd
	cmd := &cobra.Command{
		Use: "add --from-sso SOURCE", Short: "Add the accounts of an IAM Identity Center login as customers", Args: cobra.NoArgs,
		Long: `Add the accounts that an IAM Identity Center login may use as customers, each with its permission sets as roles, so that nobody
types ARNs. Each role gets a source of its own with the login of SOURCE. What is there already stays as it is.`,
		Example: `  credd customer add --from-sso work --dry-run
  credd customer add --from-sso work --account 012345678901 --role ReadOnly
  credd customer add --from-sso work --all`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if a.from == "" {
				return &userError{ipc.Usage, "--from-sso is needed", "see: credd customer add --help; a customer with a role ARN is added by: credd role add"}
			}
			return s.addCustomers(cmd.Context(), &a)
		},
	}
	f := cmd.Flags()
	a.allow.flags(f)
	f.StringVar(&a.from, "from-sso", "", "a source of type sso")
	f.StringArrayVar(&a.accounts, "account", nil, "only this account (more than once for more)")
	f.StringArrayVar(&a.roles, "role", nil, "only this permission set (more than once for more)")
	f.BoolVar(&a.all, "all", false, "add all without asking")
	f.BoolVar(&a.dryRun, "dry-run", false, "show what would be added")
	return cmd
}

// found is a role that a login may use.
type found struct {
	role    roster.NewRole
	source  roster.Source
	known   bool            // it is there already
	problem *roster.Problem // why it cannot be seen whether it is
}

// state is how a found role stands in a table.
func (f *found) state() string {
	switch {
	case f.problem != nil:
		return f.problem.Error()
	case f.known:
		return "there already"
	}
	return "new"
}

func (s *Streams) addCustomers(ctx context.Context, a *customerAdd) error {
	where, err := s.locate()
	if err != nil {
		return err
	}
	allow, err := s.allowOf(a.allow)
	if err != nil {
		return err
	}
	now := roster.Load(where.config, nil)
	login, err := now.FindSource(a.from)
	if err != nil {
		return err
	}
	listed, err := s.accounts(ctx, api.Request{Do: api.DoAccounts, Name: a.from})
	if err != nil {
		return err
	}
	all, skipped := a.choose(now, login, listed.Accounts)
	for _, why := range skipped {
		s.warn(why.message, why.hint)
	}
	var fresh []found
	var rows [][]string
	for _, f := range all {
		f.role.Allow = allow
		if f.state() == "new" {
			fresh = append(fresh, f)
		}
		rows = append(rows, []string{f.role.Name, f.role.AccountID, f.role.CustomerName, f.state()})
	}
	if len(rows) == 0 && len(skipped) > 0 {
		return &userError{ipc.Usage, "there is no other role to add", ""}
	}
	if len(rows) == 0 {
		return &userError{ipc.UnknownRole, "the login has no such account and role", "see what it has: credd customer add --from-sso " + a.from + " --dry-run"}
	}
	if err := table(s.Out, []string{"ROLE", "ACCOUNT", "NAME", ""}, rows); err != nil {
		return err
	}
	if a.dryRun || len(fresh) == 0 {
		return nil
	}
	if !a.all && len(a.accounts) == 0 {
		none := &userError{ipc.Usage, "there is no terminal to ask at", "say --all, or name them by --account"}
		if err := confirm("add the "+count(len(fresh), "new role"), none); err != nil {
			return err
		}
	}
	if err := s.write(ctx, where, now, fresh); err != nil || a.guided {
		return err
	}
	s.tellAllow(ctx, where, fresh[0].role.Name)
	s.followProfiles(ctx, where)
	return s.say("try one: %s", s.mine("credd source test "+fresh[0].role.Name))
}

// choose makes customers and roles of accounts and permission sets. It tells of those that cannot be one.
func (a *customerAdd) choose(now *roster.Roster, login *roster.Source, accounts []api.Account) (out []found, skipped []*userError) {
	names := newNames(now)
	for _, acc := range accounts {
		if len(a.accounts) > 0 && !slices.Contains(a.accounts, acc.ID) {
			continue
		}
		customer := names.of(acc)
		for _, role := range acc.Roles {
			if len(a.roles) > 0 && !slices.Contains(a.roles, role) {
				continue
			}
			f := newFound(login, customer, acc, role)
			f.role.Region = a.region
			if why := f.unfit(); why != nil {
				skipped = append(skipped, why)
				continue
			}
			var p roster.Problem
			_, err := now.Role(f.role.Name)
			if f.known = err == nil; errors.As(err, &p) {
				f.problem = &p
			}
			out = append(out, f)
		}
	}
	return out, skipped
}

func newFound(login *roster.Source, customer string, acc api.Account, role string) found {
	src := roster.Source{
		Name: login.Name + "." + customer + "." + role, Type: "sso", StartURL: login.StartURL, SSORegion: login.SSORegion,
		SSOSession: login.SSOSession, AccountID: acc.ID, RoleName: role, Region: login.Region,
	}
	return found{source: src, role: roster.NewRole{Name: customer + "/" + role, Source: src.Name, CustomerName: printable(acc.Name), AccountID: acc.ID}}
}

// unfit says why there can be no such role. AWS allows other names than credd does.
func (f *found) unfit() *userError {
	of := fmt.Sprintf("permission set %s of account %s is skipped: ", f.source.RoleName, f.role.AccountID)
	switch {
	case !roster.CanBeRole(f.role.Name):
		return &userError{ipc.Usage, of + f.role.Name + " cannot be the name of a role", "write it by hand, with another name: see docs/configuration.md"}
	case !roster.CanBeSource(f.source.Name):
		return &userError{ipc.Usage, of + f.source.Name + " cannot be the name of its source", "names have up to 128 bytes: log in by a source with a shorter one"}
	}
	return nil
}

// naming gives each account a customer's key.
type naming struct {
	byAccount map[string]string
	taken     map[string]bool
}

func newNames(now *roster.Roster) *naming {
	n := &naming{map[string]string{}, map[string]bool{}}
	for _, c := range now.Customers() {
		n.taken[c.Key] = true
		if c.AccountID != "" {
			n.byAccount[c.AccountID] = c.Key
		}
	}
	return n
}

// of is the account's name as a key, with its ID where two would be the same. A customer that has the account keeps its key.
func (n *naming) of(acc api.Account) string {
	if key, ok := n.byAccount[acc.ID]; ok {
		return key
	}
	key := slug(acc.Name)
	if key == "" {
		key = acc.ID
	} else if n.taken[key] {
		key += "-" + acc.ID
	}
	n.taken[key], n.byAccount[acc.ID] = true, key
	return key
}

// slug writes a name in small letters, digits and single hyphens.
func slug(name string) string {
	const most = 60
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	key := strings.Join(words, "-")
	return strings.Trim(key[:min(len(key), most)], "-")
}

// write adds the sources first: a role without its source would be broken, a source without a role is only unused.
func (s *Streams) write(ctx context.Context, where locations, now *roster.Roster, fresh []found) error {
	var sources []roster.Source
	for _, f := range fresh {
		if _, there := now.Source(f.source.Name); !there {
			sources = append(sources, f.source)
		}
	}
	if len(sources) > 0 {
		if _, err := roster.AddSources(where.config, sources...); err != nil {
			return asUsage(err)
		}
	}
	for i, f := range fresh {
		if _, err := roster.AddRole(where.config, f.role); err != nil {
			s.warn(fmt.Sprintf("added %s of %d before this", count(i, "role"), len(fresh)), "run it again when it is mended: what is there stays")
			return asUsage(err)
		}
	}
	s.say("added %s", count(len(fresh), "role"))
	if err := s.reloadIfRunning(ctx); err != nil {
		e := sorted(err)
		s.warn("the daemon did not take it: "+e.message, e.hint)
	}
	return nil
}
