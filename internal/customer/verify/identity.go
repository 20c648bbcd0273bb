package verify

import (
	"context"
	"fmt"
	"strings"

	"credd/internal/agent/cred"
)

// person is a role or a user as an ARN of IAM or STS names it.
type person struct {
	partition, account string
	kind, name         string // without a role's path, which a session's ARN does not have
}

// parse reads arn:PARTITION:iam::ACCOUNT:role/PATH/NAME, arn:PARTITION:sts::ACCOUNT:assumed-role/NAME/SESSION and the like.
func parse(arn string) person {
	f := strings.SplitN(arn, ":", 6)
	if len(f) < 6 || f[0] != "arn" {
		return person{}
	}
	p := person{partition: f[1], account: f[4]}
	parts := strings.Split(f[5], "/")
	p.kind, p.name = parts[0], parts[len(parts)-1]
	if p.kind == "assumed-role" && len(parts) > 1 {
		p.kind, p.name = "role", parts[1]
	}
	return p
}

// IsOf reports whether the session is one of a role: of its partition, account and name.
func (id Identity) IsOf(roleARN string) bool {
	want := parse(roleARN)
	return parse(id.ARN) == want && id.AccountID == want.account
}

// identify asks AWS whose the session is.
func (r *run) identify(ctx context.Context, s *cred.Session) {
	id, err := r.Identity(ctx, s)
	if err != nil {
		r.unclear("identity", "who the session is", Tried{Reason: err.Error(), Hint: r.repeat()})
		return
	}
	got, want := parse(id.ARN), parse(r.role.ARN)
	if id.IsOf(r.role.ARN) {
		r.proof.who = expected
		r.check("identity", OK, "is role %s of account %s", got.name, got.account)
		return
	}
	r.proof.who = other
	r.who = fmt.Sprintf("the session is of %s, and it should be of %s", got.title(id.AccountID), want.title(want.account))
	r.check("identity", Failed, "%s", r.who)
	r.tell("%s", r.who)
}

func (p person) title(account string) string {
	if p.name == "" {
		return "account " + account
	}
	at := p.kind + " " + p.name + " of account " + account
	if p.partition != "aws" {
		at += " in partition " + p.partition
	}
	return at
}

// handedOut proves what can be proven of a role that hands out its source's own session: whose account it is.
func (r *run) handedOut(ctx context.Context) {
	r.proof.bare = true
	try := Try{What: "its source's own session", Good: true, Duration: r.role.Duration}
	t := r.Assume(ctx, try)
	r.tell("%s: %s", try.What, t.says(true))
	r.proof.right = t.Answer
	switch t.Answer {
	case Granted:
	case Refused:
		r.check("right-id", Failed, "its source's own session is denied")
		return
	default:
		r.unclear("right-id", try.What, t)
		return
	}
	id, err := r.Identity(ctx, t.Session)
	switch {
	case err != nil:
		r.unclear("identity", "who the session is", Tried{Reason: err.Error(), Hint: r.repeat()})
	case r.role.AccountID == "":
		r.proof.who = expected
		r.check("identity", Note, "is %s; no account_id is set here to compare that with", parse(id.ARN).title(id.AccountID))
	case r.role.AccountID != id.AccountID:
		r.proof.who = other
		r.who = fmt.Sprintf("the session is of account %s, and it should be of account %s", id.AccountID, r.role.AccountID)
		r.check("identity", Failed, "%s", r.who)
	default:
		r.proof.who = expected
		r.check("identity", OK, "is %s", parse(id.ARN).title(id.AccountID))
	}
}
