package agent

import (
	"errors"
	"sync"
	"time"

	"credd/internal/agent/roster"
	"credd/internal/agent/sts"
	"credd/internal/ipc"
)

// health remembers how each role, or each source, did, longer than the cache remembers a failure.
type health struct {
	mu sync.Mutex
	by map[string]record
}

type record struct {
	worked time.Time // last success
	since  time.Time // of the first failure after it; zero while it works
	tried  time.Time
	kind   string // of the failure: another one begins anew
	err    error
	causes []cause // of a denial, in order of the evidence there was then; status works them out anew
	note   string  // about the session in force, for status
}

// note records how a try went, and returns what was known before.
func (h *health) note(name, note, kind string, err error, now time.Time) (before record) {
	h.mu.Lock()
	defer h.mu.Unlock()
	before = h.by[name]
	r := before
	r.tried, r.err, r.causes = now, err, nil
	switch {
	case err == nil:
		r.worked, r.since, r.kind, r.note = now, time.Time{}, "", note
	case r.since.IsZero(), r.kind != kind:
		r.since, r.kind = now, kind
	}
	h.by[name] = r
	return before
}

// note records the end of a flight.
func (a *Agent) note(st *state, role *roster.Role, note string, err error) {
	if err != nil {
		a.recall(role)
	}
	now := a.Now()
	before := a.health.note(role.Name, note, kindOf(err), err, now)
	switch {
	case err == nil:
		a.memory.worked(role, now)
	case deniedThere(err):
		a.memory.denied(role, now)
	}
	if err != nil {
		f := explain(err)
		if f.code == ipc.Denied {
			a.health.because(role.Name, a.causes(st, role, err, ""))
		}
		a.Log.Warn("role failed", "role", role.Name, "outcome", f.outcome, "error", f.message, "request_id", requestID(err))
		return
	}
	if !before.since.IsZero() {
		a.Log.Info("role works again", "role", role.Name, "failed_since", before.since)
	}
	if note != "" && note != before.note {
		a.Log.Warn(note, "role", role.Name)
	}
}

// recall begins the record of a role with what was seen of it before this daemon.
func (a *Agent) recall(role *roster.Role) {
	if a.health.knows(role.Name) {
		return
	}
	seen := a.memory.of(role)
	r := record{worked: seen.Worked}
	if seen.DeniedWith == settingsOf(role) && !seen.DeniedSince.IsZero() {
		r.since, r.kind = seen.DeniedSince, outcomes[ipc.Denied]
	}
	a.health.begin(role.Name, r)
}

// deniedThere reports whether AWS denied this role itself, from its own side.
func deniedThere(err error) bool {
	var chain *chainError
	var e *sts.Error
	return !errors.As(err, &chain) && errors.As(err, &e) && e.OfRole()
}

// kindOf is the outcome of an error, "" of none.
func kindOf(err error) string {
	if err == nil {
		return ""
	}
	return explain(err).outcome
}

// knows reports whether a role was tried, or its record begun.
func (h *health) knows(name string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	_, ok := h.by[name]
	return ok
}

// begin is what is known of a role that this daemon has not tried yet.
func (h *health) begin(name string, r record) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, ok := h.by[name]; !ok {
		h.by[name] = r
	}
}

// put takes back what was noted since a record was read.
func (h *health) put(name string, r record) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.by[name] = r
}

// because keeps why a role may be denied.
func (h *health) because(name string, causes []cause) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if r, ok := h.by[name]; ok && r.err != nil {
		r.causes = causes
		h.by[name] = r
	}
}

// each tells of all roles that were tried.
func (h *health) each(do func(name string, r record)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for name, r := range h.by {
		do(name, r)
	}
}

func (h *health) of(name string) record {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.by[name]
}

// forget drops the records that keep does not name.
func (h *health) forget(keep func(name string) bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for name := range h.by {
		if !keep(name) {
			delete(h.by, name)
		}
	}
}

// failing returns the roles that failed when last tried.
func (h *health) failing() map[string]record {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := map[string]record{}
	for role, r := range h.by {
		if r.err != nil {
			out[role] = r
		}
	}
	return out
}
