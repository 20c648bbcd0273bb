package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"credd/internal/agent/api"
	"credd/internal/customer"
	"credd/internal/customer/verify"
	"credd/internal/ipc"
)

func newCustomerVerifyCmd(s *Streams) *cobra.Command {
	var role string
	var all, asJSON bool
	cmd := &cobra.Command{
		Use: "verify [CUSTOMER|ROLE]", Short: "Prove that roles work, and only with their external ID", Args: cobra.MaximumNArgs(1),
		Long: `Prove a customer's roles. Each is asked for with its external ID, without one, with another one, and with its own again: the right
one has to work and to give a session of that account and role, and the others have to be denied. A request that should be denied
carries a session policy that denies everything, so that a role which is open gives a session that can do nothing.

AWS may take a minute to spread a change: an answer that should be otherwise is asked for again until that time is over. AWS does
not say why it denies a request, and whom a trust policy lets in is not visible from outside, unless the role may look at itself. With --all those roles that are verified are only counted.

The signs: ✓ was tested and is well, ! is worth knowing, ✗ is wrong, ? could not be found out.

The exit code is 0 if all are verified; 6 if one is open, denied, of another account or role, or lets in others too; else 7 if one could not be found
out; else 2 if one has no external ID. It is 5, and nothing was tried, if a login or a code is needed first.`,
		Example: "  credd customer verify acme\n  credd customer verify acme --role readonly --json\n  credd customer verify --all",
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := toVerify(args, role, all)
			if err != nil {
				return err
			}
			return s.verify(cmd.Context(), r, asJSON)
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "the roles of all customers")
	cmd.Flags().StringVar(&role, "role", "", "only this role of the customer")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// toVerify is the request that the arguments mean.
func toVerify(args []string, role string, all bool) (api.Request, error) {
	switch {
	case all && (len(args) > 0 || role != ""):
		return api.Request{}, &userError{ipc.Usage, "--all is all roles of all customers", "leave --all out, or the name"}
	case all:
		return api.Request{Do: api.DoVerify, All: true}, nil
	case len(args) == 0:
		return api.Request{}, &userError{ipc.Usage, "a customer or a role is needed", "all of them: credd customer verify --all; one: credd customer list"}
	}
	name, err := roleToVerify(args[0], role)
	return api.Request{Do: api.DoVerify, Name: name}, err
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

func (s *Streams) verify(ctx context.Context, req api.Request, asJSON bool) error {
	var v api.Verified
	hear := func(e api.Event) {
		if e.Notice != "" {
			s.note("%s", e.Notice)
		}
	}
	err := s.talk(ctx, req, &v, hear)
	if err != nil {
		return err
	}
	switch {
	case asJSON:
		err = printJSON(s.Out, v.Roles)
	case req.All:
		err = s.verifiedAll(v.Roles)
	default:
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
		s.say("  hint: %s", s.mine(r.Hint))
	}
}

// verifiedAll prints what is known of the roles that are not verified, and how many there are of each verdict.
func (s *Streams) verifiedAll(all []verify.Result) error {
	number, first := map[verify.Verdict]int{}, []verify.Verdict{}
	for _, r := range all {
		if number[r.Verdict]++; number[r.Verdict] == 1 {
			first = append(first, r.Verdict)
		}
		if r.Verdict != verify.Verified {
			s.verified(r)
			s.say("")
		}
	}
	slices.SortStableFunc(first, func(a, b verify.Verdict) int {
		return rank(customer.Standing{Word: string(a)}) - rank(customer.Standing{Word: string(b)})
	})
	var words []string
	for _, v := range first {
		words = append(words, fmt.Sprint(number[v], " ", v))
	}
	return s.say("%s: %s", count(len(all), "role"), strings.Join(words, ", "))
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
