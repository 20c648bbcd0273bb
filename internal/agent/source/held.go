package source

import (
	"context"
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
	now   func() time.Time
	calls shared[*cred.Session]

	mu      sync.Mutex
	session *cred.Session // nil for none
	early   time.Duration
	again   time.Time // when a renewal that failed is tried again
	drops   int
}

// get returns the session, from memory or by fetch, which the first caller runs for all.
func (h *held) get(ctx context.Context, fetch func(context.Context) (*cred.Session, error)) (*cred.Session, error) {
	if s := h.good(); s != nil {
		return s, nil
	}
	return h.calls.do(ctx, func(ctx context.Context) (*cred.Session, error) {
		if s := h.good(); s != nil {
			return s, nil // of a call that landed meanwhile
		}
		mark := h.mark()
		s, err := fetch(ctx)
		return h.land(mark, s, err)
	})
}

// good returns the session if it need not be renewed, or not yet again.
func (h *held) good() *cred.Session {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.now()
	if s := h.session; s != nil && (s.Left(now) > h.early || s.Left(now) > 0 && now.Before(h.again)) {
		return s
	}
	return nil
}

func (h *held) land(mark int, s *cred.Session, err error) (*cred.Session, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.now()
	switch {
	case mark != h.drops: // what it brings is of before
	case err == nil:
		h.keep(s)
	case h.session != nil && h.session.Left(now) > 0:
		h.again = now.Add(renewAgain)
		return h.session, nil
	}
	return s, err
}

// mark changes when the session is dropped: what was begun before is not to be kept.
func (h *held) mark() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.drops
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

// put takes a session that came in another way than by get, unless there was a drop since mark.
func (h *held) put(mark int, s *cred.Session) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if mark == h.drops {
		h.keep(s)
	}
}

// drop forgets the session, and what a call under way brings.
func (h *held) drop() {
	h.mu.Lock()
	h.forget()
	h.mu.Unlock()
	h.calls.abandon()
}

// refused forgets the session if it is the one with keyID, and reports whether it was.
func (h *held) refused(keyID string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.session == nil || h.session.AccessKeyID != keyID {
		return false
	}
	h.forget()
	return true
}

// forget is drop with h.mu held.
func (h *held) forget() {
	h.session, h.again = nil, time.Time{}
	h.drops++
}

// living returns the session while it lives, nil after.
func (h *held) living() *cred.Session {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.session == nil || h.session.Left(h.now()) <= 0 {
		return nil
	}
	return h.session
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
func (m *minted) Reload()                        {}
func (m *minted) Forgive()                       { m.held.retry() }
func (m *minted) Invalidate(keyID string)        { m.held.refused(keyID) }
func (m *minted) State() State                   { return State{Until: m.held.until()} }
