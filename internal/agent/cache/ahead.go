package cache

import (
	"context"
	"math/rand/v2"
	"time"

	"credd/internal/agent/cred"
)

const (
	maxNap  = 5 * time.Minute  // Run looks at the wall clock at least this often while sessions live: a laptop sleeps without timers
	retains = 10 * time.Minute // how long a failure without a session is kept, so that its pause goes on growing
)

// window is when the SDKs begin to ask again: botocore 15 minutes before expiry, its newer versions 5, 15 or 60 minutes
// for lifetimes up to 20, below 90, and from 90 minutes.
func window(life time.Duration) time.Duration {
	switch {
	case life <= 20*time.Minute:
		return 5 * time.Minute
	case life < 90*time.Minute:
		return 15 * time.Minute
	}
	return time.Hour
}

// refreshAt returns when to fetch the next session: before the SDKs ask, by a random part of the lifetime, so that roles
// fetched together are not refreshed together.
func refreshAt(s *cred.Session) time.Time {
	life := s.Expires.Sub(s.Issued)
	early := life/60 + rand.N(life/30+1)
	return s.Expires.Add(-window(life) - early)
}

// Run refreshes sessions ahead until ctx ends. It sleeps while there is nothing to do.
func (c *Cache) Run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-c.changed:
		}
		timer.Stop()
		if next := c.Sweep(); !next.IsZero() {
			timer.Reset(max(time.Millisecond, min(maxNap, next.Sub(c.now()))))
		}
	}
}

// Sweep begins the refreshes that are due, forgets what has expired, and returns when to sweep again: zero for not
// before something changes.
func (c *Cache) Sweep() (next time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	for key, e := range c.entries {
		if e.wanted && e.session != nil && !now.Before(e.refreshAt) && !now.Before(e.failure.until) && e.left(now) > 0 {
			e.wanted = false
			c.start(key, e)
		}
		if e.flight != nil { // its landing pokes Run
			continue
		}
		at := e.due(now)
		if !now.Before(at) {
			delete(c.entries, key)
			continue
		}
		if next.IsZero() || at.Before(next) {
			next = at
		}
	}
	return next
}

// Settle waits for the flights that are under way now.
func (c *Cache) Settle() {
	c.mu.Lock()
	var under []*flight
	for _, e := range c.entries {
		if e.flight != nil {
			under = append(under, e.flight)
		}
	}
	c.mu.Unlock()
	for _, f := range under {
		<-f.done
	}
}

// due is when the entry next needs a look: its refresh, else its end.
func (e *entry) due(now time.Time) time.Time {
	end := e.failure.until.Add(retains)
	if e.left(now) > 0 {
		end = e.session.Expires
	}
	at := e.refreshAt
	if at.Before(e.failure.until) {
		at = e.failure.until
	}
	if e.wanted && e.session != nil && now.Before(at) && at.Before(end) {
		return at
	}
	return end
}

// poke tells Run to sweep again.
func (c *Cache) poke() {
	select {
	case c.changed <- struct{}{}:
	default:
	}
}

// Live is a session in memory.
type Live struct {
	Key     Key
	Session *cred.Session
	Asked   time.Time
}

// Live returns the sessions that have not expired, in no order.
func (c *Cache) Live() []Live {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	var live []Live
	for key, e := range c.entries {
		if e.left(now) > 0 {
			live = append(live, Live{key, e.session, e.asked})
		}
	}
	return live
}

// Retry returns when a key that failed is fetched again at the earliest, zero if it did not fail.
func (c *Cache) Retry(key Key) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.entries[key]; e != nil {
		return e.failure.until
	}
	return time.Time{}
}

// Retries returns when each role that failed is fetched again at the earliest, for the last of its holders.
func (c *Cache) Retries() map[string]time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := map[string]time.Time{}
	for key, e := range c.entries {
		if e.failure.until.After(out[key.Role]) {
			out[key.Role] = e.failure.until
		}
	}
	return out
}

// Drop forgets the sessions and failures that match (the session is nil if there is none) and returns the keys that had a live session. A flight
// under way still answers those who wait for it, and no one after.
func (c *Cache) Drop(match func(Key, *cred.Session) bool) []Key {
	c.mu.Lock()
	defer c.mu.Unlock()
	var dropped []Key
	for key, e := range c.entries {
		if !match(key, e.session) {
			continue
		}
		if e.left(c.now()) > 0 {
			dropped = append(dropped, key)
		}
		delete(c.entries, key)
	}
	return dropped
}

// Rest lets sessions that match be refreshed ahead only once they are asked for again.
func (c *Cache) Rest(match func(Key) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for key, e := range c.entries {
		if e.wanted && match(key) {
			e.wanted = false
		}
	}
}

// Forgive forgets remembered failures that match, so that the next caller tries at once.
func (c *Cache) Forgive(match func(Key, error) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for key, e := range c.entries {
		if e.failure.err != nil && match(key, e.failure.err) {
			e.failure = failure{}
		}
	}
}
