package cli

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"credd/internal/agent/roster"
	"credd/internal/customer"
	"credd/internal/customer/invite"
	"credd/internal/ipc"
)

// inviteAgain writes the folder of an invitation once more. The terms are those that were kept.
func (s *Streams) inviteAgain(ctx context.Context, where locations, key string, a *invitation, cmd *cobra.Command) error {
	var others []string
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if !slices.Contains([]string{"again", "role", "out", "json", "dry-run", systemFlag}, f.Name) {
			others = append(others, "--"+f.Name)
		}
	})
	if len(others) > 0 {
		return missing("--again writes an invitation as it was, without "+strings.Join(others, ", "),
			"for other terms: credd role remove "+key+"/ROLE, then invite it anew; the external ID stays, and the customer updates the stack")
	}
	now := roster.Load(where.config, nil)
	t, role, err := invitationOf(now, where, key, a.role)
	if err != nil {
		return err
	}
	if role.ARN != t.RoleARN() {
		return missing(role.Name+" is another role now: its arn is not the one that the customer was asked for", "put back arn = \""+t.RoleARN()+"\" in "+role.File+", or send the customer what you agreed upon by hand")
	}
	if role.ExternalID.IsZero() {
		return missing(role.Name+" has no external ID any more", "put external_id back into "+role.File+"; the customer has it, as a parameter of the stack")
	}
	if us := now.Settings.Service.AccountID; us != t.ServiceAccount {
		s.warn("the invitation asks to trust account "+t.ServiceAccount+", and [service] account_id is "+cmp.Or(us, "not set")+" now",
			"if that is right, invite "+role.Name+" anew: credd role remove "+role.Name+", then credd customer invite "+key)
	}
	all, err := invitations(now, where, key)
	if err != nil {
		return err
	}
	v := &invited{terms: t, id: role.ExternalID, file: role.File}
	if v.out, err = a.outOf(key, t.Role, len(all) > 1); err != nil {
		return err
	}
	if v.files, err = t.Folder(v.id); err != nil {
		return asUsage(err)
	}
	if err := vacant(v.out); err != nil {
		return err
	}
	if !a.dryRun {
		s.warnOfRoot()
		if err := makeFolder(v.out, v.files); err != nil {
			return err
		}
	}
	if a.asJSON || a.dryRun {
		return s.showInvitation(v, a.asJSON)
	}
	return s.tellInvited(ctx, where, v)
}

// invitations are those of the roles that a customer has now.
func invitations(now *roster.Roster, where locations, key string) ([]invite.Terms, error) {
	if _, err := now.FindCustomer(key); err != nil {
		return nil, err
	}
	all, err := customer.Invitations(where.state, key)
	if err != nil {
		return nil, asUsage(err)
	}
	return slices.DeleteFunc(all, func(t invite.Terms) bool {
		_, err := now.Role(key + "/" + t.Role)
		return errors.Is(err, roster.ErrUnknownRole)
	}), nil
}

// invitationOf finds the invitation that a person means: that of a role, or the customer's only one.
func invitationOf(now *roster.Roster, where locations, key, name string) (*invite.Terms, *roster.Role, error) {
	all, err := invitations(now, where, key)
	if err != nil {
		return nil, nil, err
	}
	name = strings.TrimPrefix(name, key+"/")
	var names []string
	for _, t := range all {
		names = append(names, t.Role)
	}
	switch i := slices.Index(names, name); {
	case i >= 0:
		role, err := now.Role(key + "/" + name)
		return &all[i], role, err
	case name == "" && len(all) == 1:
		role, err := now.Role(key + "/" + names[0])
		return &all[0], role, err
	case name == "" && len(all) > 1:
		return nil, nil, missing(key+" has "+count(len(all), "invitation"), "name one: --role "+strings.Join(names, ", --role "))
	}
	return nil, nil, notInvited(now, key, name, names)
}

func notInvited(now *roster.Roster, key, name string, others []string) error {
	what := key
	if name != "" {
		what += "/" + name
		if _, err := now.Role(what); err != nil {
			return err
		}
	}
	hint := "its roles were set up in another way; see: credd customer show " + key
	if len(others) > 0 {
		hint = "roles with an invitation: " + strings.Join(others, ", ")
	}
	return &userError{ipc.Usage, what + " was not invited by credd", hint}
}
