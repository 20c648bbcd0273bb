package agent

import (
	"sync"
	"time"

	"credd/internal/ipc/peer"
)

const (
	refusalEvery = time.Minute // in which a user's refusals are counted: who is refused must not be able to push others' lines out of the log
	mostRefusals = 30          // of a guest in that time, who may mistype; a stranger has one
	maxRefused   = 256         // users remembered for that; more are not noted one by one
)

// refusals remember whom the log has named lately.
type refusals struct {
	mu sync.Mutex
	by map[peer.User]*refused
}

type refused struct {
	since time.Time
	count int
}

// note reports whether the refusal is to be recorded.
func (r *refusals) note(user peer.User, most int, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for u, of := range r.by {
		if over(now, of.since, refusalEvery) {
			delete(r.by, u)
		}
	}
	of := r.by[user]
	if of == nil && len(r.by) >= maxRefused {
		return false
	}
	if of == nil {
		of = &refused{since: now}
		r.by[user] = of
	}
	of.count++
	return of.count <= most
}
