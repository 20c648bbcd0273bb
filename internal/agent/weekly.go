package agent

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"slices"
	"sync"
	"time"

	"credd/internal/agent/roster"
	"credd/internal/customer"
	"credd/internal/customer/verify"
)

const (
	testEvery  = 7 * 24 * time.Hour
	testSpread = 24 * time.Hour // a role is tried up to so much earlier or later, always the same for a verification

	firstLook = 2 * time.Minute // after the start, when nobody waits for it
	lookEvery = time.Hour       // for what is due; also how soon a test that told nothing is made again
	listEvery = 12 * time.Hour  // records are listed again: others may have put one back
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
