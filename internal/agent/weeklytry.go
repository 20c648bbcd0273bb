package agent

import (
	"context"
	"errors"
	"time"

	"credd/internal/agent/cache"
	"credd/internal/agent/cred"
	"credd/internal/agent/roster"
	"credd/internal/agent/sts"
	"credd/internal/customer/verify"
)

const testTime = 20 * time.Second // of one role, as long as a flight

// testOne makes the positive test of one role, if it is due, and returns when to make the next. What it finds is in the role's record.
func (a *Agent) testOne(ctx context.Context, name string) time.Time {
	later := a.Now().Add(lookEvery)
	st := a.state.Load()
	role, err := st.role(name)
	if err != nil {
		return time.Time{}
	}
	if at := a.dueAt(role, a.memory.of(role)); at.IsZero() || at.After(a.Now()) {
		return at
	}
	ctx, cancel := context.WithTimeout(ctx, testTime)
	defer cancel()
	if !a.isSilent(ctx, st, role) {
		return later
	}
	a.recall(role)
	before := a.health.of(name)
	wrong, err := a.whoIs(ctx, st, role)
	a.dropUnasked(st.key(role, a.self()))
	switch {
	case err == nil && wrong == "":
		a.Log.Info("weekly test: the role works", "role", name)
	case err == nil:
		a.Log.Warn("weekly test: the session is not the role's", "role", name)
	case deniedThere(err):
		a.Log.Warn("weekly test: the role was verified and is denied", "role", name)
	default: // it told nothing about the role
		a.Log.Info("weekly test: not possible now", "role", name, "outcome", kindOf(err))
		if asked := (*identityError)(nil); !errors.As(err, &asked) {
			a.health.put(name, before) // nobody but us wanted it
		}
		return later
	}
	a.memory.checked(role, a.Now(), wrong)
	return a.dueAt(role, a.memory.of(role))
}

// isSilent reports whether the role's source gives credentials now without asking anybody and without starting a program that might.
// A source that was not used since the start is not the first to be tried: its vault may be locked.
func (a *Agent) isSilent(ctx context.Context, st *state, role *roster.Role) bool {
	name := st.sourceName(role)
	src, spec, r := st.sources[name], st.specs[name], a.sources.of(name)
	if src == nil {
		return false
	}
	switch spec.Type {
	case "imds", "container", "web-identity":
	default:
		until := src.State().Until
		runs := spec.Type == "process" || spec.MFA == "command"
		may := spec.Type == "profile" || spec.Type == "login" // its file may name a program
		if r.tried.IsZero() || r.err != nil || (runs || may && !until.IsZero()) && !until.After(a.Now()) {
			return false
		}
	}
	_, err := src.Credentials(ctx)
	return err == nil
}

// whoIs assumes the role, and says what is wrong with who AWS says that is.
func (a *Agent) whoIs(ctx context.Context, st *state, role *roster.Role) (wrong string, err error) {
	ans, err := a.refresh(ctx, st, role, a.self())
	if err != nil {
		return "", err
	}
	region, url := st.source(role).Endpoint()
	id, err := a.Assumer.Identity(ctx, sts.Caller{Session: ans.Session, Region: st.region(role, region), Endpoint: url})
	switch {
	case err != nil:
		return "", &identityError{err}
	case role.ARN == "" && (role.AccountID == "" || role.AccountID == id.AccountID), role.ARN != "" && verify.Identity(id).IsOf(role.ARN):
		return "", nil
	}
	return "the session is of another account or role than " + role.Name + " says", nil
}

// identityError is a failed GetCallerIdentity, which needs no permission: a denial of it says nothing about the role.
type identityError struct{ err error }

func (e *identityError) Error() string { return "GetCallerIdentity: " + e.err.Error() }

// dropUnasked forgets a session that only the test wanted.
func (a *Agent) dropUnasked(key cache.Key) {
	for _, l := range a.cache.Live() {
		if l.Key == key && l.Asked.IsZero() {
			a.cache.Drop(func(k cache.Key, _ *cred.Session) bool { return k == key })
		}
	}
}
