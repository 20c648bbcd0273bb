package verify

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"credd/internal/agent/cred"
	"credd/internal/customer/invite"
)

// mostNamed is how many actions a sentence names.
const mostNamed = 4

// look lets the role look at itself, where the customer allows that, and finds out how long sessions may be.
func (r *run) look(ctx context.Context) {
	if r.proof.who == other || ctx.Err() != nil {
		return
	}
	t := r.Assume(ctx, Try{What: "right external ID, to look at the role", Good: true, ID: r.role.ExternalID, Duration: shortest, Policy: lookOnly})
	if t.Answer != Granted {
		r.unseen("not tried: " + t.says(true))
		r.longest(ctx, nil)
		return
	}
	self, err := r.Look(ctx, t.Session)
	if err != nil {
		r.unseen(r.why(err))
		r.longest(ctx, nil)
		return
	}
	o, text := readTrust(self.Trust, parse(r.role.Us).account, parse(r.role.ARN).account, r.role.ExternalID)
	if o == Failed {
		r.doubt = text
	}
	r.check("trust", o, "%s", text)
	r.setup(ctx, t.Session)
	r.permissions(ctx, t.Session)
	r.longest(ctx, &self)
}

// why says why something is not seen.
func (r *run) why(err error) string {
	if !errors.Is(err, ErrUnseen) {
		return err.Error()
	}
	if r.role.SelfCheck {
		return ErrUnseen.Error() + ": the role may not look at itself, though the invitation asked for that"
	}
	return ErrUnseen.Error()
}

func (r *run) unseen(why string) {
	r.check("trust", Unknown, "whom the trust policy lets in: %s", why)
	if r.role.TwoPhases {
		r.check("setup", Unknown, "whether setup permissions are still on: %s", why)
	}
	if len(r.role.Ongoing) > 0 {
		r.check("permissions", Unknown, "what the role may do: %s", why)
	}
}

// setup tells whether the permissions of the first phase are still there.
func (r *run) setup(ctx context.Context, s *cred.Session) {
	ask := r.role.Setup
	if !r.role.TwoPhases {
		return
	}
	if len(ask) == 0 {
		r.check("setup", Unknown, "whether setup permissions are still on cannot be told from the ongoing ones, which allow as much")
		return
	}
	refused, err := r.Refused(ctx, s, ask)
	customer, _, _ := strings.Cut(r.role.Name, "/")
	switch {
	case err != nil:
		r.check("setup", Unknown, "whether setup permissions are still on: %s", r.why(err))
	case len(refused) < len(ask):
		r.check("setup", Note, "setup permissions are still on (%s): credd customer finish-setup %s", named(without(ask, refused)), customer)
	default:
		r.check("setup", OK, "setup permissions are off: none is allowed (%s tried)", count(len(ask), "action"))
	}
}

// permissions tells whether the role may do what it is for.
func (r *run) permissions(ctx context.Context, s *cred.Session) {
	if len(r.role.Ongoing) == 0 {
		return
	}
	refused, err := r.Refused(ctx, s, r.role.Ongoing)
	switch {
	case err != nil:
		r.check("permissions", Unknown, "what the role may do: %s", r.why(err))
	case len(refused) > 0:
		r.check("permissions", Failed, "the role's policies do not allow %s", named(refused))
	default:
		r.check("permissions", OK, "the role's policies allow what was asked for (%s tried)", count(len(r.role.Ongoing), "action"))
	}
}

func without(all, those []invite.Wanted) (out []invite.Wanted) {
	has := map[invite.Wanted]bool{}
	for _, w := range those {
		has[w] = true
	}
	for _, w := range all {
		if !has[w] {
			out = append(out, w)
		}
	}
	return out
}

// named lists some actions.
func named(all []invite.Wanted) string {
	var names []string
	for _, w := range all {
		names = append(names, w.Action)
	}
	names = unique(names)
	if more := len(names) - mostNamed; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:mostNamed], ", "), more)
	}
	return strings.Join(names, ", ")
}
