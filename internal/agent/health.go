package agent

import (
	"sync"
	"time"
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
	note   string // about the session in force, for status
}

// note records how a try went, and returns what was known before.
func (h *health) note(name, note, kind string, err error, now time.Time) (before record) {
	h.mu.Lock()
	defer h.mu.Unlock()
	before = h.by[name]
	r := before
	r.tried, r.err = now, err
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
func (a *Agent) note(role, note string, err error) {
	before := a.health.note(role, note, kindOf(err), err, a.Now())
	if err != nil {
		f := explain(err)
		a.Log.Warn("role failed", "role", role, "outcome", f.outcome, "error", f.message, "request_id", requestID(err))
		return
	}
	if !before.since.IsZero() {
		a.Log.Info("role works again", "role", role, "failed_since", before.since)
	}
	if note != "" && note != before.note {
		a.Log.Warn(note, "role", role)
	}
}

// kindOf is the outcome of an error, "" of none.
func kindOf(err error) string {
	if err == nil {
		return ""
	}
	return explain(err).outcome
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
