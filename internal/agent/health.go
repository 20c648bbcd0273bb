package agent

import (
	"sync"
	"time"
)

// health remembers how each role did, longer than the cache remembers a failure.
type health struct {
	mu    sync.Mutex
	roles map[string]record
}

type record struct {
	worked time.Time // last success
	since  time.Time // of the first failure after it; zero while it works
	tried  time.Time
	err    error
	note   string // about the session in force, for status
}

// note records the end of a flight.
func (a *Agent) note(role, note string, err error) {
	now := a.Now()
	a.health.mu.Lock()
	r := a.health.roles[role]
	was, old := r.since, r.note
	r.tried, r.err = now, err
	switch {
	case err == nil:
		r.worked, r.since, r.note = now, time.Time{}, note
	case r.since.IsZero():
		r.since = now
	}
	a.health.roles[role] = r
	a.health.mu.Unlock()

	if err != nil {
		f := explain(err)
		a.Log.Warn("role failed", "role", role, "outcome", f.outcome, "error", f.message, "request_id", requestID(err))
	} else if !was.IsZero() {
		a.Log.Info("role works again", "role", role, "failed_since", was)
	}
	if err == nil && note != "" && note != old {
		a.Log.Warn(note, "role", role)
	}
}

func (h *health) of(role string) record {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.roles[role]
}

// forget drops the records of roles that keep does not name.
func (h *health) forget(keep func(role string) bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for role := range h.roles {
		if !keep(role) {
			delete(h.roles, role)
		}
	}
}

// failing returns the roles that failed when last tried.
func (h *health) failing() map[string]record {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := map[string]record{}
	for role, r := range h.roles {
		if r.err != nil {
			out[role] = r
		}
	}
	return out
}
