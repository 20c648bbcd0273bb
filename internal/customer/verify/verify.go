package verify

import (
	"context"
	"errors"
	"fmt"
	"time"

	"credd/internal/agent/cred"
	"credd/internal/customer/invite"
)

// Answer is how one request for a session ended.
type Answer int

// The answers.
const (
	Untried Answer = iota
	Granted
	Refused  // AccessDenied from the role's side, as far as AWS tells
	OurSide  // AccessDenied with a reason that is about our own side's policies: it tells nothing of the role
	TooLong  // over the role's maximum
	NoAnswer // any other error
)

// Try is one request for a session of the role.
type Try struct {
	What     string      // for the audit trail
	Good     bool        // it should work
	ID       cred.Secret // zero: none is sent
	Duration time.Duration
	Policy   string // in place of the role's own session policies; "" leaves those
	Plain    bool   // without the role's tags and source identity
}

// Tried is how it ended. Reason and Hint are for people, and hold no external ID.
type Tried struct {
	Answer  Answer
	Session *cred.Session // of Granted
	Reason  string
	Hint    string
}

// Identity is who AWS says a session is.
type Identity struct{ ARN, AccountID string }

// Assumer asks STS.
type Assumer interface {
	// Assume makes one request, without a cache before it and a second one after it.
	Assume(context.Context, Try) Tried
	Identity(context.Context, *cred.Session) (Identity, error)
}

// Mirror is asked by a role's session about the role itself. Its errors wrap ErrUnseen where the role may not ask.
type Mirror interface {
	Look(context.Context, *cred.Session) (Self, error)
	// Refused returns those that the role's policies do not allow.
	Refused(context.Context, *cred.Session, []invite.Wanted) ([]invite.Wanted, error)
}

// Self is a role as IAM has it.
type Self struct {
	Trust      string // JSON
	MaxSession time.Duration
}

// ErrUnseen is that a role may not look at itself.
var ErrUnseen = errors.New("not visible from outside")

// Role is what is to be proven.
type Role struct {
	Name       string // customer/role
	ARN        string // "": it hands out its source's own session
	AccountID  string // "" if it is not known
	ExternalID cred.Secret
	Duration   time.Duration // of sessions, as configured
	Marked     bool          // its requests carry tags or a source identity
	Settings   string        // customer.Settings
	File       string        // where it is configured

	Us       string   // ARN of who asks, "" if it is not known
	LongTerm bool     // who asks has a long-term key
	Alike    []string // roles of other customers that have the same external ID

	// Of an invitation; see Invited.
	SelfCheck bool // it let the role look at itself
	TwoPhases bool
	Ongoing   []invite.Wanted
	Setup     []invite.Wanted // that the ongoing permissions do not allow
}

// Verifier proves roles.
type Verifier struct {
	Assumer
	Mirror
	Now  func() time.Time
	Wait func(context.Context, time.Duration) error // returns early, with an error, when the context ends
	Tell func(string)                               // how far it is, for people

	// Began is when the verification began that this role is a part of, zero for now. What was changed before had the time since to
	// spread: a customer of 200 roles that are denied is not waited for 200 times.
	Began time.Time
}

// Verify proves one role. It takes seconds, and up to a minute more where AWS may still have to spread a change. Its error is that of
// the context, and nothing is known then.
func (v *Verifier) Verify(ctx context.Context, role Role) (Result, error) {
	r := &run{Verifier: v, role: role}
	if !v.Began.IsZero() {
		r.waited = min(max(v.Now().Sub(v.Began).Truncate(time.Second), 0), spread)
		r.late = r.waited == spread
	}
	if role.ARN == "" {
		r.handedOut(ctx)
	} else {
		r.prove(ctx)
		if r.proof.again == Granted || r.proof.bare {
			r.look(ctx)
		}
	}
	if err := ctx.Err(); err != nil {
		return Result{}, err
	}
	return r.result(), nil
}

// run is one verification.
type run struct {
	*Verifier
	role   Role
	proof  proof
	waited time.Duration // so far, for a change to spread
	late   bool          // that was over before the first try
	checks []Check
	who    string // what is wrong with the identity
	vague  Tried  // the first answer that proves nothing
	at     string // what was asked then
	doubt  string // what the trust policy is short of

	longestSession int64 // in seconds
}

func (r *run) check(id string, o Outcome, format string, args ...any) {
	r.checks = append(r.checks, Check{id, o, fmt.Sprintf(format, args...)})
}

func (r *run) tell(format string, args ...any) {
	r.Tell(r.role.Name + ": " + fmt.Sprintf(format, args...))
}
