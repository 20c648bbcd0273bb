package fakeaws

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Fault is a way in which AWS, or the way to it, fails.
type Fault string

const (
	Healthy     Fault = ""
	Throttle    Fault = "throttle"    // 400 Throttling
	ServerError Fault = "500"         // 500 InternalFailure
	Unavailable Fault = "503"         // 503 ServiceUnavailable
	Stall       Fault = "stall"       // no answer until another fault is set, or none; then a good one
	Drop        Fault = "drop"        // the connection is closed without an answer
	Cut         Fault = "cut"         // the connection is closed in the middle of the answer
	InvalidXML  Fault = "invalid XML" // HTTP is fine, the answer is not

	// Lies: AssumeRole works, and its answer is wrong.
	NoExpiration   Fault = "no expiration"
	PastExpiration Fault = "past expiration" // an hour ago
	FarExpiration  Fault = "far expiration"  // in ten years
	NoKeys         Fault = "no keys"
	WrongAccount   Fault = "wrong account" // the session's ARN is of another account
)

// refusals are the faults that AWS itself reports.
var refusals = map[Fault]*apiError{
	Throttle:    {http.StatusBadRequest, "Throttling", "Rate exceeded"},
	ServerError: {http.StatusInternalServerError, "InternalFailure", "The request processing has failed because of an unknown error, exception or failure."},
	Unavailable: {http.StatusServiceUnavailable, "ServiceUnavailable", "The request has failed due to a temporary failure of the server."},
}

// fault is a Fault in force.
type fault struct {
	kind Fault
	over chan struct{} // closed when the fault is replaced
}

// SetFault breaks every request, or with a role's ARN only those on this role, until it is set again; Healthy mends.
// A role's own fault goes before the fault of all.
func (s *Server) SetFault(roleARN string, f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old, ok := s.faults[roleARN]; ok {
		close(old.over)
		delete(s.faults, roleARN)
	}
	if f != Healthy {
		s.faults[roleARN] = fault{f, make(chan struct{})}
	}
}

// SetLatency delays every request by d, or with a role's ARN only those on this role; 0 ends that.
func (s *Server) SetLatency(roleARN string, d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.latency[roleARN] = d
	if d == 0 {
		delete(s.latency, roleARN)
	}
}

// holdUp waits as latency and Stall demand. It returns the fault to answer with, and whether anyone still waits.
func (s *Server) holdUp(ctx context.Context, roleARN string) (f Fault, alive bool) {
	s.mu.Lock()
	latency, fault := pick(s.latency, roleARN), pick(s.faults, roleARN)
	s.mu.Unlock()
	if latency > 0 {
		timer := time.NewTimer(latency)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return Healthy, false
		}
	}
	if fault.kind != Stall {
		return fault.kind, true
	}
	select {
	case <-fault.over:
		return Healthy, true
	case <-ctx.Done():
		return Healthy, false
	}
}

// pick returns what is set for the role, else what is set for all.
func pick[T any](m map[string]T, roleARN string) T {
	if v, ok := m[roleARN]; ok {
		return v
	}
	return m[""]
}

// lie changes the answer to an AssumeRole that worked.
func (f Fault) lie(result any, now time.Time) {
	r, ok := result.(*assumeRoleResult)
	if !ok {
		return
	}
	switch f {
	case NoExpiration:
		r.Credentials.Expiration = ""
	case PastExpiration:
		r.Credentials.Expiration = formatTime(now.Add(-time.Hour))
	case FarExpiration:
		r.Credentials.Expiration = formatTime(now.AddDate(10, 0, 0))
	case NoKeys:
		r.Credentials = credentials{Expiration: r.Credentials.Expiration}
	case WrongAccount:
		p := strings.SplitN(r.AssumedRoleUser.ARN, ":", 6)
		p[4] = "999999999999"
		r.AssumedRoleUser.ARN = strings.Join(p, ":")
	}
}

// write sends the answer, unless the fault is about the answer itself.
func (f Fault) write(w http.ResponseWriter, status int, body []byte) {
	if f == InvalidXML {
		body = []byte("<html><body>Service <b>unavailable</body>")
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if f != Cut {
		w.Write(body) // an error is the caller's going away
		return
	}
	w.Write(body[:len(body)/2])
	http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}
