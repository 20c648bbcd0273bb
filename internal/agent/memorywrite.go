package agent

import (
	"context"
	"maps"
	"math"
	"slices"
	"time"

	"credd/internal/customer"
)

const (
	writeSoon  = 2 * time.Second // news are written together
	writeAgain = time.Hour       // that a role still works is no news
	writeRetry = time.Minute     // after a disk was full
	mostWrites = 64              // at once, so that a thousand roles that are asked for together take no memory for this
)

// run writes what is to be written until ctx ends. It sleeps while there is nothing.
func (m *memory) run(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		timer.Stop()
		if next := m.flush(); next > 0 {
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

// flush writes what is due, and returns after how long something is due again, 0 for nothing.
func (m *memory) flush() time.Duration {
	return m.write(mostWrites, func(_ string, k *kept, now time.Time) bool {
		soon := !k.since.IsZero() && over(now, k.since, writeSoon) && (m.failed.IsZero() || over(now, m.failed, writeRetry))
		return soon || over(now, m.written, writeAgain)
	})
}

// flushNews writes what changed without waiting for more to write with it: who asks for status looks at the files next.
func (m *memory) flushNews() {
	m.write(mostWrites, func(_ string, k *kept, now time.Time) bool {
		return !k.since.IsZero() && (m.failed.IsZero() || over(now, m.failed, writeRetry))
	})
}

// flushAll writes all that is not written.
func (m *memory) flushAll() {
	m.write(math.MaxInt, func(string, *kept, time.Time) bool { return true })
}

// flushOf writes what is not written of some customers.
func (m *memory) flushOf(customers ...string) {
	m.write(math.MaxInt, func(key string, _ *kept, _ time.Time) bool { return slices.Contains(customers, key) })
}

// write writes the records that are wanted, and returns after how long something is due again, 0 for nothing.
func (m *memory) write(most int, wanted func(key string, k *kept, now time.Time) bool) time.Duration {
	m.saving.Lock()
	defer m.saving.Unlock()
	m.mu.Lock()
	m.take()
	now := m.now().Round(0)
	chosen := m.choose(now, most, wanted)
	m.mu.Unlock()
	var failed error
	unsaved := map[string]bool{}
	for key, r := range chosen {
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
	case len(chosen) > 0:
		m.failed = time.Time{}
		m.warn("records", "")
	}
	for key := range chosen {
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

// choose takes the records to write now. m.mu is held.
func (m *memory) choose(now time.Time, most int, wanted func(key string, k *kept, now time.Time) bool) map[string]customer.Record {
	out, left := map[string]customer.Record{}, 0
	for key, k := range m.by {
		if !k.stale {
			continue
		}
		if len(out) == most || !wanted(key, k, now) {
			left++
			continue
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
	if left == 0 && len(out) > 0 && over(now, m.written, writeAgain) {
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
