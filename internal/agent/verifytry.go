package agent

import (
	"context"
	"errors"
	"strings"
	"time"

	"credd/internal/agent/audit"
	"credd/internal/agent/cred"
	"credd/internal/agent/iam"
	"credd/internal/agent/roster"
	"credd/internal/agent/sts"
	"credd/internal/customer/invite"
	"credd/internal/customer/verify"
)

// tryTimeout bounds one call of a verification with its repetitions by the SDK, as long as a flight.
const tryTimeout = 20 * time.Second

// trial is the verification of one role: the agent as package verify's Assumer. All its requests are made as the same caller.
type trial struct {
	a      *Agent
	st     *state
	role   *roster.Role
	holder holder
	by     sts.Caller
	began  time.Time   // the verification of all roles
	err    error       // why there is no caller
	entry  audit.Entry // who wants it
	us     string
	denied error // the last one from the role's side
	result verify.Result
}

func (t *trial) run(ctx context.Context, tell func(string)) {
	if t.err != nil {
		f := t.a.explainRole(t.role.Name, t.err)
		hint := f.hint
		if hint == "" {
			hint = "when that is mended: credd customer verify " + t.role.Name
		}
		t.result = verify.Untold(t.role.Name, t.a.Now(), strings.TrimPrefix(f.message, t.role.Name+": "), hint)
		t.result.Settings = settingsOf(t.role)
		tell(t.role.Name + ": " + t.result.Summary)
		return
	}
	subject := t.subject(ctx)
	t.us = subject.Us
	v := verify.Verifier{Assumer: t, Mirror: t, Now: t.a.Now, Wait: t.a.Wait, Tell: tell, Began: t.began}
	t.result, _ = v.Verify(ctx, subject)                       // it fails with ctx, at which the caller looks
	if t.result.Verdict == verify.Denied && t.role.ARN != "" { // what speaks for which cause is the daemon's to know
		all := texts(t.a.causes(t.st, t.role, t.denied, t.us))
		t.result.Hint = t.mend("ask the account's owner; it can be, in order of evidence: " + strings.Join(all, "; "))
	}
}

// Assume makes one request for a session, and notes it in the audit log: our own CloudTrail has it, too.
func (t *trial) Assume(ctx context.Context, try verify.Try) verify.Tried {
	if err := ctx.Err(); err != nil {
		return verify.Tried{Answer: verify.NoAnswer, Reason: err.Error()} // nothing was asked
	}
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	e := t.entry
	e.Time, e.Role, e.From = t.a.Now(), t.role.Name, "verify"
	s, err := t.ask(ctx, try)
	e.Duration = t.a.Now().Sub(e.Time)
	if err != nil {
		f := explain(err)
		e.Outcome, e.RequestID, e.Error = f.outcome, requestID(err), "verification, "+try.What+": "+f.message
		t.a.record(e)
		return t.sorted(err, f)
	}
	e.Outcome, e.Expires, e.SessionName, e.AccessKeyID, e.AssumedRoleID, e.RequestID = "ok", s.Expires, s.SessionName, s.AccessKeyID, s.AssumedRoleID, s.RequestID
	if !try.Good {
		e.Error = "verification, " + try.What + ": works, and should not; this session may do nothing"
	}
	t.a.record(e)
	return verify.Tried{Answer: verify.Granted, Session: s}
}

func (t *trial) ask(ctx context.Context, try verify.Try) (*cred.Session, error) {
	if t.role.ARN == "" {
		own := *t.role
		own.AccountID = "" // whose it is, is what is asked
		return t.a.handOut(ctx, t.st, t.by, &own)
	}
	r := t.a.request(t.st, t.role, t.holder)
	r.ExternalID, r.Duration = try.ID, try.Duration
	if try.Policy != "" {
		r.Policy, r.PolicyARNs = try.Policy, nil
	}
	if try.Plain {
		r.Tags, r.TransitiveTags, r.SourceIdentity = nil, nil, ""
	}
	return t.a.Assumer.Try(ctx, t.by, r)
}

// sorted says what an error proves.
func (t *trial) sorted(err error, f failure) verify.Tried {
	out := verify.Tried{Answer: verify.NoAnswer, Reason: f.message, Hint: t.mend(f.hint)}
	var e *sts.Error
	switch errors.As(err, &e); {
	case e == nil:
	case sts.TooLong(err):
		out.Answer = verify.TooLong
	case e.OfRole():
		out.Answer, t.denied = verify.Refused, err
	case e.Reason == sts.Denied:
		out.Answer, out.Hint = verify.OurSide, t.mend(t.a.causes(t.st, t.role, err, t.us)[0].hint)
		out.Reason = "denied by AWS " + e.Why() + ", which is about our own side and proves nothing about the role"
	}
	return out
}

// mend adds to a hint what to do after it.
func (t *trial) mend(hint string) string {
	hint = strings.ReplaceAll(hint, "SOURCE", t.st.sourceName(t.role))
	then := "credd customer verify " + t.role.Name
	if hint == "" {
		return "try again: " + then
	}
	return hint + "; then: " + then
}

// Identity asks AWS who a session is.
func (t *trial) Identity(ctx context.Context, s *cred.Session) (verify.Identity, error) {
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	by := t.by
	by.Session = s
	id, err := t.a.Assumer.Identity(ctx, by)
	return verify.Identity(id), err
}

// caller is the role's session at the IAM of its partition.
func (t *trial) caller(s *cred.Session) iam.Caller {
	url := t.st.roster.Settings.Network.EndpointURL
	if src, ok := t.st.source(t.role).(interface{ IAM() string }); ok && url == "" {
		url = src.IAM()
	}
	return iam.Caller{Session: s, ARN: t.role.ARN, URL: url}
}

// Look reads the role by its own session.
func (t *trial) Look(ctx context.Context, s *cred.Session) (verify.Self, error) {
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	r, err := t.a.IAM.Role(ctx, t.caller(s), t.role.ARN[strings.LastIndex(t.role.ARN, "/")+1:])
	return verify.Self{Trust: r.Trust, MaxSession: r.MaxSession}, unseen(err)
}

// Refused asks IAM which actions the role's policies do not allow, by one call for each resource.
func (t *trial) Refused(ctx context.Context, s *cred.Session, wanted []invite.Wanted) ([]invite.Wanted, error) {
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	byResource := map[string][]string{}
	for _, w := range wanted {
		byResource[w.Resource] = append(byResource[w.Resource], w.Action)
	}
	allowed := map[invite.Wanted]bool{}
	for resource, actions := range byResource {
		got, err := t.a.IAM.Allowed(ctx, t.caller(s), t.role.ARN, actions, resource)
		if err != nil {
			return nil, unseen(err)
		}
		for action, ok := range got {
			allowed[invite.Wanted{Action: action, Resource: resource}] = ok
		}
	}
	var refused []invite.Wanted
	for _, w := range wanted {
		if !allowed[w] {
			refused = append(refused, w)
		}
	}
	return refused, nil
}

// unseen marks the errors that say no more than that the role may not look.
func unseen(err error) error {
	var e *sts.Error
	if errors.As(err, &e) && e.Reason == sts.Denied {
		return verify.ErrUnseen
	}
	return err
}
