package agent

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"credd/internal/agent/roster"
	"credd/internal/ipc/peer"
)

// Accounts are the users and groups of this machine. A number stands for itself. What cannot be told now is an error; it lets
// nobody in.
type Accounts interface {
	User(ctx context.Context, name string) (u peer.User, ok bool, err error)
	Group(ctx context.Context, name string) (number string, ok bool, err error)
	Name(ctx context.Context, u peer.User) (name string, ok bool, err error)
}

const (
	knownFor   = time.Minute      // how long an answer about accounts holds
	unknownFor = 15 * time.Second // … one that could not be had: a directory may come back
	lookUpTime = 5 * time.Second  // for all names of the files together; what is not told by then matches nobody
	lookUps    = 4                // at once
	mostNames  = 1024             // of callers that are remembered
)

// people knows who the names of allow are. All of them are looked up together, so that the time of an answer does not tell which
// names a role has.
type people struct {
	accounts Accounts
	now      func() time.Time
	warn     func(about, text string)

	looking sync.Mutex // held while names are looked up
	mu      sync.Mutex
	crowd   *crowd
	called  map[peer.User]called
}

// crowd are the names of one roster, by number. It does not change.
type crowd struct {
	of     *state
	at     time.Time
	holds  time.Duration
	users  map[string]peer.User
	groups map[string]string
}

// called is a user's name, "" if there is none.
type called struct {
	name string
	at   time.Time
}

func newPeople(o Options, warn func(about, text string)) *people {
	return &people{accounts: o.Accounts, now: o.Now, warn: warn, called: map[peer.User]called{}}
}

// names reports whether a caller is one of those that allow names. Who is let in as a member of a group needs a name: the numbers that a
// user has for namespaces of their own (subuid(5)) have none, and keep that user's groups. Sessions and lines would be nobody's.
func (p *people) names(ctx context.Context, st *state, c *caller, allow *roster.Allow) bool {
	crowd := p.ready(ctx, st)
	for _, name := range allow.Users {
		if u, ok := crowd.users[name]; ok && u == c.Peer.User {
			return true
		}
	}
	for _, name := range allow.Groups {
		if g, ok := crowd.groups[name]; ok && slices.Contains(c.groups(), g) {
			return c.Peer.SID != "" || p.known(ctx, c.Peer.User) != ""
		}
	}
	return false
}

// groups are the caller's, asked of the kernel once. What it does not tell lets nobody in.
func (c *caller) groups() []string {
	if !c.grouped {
		c.grouped = true
		c.member, _ = peer.GroupsOf(c.Conn.Conn, c.Peer)
	}
	return c.member
}

// ready returns who the names of a roster are. What was looked up too long ago is looked up again, by one caller for all.
func (p *people) ready(ctx context.Context, st *state) *crowd {
	if c := p.current(st); c != nil {
		return c
	}
	p.looking.Lock()
	defer p.looking.Unlock()
	if c := p.current(st); c != nil {
		return c
	}
	c := p.lookUp(ctx, st)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.crowd = c
	return c
}

func (p *people) current(st *state) *crowd {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.crowd != nil && p.crowd.of == st && !over(p.now(), p.crowd.at, p.crowd.holds) {
		return p.crowd
	}
	return nil
}

// lookUp looks up all names of a roster, and warns of those that are nobody's.
func (p *people) lookUp(ctx context.Context, st *state) *crowd {
	ctx, cancel := context.WithTimeout(ctx, lookUpTime)
	defer cancel()
	all := st.roster.Allowed()
	users, userFaults := lookUpEach(ctx, all, func(a roster.Allowed) []string { return a.Users }, p.accounts.User)
	groups, groupFaults := lookUpEach(ctx, all, func(a roster.Allowed) []string { return a.Groups }, p.accounts.Group)
	c := &crowd{of: st, at: p.now(), holds: knownFor, users: users, groups: groups}
	untold := false
	var texts []string
	for _, a := range all {
		for _, of := range []struct {
			names  []string
			faults map[string]error
		}{{a.Users, userFaults}, {a.Groups, groupFaults}} {
			for _, name := range of.names {
				switch err := of.faults[name]; {
				case errors.Is(err, errNobodyNamed):
					texts = append(texts, fmt.Sprintf("allow of %s names nobody: %s", a.Of, name))
				case err != nil:
					untold = true
					texts = append(texts, fmt.Sprintf("allow of %s names %s, who cannot be looked up now and is not let in: %v", a.Of, name, err))
				}
			}
		}
	}
	if untold {
		c.holds = unknownFor
	}
	p.warn("allow", several(texts))
	return c
}

var errNobodyNamed = errors.New("there is nobody of this name")

// lookUpEach looks up each name once. A name is in one of both results.
func lookUpEach[T any](ctx context.Context, all []roster.Allowed, of func(roster.Allowed) []string, ask func(context.Context, string) (T, bool, error)) (map[string]T, map[string]error) {
	faults := map[string]error{}
	for _, a := range all {
		for _, name := range of(a) {
			faults[name] = nil
		}
	}
	var mu sync.Mutex
	found := map[string]T{}
	inParallel(lookUps, slices.Collect(maps.Keys(faults)), func(name string) {
		t, ok, err := ask(ctx, name)
		mu.Lock()
		defer mu.Unlock()
		switch {
		case err != nil:
			faults[name] = err
		case !ok:
			faults[name] = errNobodyNamed
		default:
			found[name] = t
			delete(faults, name)
		}
	})
	return found, faults
}

// several writes a few warnings as one.
func several(texts []string) string {
	const most = 5
	if more := len(texts) - most; more > 0 {
		texts = append(texts[:most:most], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(texts, "; ")
}

// name is what a user is called in session names and in the audit log: by number where the system has no name, or does not tell it.
func (p *people) name(ctx context.Context, u peer.User) string {
	if name := p.known(ctx, u); name != "" {
		return name
	}
	if u.SID != "" {
		return u.SID
	}
	return "uid" + u.String()
}

// known is the name that the system has for a user, "" if none.
func (p *people) known(ctx context.Context, u peer.User) string {
	p.mu.Lock()
	known, ok := p.called[u]
	p.mu.Unlock()
	if now := p.now(); !ok || over(now, known.at, knownFor) {
		known.at = now
		switch name, ok, err := p.accounts.Name(ctx, u); {
		case err != nil: // it stays what it was: sessions are by name, too
		case ok:
			known.name = name
		default:
			known.name = ""
		}
		p.mu.Lock()
		if len(p.called) >= mostNames {
			clear(p.called)
		}
		p.called[u] = known
		p.mu.Unlock()
	}
	return known.name
}
