package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"credd/internal/agent/api"
	"credd/internal/customer/verify"
	"credd/internal/ipc"
)

func newCustomerVerifyCmd(s *Streams) *cobra.Command {
	var role string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "verify CUSTOMER|ROLE", Short: "Prove that roles work, and only with their external ID", Args: cobra.ExactArgs(1),
		Long: `Prove a customer's roles. Each is asked for with its external ID, without one, with another one, and with its own again: the right
one has to work and to give a session of that account and role, and the others have to be denied. A request that should be denied
carries a session policy that denies everything, so that a role which is open gives a session that can do nothing.

AWS may take a minute to spread a change: an answer that should be otherwise is asked for again until that time is over. AWS does
not say why it denies a request, and whom a trust policy lets in is not visible from outside, unless the role may look at itself.

The signs: ✓ was tested and is well, ! is worth knowing, ✗ is wrong, ? could not be found out.

The exit code is 0 if all are verified; 6 if one is open, denied, or of another account or role; else 7 if one could not be found
out; else 2 if one has no external ID.`,
		Example: "  credd customer verify acme\n  credd customer verify acme --role readonly --json",
		RunE: func(cmd *cobra.Command, args []string) error {
			name, err := roleToVerify(args[0], role)
			if err != nil {
				return err
			}
			return s.verify(cmd.Context(), name, asJSON)
		},
	}
	cmd.Flags().StringVar(&role, "role", "", "only this role of the customer")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// roleToVerify is a customer, or with a role of it that role.
func roleToVerify(name, role string) (string, error) {
	switch {
	case role == "":
		return name, nil
	case strings.Contains(name, "/"):
		return "", &userError{ipc.Usage, name + " is a role already", "leave out --role, or name the customer alone"}
	}
	return name + "/" + strings.TrimPrefix(role, name+"/"), nil
}

func (s *Streams) verify(ctx context.Context, name string, asJSON bool) error {
	var v api.Verified
	hear := func(e api.Event) {
		if e.Notice != "" {
			s.note("%s", e.Notice)
		}
	}
	err := s.talk(ctx, api.Request{Do: api.DoVerify, Name: name}, &v, hear)
	if err != nil {
		return err
	}
	if asJSON {
		err = printJSON(s.Out, v.Roles)
	} else {
		for i, r := range v.Roles {
			if i > 0 {
				s.say("")
			}
			s.verified(r)
		}
	}
	if code := verifiedCode(v.Roles); err == nil && code != ipc.OK {
		return exitStatus(code)
	}
	return err
}

// marks begin the lines of checks, as signs do those of doctor.
var marks = map[verify.Outcome]struct{ sign, color string }{
	verify.OK: {"✓", green}, verify.Note: {"!", yellow}, verify.Failed: {"✗", red}, verify.Unknown: {"?", yellow},
}

// verified prints what is known of a role.
func (s *Streams) verified(r verify.Result) {
	color := map[verify.Verdict]string{verify.Verified: green, verify.NoExternalID: yellow, verify.Inconclusive: yellow}[r.Verdict]
	if color == "" {
		color = red
	}
	s.say("%s: %s: %s", r.Role, s.paint(color, string(r.Verdict)), r.Summary)
	for _, c := range r.Checks {
		m := marks[c.Outcome]
		s.say("%s %s", s.paint(m.color, m.sign), c.Text)
	}
	if r.Hint != "" {
		s.say("  hint: %s", r.Hint)
	}
}

// verifiedCode is the exit code: that of the worst verdict.
func verifiedCode(all []verify.Result) ipc.Code {
	codes := map[verify.Verdict]ipc.Code{verify.Verified: ipc.OK, verify.NoExternalID: ipc.Usage, verify.Inconclusive: ipc.Unreachable}
	worst := ipc.OK
	for _, r := range all {
		code, known := codes[r.Verdict]
		if !known {
			return ipc.Denied
		}
		worst = max(worst, code)
	}
	return worst
}
