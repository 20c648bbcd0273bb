package agent

import (
	"strconv"
	"sync"
	"time"

	"credd/internal/ipc"
	"credd/internal/ipc/peer"
)

const (
	countFor = time.Minute // in which the doings of a user are counted

	// Who is refused must not be able to push others' lines out of the log.
	mostRefusals = 30  // of a guest in that time, who may mistype; a stranger has one
	mostTogether = 300 // of all guests: one of them may have the numbers of many, for user namespaces (subuid(5))
	maxCounted   = 256 // users remembered for that; more are as if they had done it too often

	mostFetches = 30 // in that time, that a guest can have AWS asked anew for: who may use a role may not use up its account's calls
)

// counts are how often each user did something of late: was refused, or had AWS asked anew.
type counts struct {
	mu  sync.Mutex
	by  map[peer.User]*counted
	all counted
}

type counted struct {
	since time.Time
	count int
}

// note counts once more, and reports whether that is within the most that count.
func (r *counts) note(user peer.User, most int, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for u, of := range r.by {
		if over(now, of.since, countFor) {
			delete(r.by, u)
		}
	}
	of := r.by[user]
	if of == nil && len(r.by) >= maxCounted {
		return false
	}
	if of == nil {
		if r.by == nil {
			r.by = map[peer.User]*counted{}
		}
		of = &counted{since: now}
		r.by[user] = of
	}
	of.count++
	return of.count <= most
}

// noteOfAll is note for one of many, who are bounded together, too.
func (r *counts) noteOfAll(user peer.User, now time.Time) bool {
	if !r.note(user, mostRefusals, now) {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if over(now, r.all.since, countFor) {
		r.all = counted{since: now}
	}
	r.all.count++
	return r.all.count <= mostTogether
}

// pace refuses a guest who has AWS asked anew more often than a person would.
func (a *Agent) pace(c *caller) failure {
	if c.manages() || a.fetches.note(c.Peer.User, mostFetches, a.Now()) {
		return failure{}
	}
	return fail(ipc.Unreachable, "you had sessions fetched, tested or dropped "+strconv.Itoa(mostFetches)+" times within a minute", "try again in a minute; programs get theirs by credhelper, from memory")
}
