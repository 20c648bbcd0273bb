package agent

import (
	"errors"
	"maps"
	"sync"
	"time"

	"credd/internal/agent/roster"
	"credd/internal/customer"
)

// memory keeps what is seen of roles over restarts, a file a customer. Of these only what is not written yet is held here; it is
// written behind the requests.
type memory struct {
	dir     string
	now     func() time.Time
	inForce func(key string) (roles []string, ok bool) // of a customer, without its name; not ok: it is gone
	warn    func(about, text string)
	told    func(role string, seen customer.Seen) // of each change
	changed chan struct{}

	queue sync.Mutex // never held while a file is read or written
	news  []news

	mu      sync.Mutex // held while a file is read, not while one is written
	by      map[string]*kept
	written time.Time // what is no news, last
	failed  time.Time // a write; zero: the last one worked
	unread  bool      // there is news of a record that cannot be read

	saving sync.Mutex // one at a time
}

// kept is the record of one customer.
type kept struct {
	record customer.Record
	since  time.Time // there is news to write; zero: none
	stale  bool      // what is written is older than what is known
	saving bool      // it is being written
}

func newMemory(dir string, now func() time.Time) *memory {
	return &memory{dir: dir, now: now, changed: make(chan struct{}, 1), by: map[string]*kept{}, written: now().Round(0)}
}

// of returns what was seen of a role.
func (m *memory) of(r *roster.Role) customer.Seen {
	key, name, ok := split(r)
	if !ok {
		return customer.Seen{}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.take()
	defer m.prune(key)
	if k := m.load(key); k != nil {
		return k.record.Roles[name]
	}
	return customer.Seen{}
}

// keep holds news for later: a record that cannot be read must not be written over. m.mu is held.
func (m *memory) keep(n news) {
	const most = 1000
	m.queue.Lock()
	defer m.queue.Unlock()
	if len(m.news) < most {
		m.news = append(m.news, n)
	}
	m.unread = true
}

// take puts the news where they belong. m.mu is held.
func (m *memory) take() {
	m.queue.Lock()
	all := m.news
	m.news, m.unread = nil, false
	m.queue.Unlock()
	for _, n := range all {
		key, name, _ := split(n.role)
		k := m.load(key)
		if k == nil {
			m.keep(n)
			continue
		}
		now, urgent, changed := n.set(k.record.Roles[name])
		if !changed {
			m.prune(key)
			continue
		}
		k.record.Roles[name] = now
		k.stale = true
		if urgent && k.since.IsZero() {
			k.since = n.at
		}
		m.told(n.role.Name, now)
	}
}

// peek returns a customer's roles without keeping them in memory.
func (m *memory) peek(key string) map[string]customer.Seen {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.take()
	if k := m.by[key]; k != nil {
		return maps.Clone(k.record.Roles)
	}
	r, _ := customer.Load(m.dir, key) // an error is told when the customer is needed
	return r.Roles
}

// prune lets go of a record that is as its file. m.mu is held.
func (m *memory) prune(key string) {
	if k := m.by[key]; k != nil && !k.stale && !k.saving {
		delete(m.by, key)
	}
}

// load returns a customer's record, from its file if it is not held; nil if that cannot be read now. m.mu is held.
func (m *memory) load(key string) *kept {
	if k := m.by[key]; k != nil {
		return k
	}
	r, err := customer.Load(m.dir, key)
	if errors.Is(err, customer.ErrBroken) {
		text := "what was seen of " + key + " could not be read, and is begun anew: " + err.Error()
		if aside, err := customer.SetAside(m.dir, key); err == nil {
			text += "; it is kept as " + aside
		}
		m.warn("record "+key, text+"; verify again what was verified: credd customer verify "+key)
	} else if err != nil {
		m.warn("unread "+key, "what was seen of "+key+" cannot be read: "+err.Error())
		return nil
	}
	m.warn("unread "+key, "")
	if r.Roles == nil {
		r.Roles = map[string]customer.Seen{}
	}
	k := &kept{record: r}
	m.by[key] = k
	return k
}

// forget drops what is known of customers that are gone, without writing it: whoever retired them moves their record. Once it
// returns nothing more is written of them.
func (m *memory) forget() {
	if m.drop() {
		m.saving.Lock()
		defer m.saving.Unlock()
	}
}

// drop reports whether something of them is being written.
func (m *memory) drop() (saving bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.take()
	for key, k := range m.by {
		if _, ok := m.inForce(key); !ok {
			saving = saving || k.saving
			delete(m.by, key)
		}
	}
	return saving
}
