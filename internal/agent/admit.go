package agent

import (
	"sync"
	"time"

	"credd/internal/agent/audit"
	"credd/internal/ipc"
	"credd/internal/ipc/peer"
	"credd/internal/ipc/socket"
)

const (
	refusalEvery = time.Minute // one audit line a user: a stranger must not be able to push the owner's lines out of the log
	maxRefused   = 256         // users remembered for that; more are not noted one by one
)

// admit decides who is served: the owner, or root, as in ssh-agent. It fails closed: a caller whom the kernel does not
// name is refused.
func (a *Agent) admit(c *socket.Conn) (failure, bool) {
	if c.PeerErr == nil && (c.Peer.User == a.Owner || c.Peer.Root()) {
		return failure{}, true
	}
	f := fail(ipc.Refused, "refused: this credd belongs to another user", "start your own: credd serve")
	if c.PeerErr != nil {
		f = fail(ipc.Refused, "refused: the kernel does not tell who is asking", "")
	}
	if a.refused.note(c.Peer.User, a.Now()) {
		e := audit.Entry{Time: a.Now(), Outcome: f.outcome, UID: c.Peer.UID, PID: c.Peer.PID, Error: f.message}
		if c.PeerErr != nil {
			e.Error += ": " + c.PeerErr.Error()
		}
		a.record(e)
	}
	return f, false
}

// refusals remember whom the log has named lately.
type refusals struct {
	mu sync.Mutex
	by map[peer.User]time.Time
}

// note reports whether the refusal is to be recorded.
func (r *refusals) note(user peer.User, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for u, at := range r.by {
		if now.Sub(at) >= refusalEvery {
			delete(r.by, u)
		}
	}
	if _, known := r.by[user]; known || len(r.by) >= maxRefused {
		return false
	}
	r.by[user] = now
	return true
}
