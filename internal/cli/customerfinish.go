package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"credd/internal/agent/api"
	"credd/internal/agent/roster"
	"credd/internal/customer/invite"
	"credd/internal/customer/verify"
	"credd/internal/ipc"
)

// finish are the flags of credd customer finish-setup.
type finish struct {
	role          string
	check, asJSON bool
}

func newCustomerFinishCmd(s *Streams) *cobra.Command {
	var a finish
	cmd := &cobra.Command{
		Use: "finish-setup CUSTOMER", Short: "Print how a customer ends the setup permissions; check it", Args: cobra.ExactArgs(1),
		Long: `Print the commands by which the customer takes away what a role had for the setup only, to send to them: one of them, as they
have deployed it. The role and its external ID stay.

--check asks AWS whether they are gone. That is visible from outside only where the role may look at itself (invite --self-check).
Exit codes of --check: 0 gone, 6 still there or the role does not work, 7 cannot be told.`,
		Example: `  credd customer finish-setup acme > for-acme.txt
  credd customer finish-setup acme --role deploy
  credd customer finish-setup acme --check`,
		RunE: func(cmd *cobra.Command, args []string) error {
			where, err := s.locate()
			if err != nil {
				return err
			}
			t, role, err := setupOf(roster.Load(where.config, nil), where, args[0], a.role)
			if err != nil {
				return err
			}
			if a.check {
				return s.checkSetup(cmd.Context(), role.Name, a.asJSON)
			}
			if a.asJSON {
				return printJSON(s.Out, commandsJSON(t.FinishSetup()))
			}
			s.say("# %s: this ends the permissions that were for the setup only; the rest stays as it is.", role.Name)
			s.say("# Run what fits the way in which the role was deployed in account %s; Terraform and scripts in the folder that came with", t.AccountID)
			s.say("# the invitation.")
			s.commandLines(commandsJSON(t.FinishSetup()))
			s.note("")
			s.note("send that to the customer; once they have run it: %s", s.mine("credd customer finish-setup "+t.Customer+" --role "+t.Role+" --check"))
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&a.role, "role", "", "the role, if more than one has a setup")
	f.BoolVar(&a.check, "check", false, "ask AWS whether the setup permissions are gone")
	f.BoolVar(&a.asJSON, "json", false, "print JSON")
	return cmd
}

// setupOf is the invitation with a setup that a person means.
func setupOf(now *roster.Roster, where locations, key, name string) (*invite.Terms, *roster.Role, error) {
	if name == "" {
		all, err := invitations(now, where, key)
		if err != nil {
			return nil, nil, err
		}
		var with []string
		for _, t := range all {
			if t.Setup != nil {
				with = append(with, t.Role)
			}
		}
		switch {
		case len(with) == 1:
			name = with[0]
		case len(with) == 0 && len(all) > 1:
			return nil, nil, missing("no role of "+key+" was invited with permissions for a setup: there is nothing to end", "what they may do: credd customer show "+key)
		case len(with) > 1:
			return nil, nil, missing(key+" has "+count(len(with), "role")+" with a setup", "name one: --role "+strings.Join(with, ", --role "))
		}
	}
	t, role, err := invitationOf(now, where, key, name)
	if err == nil && t.Setup == nil {
		err = missing(role.Name+" was invited without permissions for a setup: there is nothing to end", "what it may do: credd customer invite "+key+" --role "+t.Role+" --again --dry-run")
	}
	return t, role, err
}

// setupCheck is the ID of the check that is about them.
const setupCheck = "setup"

// checkSetup verifies the role, and tells what that says of its setup.
func (s *Streams) checkSetup(ctx context.Context, name string, asJSON bool) error {
	var v api.Verified
	err := s.talk(ctx, api.Request{Do: api.DoVerify, Name: name}, &v, func(e api.Event) { s.note("%s", e.Notice) })
	if err != nil {
		return err
	}
	found := verify.Check{ID: setupCheck, Outcome: verify.Unknown, Text: "whether setup permissions are still on: not visible from outside"}
	var result verify.Result
	for _, r := range v.Roles {
		if r.Role == name {
			result = r
		}
	}
	for _, c := range result.Checks {
		if c.ID == setupCheck {
			found = c
		}
	}
	if asJSON {
		if err := printJSON(s.Out, found); err != nil {
			return err
		}
	}
	switch {
	case found.Outcome == verify.OK && asJSON:
		return nil
	case found.Outcome == verify.OK:
		return s.say("%s: the setup permissions are gone", name)
	case found.Outcome == verify.Note || found.Outcome == verify.Failed:
		customer, role, _ := strings.Cut(name, "/")
		return &userError{ipc.Denied, name + ": " + found.Text, "what the customer is to run is printed by: credd customer finish-setup " + customer + " --role " + role}
	case !result.Verdict.Passed() && result.Verdict != "" && result.Verdict != verify.Inconclusive:
		return &userError{ipc.Denied, name + ": " + result.Summary, result.Hint}
	case result.Verdict == verify.Inconclusive:
		return &userError{ipc.Unreachable, name + ": " + result.Summary, result.Hint}
	}
	return &userError{ipc.Unreachable, name + ": " + found.Text, "ask the customer; credd can look at roles that were invited with --self-check"}
}
