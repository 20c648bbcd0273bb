package fakeaws

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// Request is one request as it arrived: nothing in it was checked. It holds no secret, token, code or external ID.
type Request struct {
	Action         string
	RoleARN        string
	SessionName    string
	Duration       time.Duration // 0 where none was asked for
	Tags           map[string]string
	TransitiveTags []string
	SourceIdentity string
	Region         string // of the signature
	KeyID          string // of the signature
	UserAgent      string
	Time           time.Time // by the server's clock
}

func parseRequest(r *http.Request, form url.Values, now time.Time) Request {
	seconds, _ := strconv.Atoi(form.Get("DurationSeconds"))
	auth, _ := parseAuthorization(r.Header.Get("Authorization"))
	req := Request{
		Action:         form.Get("Action"),
		RoleARN:        form.Get("RoleArn"),
		SessionName:    form.Get("RoleSessionName"),
		Duration:       time.Duration(seconds) * time.Second,
		TransitiveTags: members(form, "TransitiveTagKeys.member.%d"),
		SourceIdentity: form.Get("SourceIdentity"),
		Region:         auth.region,
		KeyID:          auth.keyID,
		UserAgent:      r.UserAgent(),
		Time:           now,
	}
	for _, t := range formTags(form) {
		if req.Tags == nil {
			req.Tags = map[string]string{}
		}
		req.Tags[t.key] = t.value
	}
	return req
}

// arrive notes a request as under way. It is counted before any fault or check, as a caller sees it: sent is sent.
func (s *Server) arrive(r Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, r)
	s.inFlight++
	close(s.arrived)
	s.arrived = make(chan struct{})
}

func (s *Server) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inFlight--
}

// Requests returns all requests so far, in the order in which they arrived.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// Calls returns how often action was asked for, refused and broken calls included.
func (s *Server) Calls(action string) int {
	return s.count(func(r Request) bool { return r.Action == action })
}

// CallsFor returns how often action was asked for on one role.
func (s *Server) CallsFor(action, roleARN string) int {
	return s.count(func(r Request) bool { return r.Action == action && r.RoleARN == roleARN })
}

func (s *Server) count(match func(Request) bool) int {
	n := 0
	for _, r := range s.Requests() {
		if match(r) {
			n++
		}
	}
	return n
}

// InFlight returns how many requests have arrived and are not answered yet.
func (s *Server) InFlight() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.inFlight
}

// WaitInFlight returns once at least n requests are under way, which only a stall or latency lets a test see for sure.
func (s *Server) WaitInFlight(ctx context.Context, n int) error {
	for {
		s.mu.Lock()
		have, arrived := s.inFlight, s.arrived
		s.mu.Unlock()
		if have >= n {
			return nil
		}
		select {
		case <-arrived:
		case <-ctx.Done():
			return fmt.Errorf("%d requests are under way, want %d: %w", have, n, ctx.Err())
		}
	}
}
