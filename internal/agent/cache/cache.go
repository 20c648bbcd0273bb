// Package cache keeps sessions in memory: one flight per key however many wait, refreshed ahead of the SDKs' own
// windows, served to their end when AWS does not answer.
package cache

import (
	"context"
	"sync"
	"time"

	"credd/internal/agent/cred"
)

const (
	// Floor is the least life of a session that is handed out while AWS answers.
	Floor = 5 * time.Minute

	flightTimeout = 20 * time.Second // of one fetch with its retries, whoever waits
	patience      = 5 * time.Second  // how long a caller waits for a fresh session when one below Floor is still alive

	sameAgain = time.Minute // after a refresh that brought the same session

	firstPause = 2 * time.Second // how long a failure is remembered; doubled each time

	// MaxPause is the longest that a failure is remembered.
	MaxPause = 30 * time.Second
)

// Key names a session by all that changes it or its attribution.
type Key struct {
	Role        string
	Holder      string // whose it is
	Fingerprint string // of everything else
}

// Fetch gets a new session. Its context belongs to the flight, not to a caller.
type Fetch func(context.Context) (*cred.Session, error)

// Answer is a session with its finished document.
type Answer struct {
	Session  *cred.Session
	Document []byte
	Fresh    bool // fetched for this caller's flight
}

// Cache is safe for concurrent use.
type Cache struct {
	now     func() time.Time
	longest func(error) time.Duration

	ctx     context.Context // of the flights; Close ends them
	cancel  context.CancelFunc
	flights sync.WaitGroup
	changed chan struct{} // tells Run that there is something earlier to do

	mu      sync.Mutex
	entries map[Key]*entry
}

type entry struct {
	fetch     Fetch
	session   *cred.Session // nil before the first success
	document  []byte
	asked     time.Time
	wanted    bool // asked for since the last refresh ahead
	refreshAt time.Time
	failure   failure
	flight    *flight // nil if none is under way
}

type failure struct {
	err   error
	count int       // in a row
	until time.Time // not fetched again before, unless a caller insists
}

// flight is one fetch. Its fields are set before done is closed and not after.
type flight struct {
	done   chan struct{}
	answer Answer
	err    error
}

// New returns an empty cache that tells the time by now. longest returns how long a failure is remembered at
// most; MaxPause is the limit.
func New(now func() time.Time, longest func(error) time.Duration) *Cache {
	ctx, cancel := context.WithCancel(context.Background())
	return &Cache{
		now: now, longest: longest,
		ctx: ctx, cancel: cancel, changed: make(chan struct{}, 1),
		entries: map[Key]*entry{},
	}
}

// Get returns the session of key, from memory if it has Floor left, else by fetch, which all callers of the key share. If
// fetching fails or takes long, a session that is still alive is returned all the same.
func (c *Cache) Get(ctx context.Context, key Key, fetch Fetch) (Answer, error) {
	c.mu.Lock()
	now := c.now()
	e := c.entry(key, fetch)
	e.asked, e.wanted = now, true
	left, paused := e.left(now), now.Before(e.failure.until)
	if left >= Floor && !paused && !now.Before(e.refreshAt) {
		c.start(key, e) // in the background
	}
	if left >= Floor || left > 0 && paused {
		defer c.mu.Unlock()
		return e.answer(), nil
	}
	if paused {
		defer c.mu.Unlock()
		return Answer{}, e.failure.err
	}
	old, f := e.answer(), c.start(key, e)
	c.mu.Unlock()
	if left <= 0 {
		return f.wait(ctx)
	}
	return c.waitOr(ctx, f, old)
}

// waitOr waits for a flight, but not for long: then old is good enough, as long as it is alive.
func (c *Cache) waitOr(ctx context.Context, f *flight, old Answer) (Answer, error) {
	short, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	a, err := f.wait(short)
	if err == nil {
		return a, nil
	}
	if old.Session.Left(c.now()) > 0 {
		return old, nil
	}
	return f.wait(ctx)
}

// Refresh fetches a new session now, also while a failure is remembered. A good session stays if that fails.
func (c *Cache) Refresh(ctx context.Context, key Key, fetch Fetch) (Answer, error) {
	c.mu.Lock()
	f := c.start(key, c.entry(key, fetch))
	c.mu.Unlock()
	return f.wait(ctx)
}

func (f *flight) wait(ctx context.Context) (Answer, error) {
	select {
	case <-f.done:
		return f.answer, f.err
	case <-ctx.Done():
		return Answer{}, ctx.Err()
	}
}

func (c *Cache) entry(key Key, fetch Fetch) *entry {
	e := c.entries[key]
	if e == nil {
		e = &entry{}
		c.entries[key] = e
	}
	e.fetch = fetch
	return e
}

// start returns the flight under way for e, or begins one. c.mu is held.
func (c *Cache) start(key Key, e *entry) *flight {
	if e.flight != nil {
		return e.flight
	}
	f := &flight{done: make(chan struct{})}
	e.flight = f
	fetch := e.fetch
	c.flights.Go(func() {
		ctx, cancel := context.WithTimeout(c.ctx, flightTimeout)
		defer cancel()
		s, err := fetch(ctx)
		c.land(key, e, f, s, err)
	})
	return f
}

// land ends a flight. An entry that was dropped meanwhile gives its waiters their answer and is forgotten.
func (c *Cache) land(key Key, e *entry, f *flight, s *cred.Session, err error) {
	var doc []byte
	if err == nil {
		doc, err = s.Document()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	defer close(f.done)
	e.flight = nil
	now := c.now()
	if err != nil {
		f.err = err
		e.failure = e.failure.again(err, now, min(MaxPause, c.longest(err)))
		return
	}
	same := e.session != nil && e.session.AccessKeyID == s.AccessKeyID
	e.session, e.document, e.failure = s, doc, failure{}
	e.refreshAt = refreshAt(s)
	if again := now.Add(sameAgain); same && e.refreshAt.Before(again) {
		e.refreshAt = again // a source that gives what it gave before is not asked at every call
	}
	f.answer = e.answer()
	f.answer.Fresh = true
	c.poke()
}

func (f failure) again(err error, now time.Time, limit time.Duration) failure {
	pause := firstPause << min(f.count, 8)
	return failure{err: err, count: f.count + 1, until: now.Add(min(pause, limit))}
}

func (e *entry) left(now time.Time) time.Duration {
	if e.session == nil {
		return 0
	}
	return e.session.Left(now)
}

func (e *entry) answer() Answer { return Answer{Session: e.session, Document: e.document} }

// Close ends all flights and waits for them.
func (c *Cache) Close() {
	c.cancel()
	c.flights.Wait()
}
