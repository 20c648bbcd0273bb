package source

import (
	"context"
	"errors"
	"sync"
	"time"

	"credd/internal/agent/cred"
)

const (
	mostEarly  = 20 * time.Minute // before its end a session is renewed, so that one handed out suits the SDKs' windows
	leastEarly = time.Minute
	renewAgain = 30 * time.Second // after a renewal that failed while the session before still lives
)

// held keeps a session and renews it: one call however many ask. A session that still lives is not given up because its
// renewal failed.
type held struct {
	now func() time.Time

	mu      sync.Mutex
	session *cred.Session // nil for none
	early   time.Duration
	flight  *flight
	again   time.Time // when a renewal that failed is tried again
}

type flight struct {
	done    chan struct{}
	session *cred.Session
	err     error
}

// get returns the session, from memory or by fetch, which the first caller runs for all.
func (h *held) get(ctx context.Context, fetch func(context.Context) (*cred.Session, error)) (*cred.Session, error) {
	for {
		h.mu.Lock()
		now := h.now()
		if s := h.session; s != nil && (s.Left(now) > h.early || s.Left(now) > 0 && now.Before(h.again)) {
			h.mu.Unlock()
			return s, nil
		}
		f := h.flight
		if f == nil {
			f = &flight{done: make(chan struct{})}
			h.flight = f
			h.mu.Unlock()
			s, err := fetch(ctx)
			return h.land(f, s, err)
		}
		h.mu.Unlock()
		select {
		case <-f.done:
			// The caller that fetched may have gone away; that is no answer for us.
			if errors.Is(f.err, context.Canceled) && ctx.Err() == nil {
				continue
			}
			return f.session, f.err
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (h *held) land(f *flight, s *cred.Session, err error) (*cred.Session, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	defer close(f.done)
	h.flight = nil
	now := h.now()
	switch {
	case err == nil:
		h.keep(s)
	case h.session != nil && h.session.Left(now) > 0:
		h.again = now.Add(renewAgain)
		s, err = h.session, nil
	}
	f.session, f.err = s, err
	return s, err
}

// keep takes a session. h.mu is held.
func (h *held) keep(s *cred.Session) {
	now := h.now()
	if s.Issued.IsZero() {
		s.Issued = now.UTC().Round(0)
	}
	h.session, h.again = s, time.Time{}
	h.early = max(leastEarly, min(mostEarly, s.Left(now)/3))
}

// put takes a session that came in another way than by get.
func (h *held) put(s *cred.Session) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.keep(s)
}

// drop forgets the session.
func (h *held) drop() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.session, h.again = nil, time.Time{}
}

// retry lets a renewal that failed be tried at once.
func (h *held) retry() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.again = time.Time{}
}

func (h *held) until() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.session == nil {
		return time.Time{}
	}
	return h.session.Expires
}

// minted is a source whose session is had by one call that needs nobody.
type minted struct {
	spec  Spec
	held  held
	who   string // for Fingerprint: what makes it somebody
	fetch func(context.Context) (*cred.Session, error)
}

func (m *minted) Credentials(ctx context.Context) (*cred.Session, error) {
	return m.held.get(ctx, m.fetch)
}
func (m *minted) Endpoint() (region, url string) { return m.spec.Region, m.spec.Endpoint }
func (m *minted) Fingerprint() string            { return m.spec.Type + " " + m.who }
func (m *minted) Reload()                        { m.held.retry() }
func (m *minted) Invalidate()                    { m.held.drop() }
func (m *minted) State() State                   { return State{Until: m.held.until()} }
