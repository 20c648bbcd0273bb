package agent

import (
	"context"
	"slices"

	"credd/internal/agent/audit"
	"credd/internal/agent/roster"
	"credd/internal/ipc"
	"credd/internal/ipc/peer"
	"credd/internal/ipc/socket"
)

// rank is what a caller is to this daemon.
type rank int

const (
	stranger rank = iota // is not served
	guest                // a user of the machine, on the machine's credd: has what allow opens, and sees no more
	owner                // the daemon's own user
	root
)

// rankOf tells what a caller is, by the kernel's word. It fails closed: whom the kernel does not name is a stranger. A user's own
// daemon serves the owner and root, as ssh-agent does; a machine's serves all.
func (a *Agent) rankOf(c *socket.Conn) rank {
	switch {
	case c.PeerErr != nil:
		return stranger
	case c.Peer.Root():
		return root
	case c.Peer.User == a.Owner:
		return owner
	case a.System:
		return guest
	}
	return stranger
}

// manages reports whether the caller may look after the daemon itself, and so knows all of it.
func (c *caller) manages() bool { return c.rank >= owner }

// admit answers whether a caller is served at all.
func (a *Agent) admit(c *caller) (failure, bool) {
	if c.rank > stranger {
		return failure{}, true
	}
	f := fail(ipc.Refused, "refused: this credd belongs to another user", "start your own: credd serve")
	if c.PeerErr != nil {
		f = fail(ipc.Refused, "refused: the kernel does not tell who is asking", "")
	}
	if a.refused.note(c.Peer.User, 1, a.Now()) {
		e := audit.Entry{Time: a.Now(), Outcome: f.outcome, UID: c.Peer.UID, SID: c.Peer.SID, PID: c.Peer.PID, Error: f.message}
		if c.PeerErr != nil {
			e.Error += ": " + c.PeerErr.Error()
		}
		a.record(e)
	}
	return f, false
}

// isOpen is the one place that says whether a caller may use a role. Each request that names or lists roles asks it.
func (a *Agent) isOpen(ctx context.Context, c *caller, st *state, role *roster.Role) bool {
	switch c.rank {
	case root:
		return true
	case owner:
		if a.System || role.Allow == nil {
			return true
		}
	case guest:
		if role.Allow == nil {
			return false
		}
	default:
		return false
	}
	return a.people.names(ctx, st, c, role.Allow)
}

// openRole returns a role that the caller may use. To a guest a role that is not open, and one that is not there or broken, are
// the same: the answer, and the work for it.
func (a *Agent) openRole(ctx context.Context, c *caller, name string) (*state, *roster.Role, failure) {
	if c.rank == guest {
		a.reread()
		st := a.state.Load()
		if len(a.people.ready(ctx, st).groups) > 0 {
			c.groups() // whichever role it is: the time of the answer does not tell whether its allow names groups
		}
		role, ok := st.roster.Lookup(name)
		if !ok || !a.isOpen(ctx, c, st, role) {
			return nil, nil, a.notOpen(ctx, c, name)
		}
		return st, role, failure{}
	}
	st := a.stateFor(name)
	role, err := st.role(name)
	if err != nil {
		return nil, nil, explain(err)
	}
	if !a.isOpen(ctx, c, st, role) {
		return nil, nil, fail(ipc.Refused, name+": its allow does not name "+a.User, "add "+a.User+" to allow in "+role.File+", or remove that line")
	}
	return st, role, failure{}
}

// openRoles are all roles that the caller may use, by name.
func (a *Agent) openRoles(ctx context.Context, c *caller, st *state) []*roster.Role {
	return slices.DeleteFunc(st.roster.Roles(), func(r *roster.Role) bool { return !a.isOpen(ctx, c, st, r) })
}

// notOpen is what a guest is told of a role, a customer or a source that is not open, whether it is there or not.
func (a *Agent) notOpen(ctx context.Context, c *caller, name string) failure {
	return fail(ipc.Refused, name+": there is no role of this name that "+a.holder(ctx, c).name+" may use",
		"what you may use shows: credd role list; the administrator of this machine's credd opens a role with allow")
}

// holder is whose a session is. Nobody is handed a session with another's name in it.
type holder struct {
	name string // {user} in session names
	key  string // in the cache: with the number, as two users may have one name
}

// self holds the sessions that the daemon makes by itself and, on a user's own daemon, all.
func (a *Agent) self() holder { return holder{a.User, a.User} }

// holder is who holds the sessions of a caller.
func (a *Agent) holder(ctx context.Context, c *caller) holder {
	if !a.System {
		return a.self()
	}
	if c.held == (holder{}) {
		name := a.people.name(ctx, c.Peer.User)
		c.held = holder{name, c.Peer.User.String() + " " + name}
	}
	return c.held
}

// entry begins an audit line about a caller's request.
func (a *Agent) entry(ctx context.Context, c *caller) audit.Entry {
	e := audit.Entry{Time: a.Now(), UID: c.Peer.UID, SID: c.Peer.SID, PID: c.Peer.PID}
	if a.System {
		e.User = a.holder(ctx, c).name
	}
	// Read now, while the caller waits: it exits as soon as it has its reply.
	facts := peer.FactsOf(c.Conn.Conn, c.Peer)
	e.Exe, e.ParentPID, e.ParentExe = facts.Exe, facts.ParentPID, facts.ParentExe
	return e
}
