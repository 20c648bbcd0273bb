package fakeaws

import "time"

// Now returns the server's time. Signatures, expirations and Date headers go by it.
func (s *Server) Now() time.Time {
	s.mu.Lock()
	now, advanced := s.now, s.advanced
	s.mu.Unlock()
	return now().Add(advanced).Round(0)
}

// SetClock makes the server tell the time by now. What Advance added is forgotten.
func (s *Server) SetClock(now func() time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now, s.advanced = now, 0
}

// Advance moves the clock, backwards where d is negative.
func (s *Server) Advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advanced += d
}
