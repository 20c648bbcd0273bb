// Package fakeaws is an AWS for tests and the demo: an HTTP server on loopback that checks what STS checks and answers
// as STS answers, down to the error texts. It counts what it is asked, its clock moves, and it breaks on request.
package fakeaws

import (
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// Server is one fake AWS, with every account and every region behind one address. All methods may be called at any
// time and from any goroutine.
type Server struct {
	mu   sync.Mutex // guards all below; never held while a request waits
	addr string     // 127.0.0.1:port, the same after each Start
	run  *run       // nil while stopped

	now      func() time.Time
	advanced time.Duration

	identities map[string]*identity // by access key ID; ended sessions stay, STS tells expired from unknown
	roles      map[string]*role     // by ARN
	forbidden  map[string]bool      // caller ARNs that their own account does not let assume roles

	policies     map[string]grants    // AddPolicy's, by ARN
	users        map[string]*user     // by ARN
	devices      map[string]*device   // by serial number
	keyDelay     time.Duration        // of keys yet to be created
	needMFA      map[string]bool      // user ARNs whose own policy asks for it
	forbiddenIAM map[string][]string  // by caller ARN: actions, or "*"
	webTokens    map[string]*webToken // by the token itself

	stacking sync.Mutex // held for all of a request to CloudFormation, and never after mu
	stacks   []*stack   // deleted ones stay

	center *identityCenter
	logins []*login // ended ones stay

	tickets map[string]*consoleTicket // by sign-in token
	signIns []ConsoleSignIn

	faults  map[string]fault         // by role ARN, "" for every request
	latency map[string]time.Duration // likewise

	requests    []Request
	inFlight    int
	arrived     chan struct{} // closed and replaced when a request arrives
	connections int
}

// New starts a server on a free port of 127.0.0.1. It knows no user and no role.
func New() (*Server, error) {
	s := &Server{
		addr:       "127.0.0.1:0",
		now:        time.Now,
		identities: map[string]*identity{},
		roles:      map[string]*role{},
		forbidden:  map[string]bool{},
		policies:   map[string]grants{},
		users:      map[string]*user{},
		devices:    map[string]*device{},
		needMFA:    map[string]bool{},
		webTokens:  map[string]*webToken{},
		tickets:    map[string]*consoleTicket{},

		forbiddenIAM: map[string][]string{},

		center:  newIdentityCenter(),
		faults:  map[string]fault{},
		latency: map[string]time.Duration{},
		arrived: make(chan struct{}),
	}
	if err := s.Start(); err != nil {
		return nil, err
	}
	return s, nil
}

// URL returns the endpoint, http://127.0.0.1:port. It stays the same for the life of s.
func (s *Server) URL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return "http://" + s.addr
}

// Close ends the server for good, as Stop does.
func (s *Server) Close() { s.Stop() }

// run is the time between one Start and the next Stop.
type run struct {
	http   *http.Server
	served chan struct{}  // closed when the accept loop is over
	conns  sync.WaitGroup // one a connection, so that Stop leaves no goroutine
}

// Start listens again, on the port that New found. It does nothing while the server is up.
func (s *Server) Start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.run != nil {
		return nil
	}
	l, err := net.Listen("tcp", s.addr)
	if err != nil {
		return fmt.Errorf("start fake AWS: %w", err)
	}
	s.addr = l.Addr().String()
	r := &run{served: make(chan struct{})}
	r.http = &http.Server{
		Handler:           http.HandlerFunc(s.serve),
		ReadHeaderTimeout: 10 * time.Second,
		ConnState:         func(_ net.Conn, state http.ConnState) { s.connState(r, state) },
	}
	s.run = r
	go func() {
		defer close(r.served)
		r.http.Serve(l) // always ends with ErrServerClosed, by Stop
	}()
	return nil
}

// connState counts connections. The HTTP server reports a new one from its accept loop and the end as the last act of
// its goroutine.
func (s *Server) connState(r *run, state http.ConnState) {
	switch state {
	case http.StateNew:
		r.conns.Add(1)
		s.mu.Lock()
		s.connections++
		s.mu.Unlock()
	case http.StateClosed:
		r.conns.Done()
	}
}

// Stop closes the listener and every connection, so that callers see resets and then refused connections. Requests
// under way, stalled ones too, end without a reply; Stop waits for them. Users, roles, sessions and counts stay.
func (s *Server) Stop() {
	s.mu.Lock()
	r := s.run
	s.run = nil
	s.mu.Unlock()
	if r == nil {
		return
	}
	r.http.Close()
	<-r.served
	r.http.Close() // a connection accepted during the first Close is known only now
	r.conns.Wait()
}

// Connections returns how many TCP connections were ever accepted. An answer without any latency can overtake the end
// of the Go SDK's own writing, which then gives the connection up: set some latency where the number matters.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.connections
}
