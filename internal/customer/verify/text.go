package verify

import (
	"strings"
	"time"
)

// result puts what is known into words: no more than that.
func (r *run) result() Result {
	if len(r.role.Alike) > 0 {
		r.check("unique-id", Note, "has the external ID of %s too: each customer needs its own, or one can have us act on the other", strings.Join(r.role.Alike, ", "))
	}
	out := Result{
		Role: r.role.Name, Verdict: r.proof.judge(), At: r.Now().UTC().Truncate(time.Second), Checks: r.checks,
		LongestSession: r.longestSession, Settings: r.role.Settings,
	}
	out.Summary, out.Hint = r.words(out.Verdict)
	if r.doubt != "" && out.Verdict == Verified {
		out.Summary += "; but " + r.doubt
		out.Hint = "have the customer change the trust policy, then: credd customer verify " + r.role.Name
	}
	return out
}

func (r *run) words(v Verdict) (summary, hint string) {
	then := "; then: credd customer verify " + r.role.Name
	switch v {
	case Verified:
		return "works with the external ID, and is denied without it and with another one", ""
	case Open:
		hint = "the trust policy of " + parse(r.role.ARN).name + " has to require sts:ExternalId in each statement that lets us in; ask the account's owner" + then
		return r.opened(), hint
	case Denied:
		if r.role.ARN == "" {
			return "its source's own session is denied", "see: credd source test " + r.role.Name
		}
		return "is denied" + with(r.role.ExternalID.IsZero()) + "; AWS does not say why", "ask the account's owner whether the role is there, and its trust policy names us and this external ID" + then
	case WrongIdentity:
		return r.who, "correct the role's arn, or its source, in " + r.role.File + then
	case NoExternalID:
		if r.role.ARN == "" {
			return "works, and hands out its source's own session: there is no trust policy and no external ID to test",
				"a role of the customer's, with an external ID, can be verified: credd customer invite"
		}
		return "works without an external ID, and none is set here: nothing tells a request for this customer from one for another",
			"have the trust policy require sts:ExternalId, and set external_id in " + r.role.File + then
	}
	if r.at == "" {
		return "could not be verified", r.repeat()
	}
	return "could not be verified: " + r.at + ": " + r.vague.Reason, r.vague.Hint
}

// opened says what works that should not.
func (r *run) opened() string {
	switch {
	case r.proof.none == Granted && r.proof.wrong == Granted:
		return "works without the external ID, and with another one"
	case r.proof.none == Granted:
		return "works without the external ID"
	}
	return "works with another external ID than its own, though not without one"
}

// Untold is the result for a role that could not even be asked for.
func Untold(role string, now time.Time, reason, hint string) Result {
	return Result{
		Role: role, Verdict: Inconclusive, At: now.UTC().Truncate(time.Second), Summary: "could not be verified: " + reason, Hint: hint,
		Checks: []Check{{"right-id", Unknown, reason}},
	}
}
