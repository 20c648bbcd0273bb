package agent

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"credd/internal/agent/roster"
	"credd/internal/customer"
	"credd/internal/customer/verify"
)

const (
	writeSoon  = 2 * time.Second // news are written together
	writeAgain = time.Hour       // that a role still works is no news
	writeRetry = time.Minute     // after a disk was full
	mostWrites = 64              // at once, so that a thousand roles that are asked for together take no memory for this
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

// news is one thing that was seen of a role.
type news struct {
	role *roster.Role
	at   time.Time
	set  func(s customer.Seen) (now customer.Seen, urgent, changed bool)
}

func newMemory(dir string, now func() time.Time) *memory {
	return &memory{dir: dir, now: now, changed: make(chan struct{}, 1), by: map[string]*kept{}, written: now().Round(0)}
}

// settingsOf is the fingerprint of a role as it is configured.
func settingsOf(r *roster.Role) string { return customer.Settings(r.ARN, r.ExternalID, r.Source) }

// split returns a role's customer, and its name without it. Sources' own sessions are of no customer.
func split(r *roster.Role) (key, name string, ok bool) {
	key, name, ok = strings.Cut(r.Name, "/")
	return key, name, ok && !strings.HasPrefix(key, ownMark)
}

// worked and denied take a moment: the caller is the end of a flight.
func (m *memory) worked(r *roster.Role, at time.Time) {
	m.tell(r, func(s customer.Seen) (customer.Seen, bool, bool) {
		settings := settingsOf(r)
		urgent := s.Worked.IsZero() || !s.DeniedSince.IsZero() || s.Settings != settings
		s.Worked, s.Settings, s.ARN, s.Source = at.UTC().Round(0), settings, r.ARN, r.Source
		s.DeniedSince, s.DeniedWith = time.Time{}, ""
		return s, urgent, true
	})
}

func (m *memory) denied(r *roster.Role, at time.Time) {
	m.tell(r, func(s customer.Seen) (customer.Seen, bool, bool) {
		settings := settingsOf(r)
		if !s.DeniedSince.IsZero() && s.DeniedWith == settings {
			return s, false, false
		}
		s.DeniedSince, s.DeniedWith = at.UTC().Round(0), settings
		return s, true, true
	})
}

// checked keeps that a weekly test told something: what was wrong, if anything was beside a denial.
func (m *memory) checked(r *roster.Role, at time.Time, wrong string) {
	m.tell(r, func(s customer.Seen) (customer.Seen, bool, bool) {
		s.Checked, s.CheckFailed = at.UTC().Round(0), wrong
		return s, true, true
	})
}

// verified keeps a verification. One that found nothing out does not replace one that did.
func (m *memory) verified(r *roster.Role, v verify.Result) {
	m.tell(r, func(s customer.Seen) (customer.Seen, bool, bool) {
		if old := s.Verified; v.Verdict == verify.Inconclusive && old != nil && old.Verdict != verify.Inconclusive && old.Settings == v.Settings {
			return s, false, false
		}
		s.Verified, s.CheckFailed = &v, ""
		if v.Verdict == verify.Verified {
			s.Worked, s.Settings, s.ARN, s.Source = v.At.UTC().Round(0), v.Settings, r.ARN, r.Source
			s.DeniedSince, s.DeniedWith = time.Time{}, ""
		}
		return s, true, true
	})
}

func (m *memory) tell(r *roster.Role, set func(customer.Seen) (customer.Seen, bool, bool)) {
	if _, _, ok := split(r); !ok {
		return
	}
	m.queue.Lock()
	m.news = append(m.news, news{r, m.now().Round(0), set})
	m.queue.Unlock()
	select {
	case m.changed <- struct{}{}:
	default:
	}
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

// run writes what is to be written until ctx ends. It sleeps while there is nothing.
func (m *memory) run(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		timer.Stop()
		if next := m.flush(false); next > 0 {
			timer.Reset(next)
		}
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-m.changed:
		}
	}
}

// flush writes what is due, all that is not written, or that of some customers only, and returns after how long something is due
// again, 0 for nothing.
func (m *memory) flush(all bool, only ...string) time.Duration {
	m.saving.Lock()
	defer m.saving.Unlock()
	m.mu.Lock()
	m.take()
	now := m.now().Round(0)
	due := m.due(now, all, only)
	m.mu.Unlock()
	var failed error
	unsaved := map[string]bool{}
	for key, r := range due {
		if err := r.Save(m.dir, key); err != nil {
			failed, unsaved[key] = err, true
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case failed != nil:
		m.failed = now
		m.warn("records", "what is seen of roles cannot be written, and is lost when credd ends: "+failed.Error())
	case len(due) > 0:
		m.failed = time.Time{}
		m.warn("records", "")
	}
	for key := range due {
		k := m.by[key]
		if k == nil {
			continue
		}
		k.saving = false
		if unsaved[key] {
			k.since, k.stale = now, true
		}
		m.prune(key)
	}
	return m.next(now)
}

// due takes the records to write now. m.mu is held.
func (m *memory) due(now time.Time, all bool, only []string) map[string]customer.Record {
	out, whole := map[string]customer.Record{}, true
	hourly := over(now, m.written, writeAgain)
	for key, k := range m.by {
		news := !k.since.IsZero() && over(now, k.since, writeSoon) && (m.failed.IsZero() || over(now, m.failed, writeRetry))
		if asked := len(only) > 0 && slices.Contains(only, key); !k.stale || !asked && (len(only) > 0 || !(all || news || hourly)) {
			continue
		}
		if whole = all || len(out) < mostWrites; !whole {
			break
		}
		roles, ok := m.inForce(key)
		if !ok { // it went while its role was being assumed
			delete(m.by, key)
			continue
		}
		maps.DeleteFunc(k.record.Roles, func(name string, _ customer.Seen) bool { return !slices.Contains(roles, name) })
		r := k.record
		r.Roles = maps.Clone(r.Roles)
		out[key] = r
		k.since, k.stale, k.saving = time.Time{}, false, true
	}
	if hourly && whole && len(only) == 0 && len(out) > 0 {
		m.written = now
	}
	return out
}

// next is how long nothing is due. m.mu is held.
func (m *memory) next(now time.Time) time.Duration {
	var next time.Duration
	if m.unread {
		next = writeRetry
	}
	for _, k := range m.by {
		var at time.Time
		switch {
		case !k.since.IsZero() && !m.failed.IsZero():
			at = m.failed.Add(writeRetry)
		case !k.since.IsZero():
			at = k.since.Add(writeSoon)
		case k.stale:
			at = m.written.Add(writeAgain)
		default:
			continue
		}
		if d := max(at.Sub(now), 10*time.Millisecond); next == 0 || d < next {
			next = d
		}
	}
	return next
}

// over reports whether a time has passed since then, by a clock that may have been set back meanwhile.
func over(now, then time.Time, d time.Duration) bool {
	since := now.Sub(then)
	return since >= d || since < 0
}
