package agent

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"credd/internal/agent/cache"
	"credd/internal/agent/cred"
	"credd/internal/agent/roster"
	"credd/internal/agent/sts"
	"credd/internal/customer"
	"credd/internal/customer/verify"
)

const (
	testEvery  = 7 * 24 * time.Hour
	testSpread = 24 * time.Hour // a role is tried up to so much earlier or later, always the same for a verification

	firstLook = 2 * time.Minute // after the start, when nobody waits for it
	lookEvery = time.Hour       // for what is due; also how soon a test that told nothing is made again
	listEvery = 12 * time.Hour  // records are listed again: others may have put one back
	testsTime = 20 * time.Second
)

// weekly is when each verified role is tried next. It is made of the records, so that a restart changes nothing.
type weekly struct {
	testing sync.Mutex // held while roles are tried: one at a time

	mu     sync.Mutex
	due    map[string]time.Time // by role
	listed time.Time
}

// testWeekly tries verified roles, each about once a week, until ctx ends. The wall clock decides: laptops sleep.
func (a *Agent) testWeekly(ctx context.Context) {
	timer := time.NewTimer(firstLook)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
			a.testDue(ctx)
			timer.Reset(lookEvery)
		}
	}
}

// testDue tries the roles that are due now, one after another.
func (a *Agent) testDue(ctx context.Context) {
	a.weekly.testing.Lock()
	defer a.weekly.testing.Unlock()
	if !a.state.Load().roster.Settings.Verify.Weekly {
		return
	}
	a.list(ctx)
	now := a.Now()
	for _, name := range a.weekly.before(now) {
		if ctx.Err() != nil {
			return
		}
		a.weekly.plan(name, a.testOne(ctx, name))
	}
}

// before are the roles that are due.
func (w *weekly) before(now time.Time) (names []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(w.due)) {
		if !now.Before(w.due[name]) {
			names = append(names, name)
		}
	}
	return names
}

// plan says when a role is tried; zero is never.
func (w *weekly) plan(name string, at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if at.IsZero() {
		delete(w.due, name)
		return
	}
	if w.due == nil {
		w.due = map[string]time.Time{}
	}
	w.due[name] = at
}

// list plans the roles of all records, once in a while.
func (a *Agent) list(ctx context.Context) {
	now := a.Now()
	a.weekly.mu.Lock()
	again := over(now, a.weekly.listed, listEvery)
	if again {
		a.weekly.listed = now
	}
	a.weekly.mu.Unlock()
	if !again {
		return
	}
	keys, err := customer.Recorded(a.StateDir)
	if err != nil {
		a.Log.Warn("records cannot be listed", "error", err)
	}
	st := a.state.Load()
	for _, key := range keys {
		if _, ok := st.roster.Customer(key); !ok || ctx.Err() != nil {
			continue
		}
		for name, seen := range a.memory.peek(key) {
			role, err := st.role(key + "/" + name)
			if err != nil {
				continue
			}
			a.drift(role.Name, seen)
			a.weekly.plan(role.Name, a.dueAt(role, seen))
		}
	}
}

// dueAt is when a role is tried next: zero for one that was not verified, or changed since.
func (a *Agent) dueAt(role *roster.Role, seen customer.Seen) time.Time {
	v, now := seen.Verified, a.Now()
	if v == nil || v.Verdict != verify.Verified || v.Settings != settingsOf(role) {
		return time.Time{}
	}
	var last, worked time.Time
	if seen.Settings == v.Settings && !seen.Worked.After(now) {
		worked = seen.Worked // a program has made the test
	}
	for _, at := range []time.Time{v.At, seen.Checked, worked} {
		if at.After(last) && !at.After(now) { // a clock may have been wrong
			last = at
		}
	}
	if last.IsZero() {
		return now
	}
	at := last.Add(testEvery + offset(role.Name, v.At))
	if used := worked.Add(testEvery); used.After(at) {
		return used
	}
	return at
}

// offset spreads roles over two days, each always in the same way.
func offset(role string, verified time.Time) time.Duration {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64([]byte(role), uint64(verified.Unix())))
	return time.Duration(binary.BigEndian.Uint64(sum[:])%uint64(2*testSpread)) - testSpread
}

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
	ctx, cancel := context.WithTimeout(ctx, testsTime)
	defer cancel()
	if !a.isSilent(ctx, st, role) {
		return later
	}
	a.recall(role)
	before := a.health.of(name)
	wrong, err := a.whoIs(ctx, st, role)
	a.dropUnasked(st.key(role, a.User))
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
	ans, err := a.refresh(ctx, st, role)
	if err != nil {
		return "", err
	}
	region, url := st.source(role).Endpoint()
	id, err := a.Assumer.Identity(ctx, sts.Caller{Session: ans.Session, Region: st.region(role, region), Endpoint: url})
	switch {
	case err != nil:
		return "", &identityError{err}
	case role.ARN == "" && (role.AccountID == "" || role.AccountID == id.AccountID), role.ARN != "" && isSessionOf(id.ARN, role.ARN):
		return "", nil
	}
	return "the session is of another account or role than " + role.Name + " says", nil
}

// identityError is a failed GetCallerIdentity, which needs no permission: a denial of it says nothing about the role.
type identityError struct{ err error }

func (e *identityError) Error() string { return "GetCallerIdentity: " + e.err.Error() }

// isSessionOf compares the ARN of a session with a role's: partition, account and name. The path is not in a session's.
func isSessionOf(session, role string) bool {
	s, r := strings.SplitN(session, ":", 6), strings.SplitN(role, ":", 6)
	if len(s) < 6 || len(r) < 6 || s[1] != r[1] || s[2] != "sts" || s[4] != r[4] {
		return false
	}
	name := r[5][strings.LastIndexByte(r[5], '/')+1:]
	return strings.HasPrefix(s[5], "assumed-role/"+name+"/")
}

// dropUnasked forgets a session that only the test wanted.
func (a *Agent) dropUnasked(key cache.Key) {
	for _, l := range a.cache.Live() {
		if l.Key == key && l.Asked.IsZero() {
			a.cache.Drop(func(k cache.Key, _ *cred.Session) bool { return k == key })
		}
	}
}
