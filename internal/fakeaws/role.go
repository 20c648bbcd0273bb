package fakeaws

import (
	"fmt"
	"time"
)

// Role is a role to be assumed.
type Role struct {
	ARN        string        // arn:aws:iam::ACCOUNT:role/PATH/NAME
	MaxSession time.Duration // MaxSessionDuration: 1 h to 12 h (IAM CreateRole); 0 is 1 h
	Trust      string        // the trust policy's JSON; see TrustPolicy for the usual one
}

type role struct {
	arn
	id         string // AROA…
	maxSession time.Duration
	trust      policy
}

// AddRole makes a role, or replaces the one with the same ARN by a new one.
func (s *Server) AddRole(r Role) error {
	a, err := parseARN(r.ARN)
	if err != nil || a.service != "iam" || a.kind != "role" {
		return fmt.Errorf("%q is not the ARN of a role, such as arn:aws:iam::123456789012:role/Admin", r.ARN)
	}
	if r.MaxSession == 0 {
		r.MaxSession = time.Hour
	}
	if r.MaxSession < time.Hour || r.MaxSession > 12*time.Hour {
		return fmt.Errorf("add role %s: MaxSession is %s; IAM takes 1h to 12h", r.ARN, r.MaxSession)
	}
	trust, err := parsePolicy(r.Trust)
	if err != nil {
		return fmt.Errorf("add role %s: %w", r.ARN, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.roles[r.ARN] = &role{arn: a, id: newID("AROA", 17), maxSession: r.MaxSession, trust: trust}
	return nil
}

// SetTrust replaces a role's trust policy. It holds at once; sessions already issued live on, as with AWS.
func (s *Server) SetTrust(roleARN, trust string) error {
	p, err := parsePolicy(trust)
	if err != nil {
		return fmt.Errorf("set trust of %s: %w", roleARN, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.roles[roleARN]
	if old == nil {
		return fmt.Errorf("set trust of %s: no such role", roleARN)
	}
	changed := *old // requests under way may still read the old one
	changed.trust = p
	s.roles[roleARN] = &changed
	return nil
}

// DeleteRole removes a role. Sessions already issued live on, as with AWS.
func (s *Server) DeleteRole(roleARN string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.roles, roleARN)
}
