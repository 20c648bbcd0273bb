package fakeaws

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// Role is a role to be assumed. One without policies may do no more than GetCallerIdentity and, as the roles of tests that are
// about chains, assume roles that trust it.
type Role struct {
	ARN        string            // arn:aws:iam::ACCOUNT:role/PATH/NAME
	MaxSession time.Duration     // MaxSessionDuration: 1 h to 12 h (IAM CreateRole); 0 is 1 h
	Trust      string            // the trust policy's JSON; see TrustPolicy for the usual one
	Policies   map[string]string // inline policies' JSON by their name
	Managed    []string          // ARNs of attached policies: AWS's own, or AddPolicy's
	Boundary   string            // the ARN of a policy likewise
	Tags       map[string]string
}

type role struct {
	arn
	id           string // AROA…
	created      time.Time
	description  string
	tags         []tag
	maxSession   time.Duration
	trust        policy
	trustText    string
	*permissions // nil is none
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
	made := &role{arn: a, id: newID("AROA", 17), created: s.Now(), maxSession: r.MaxSession, trust: trust, trustText: r.Trust}
	for _, k := range slices.Sorted(maps.Keys(r.Tags)) {
		made.tags = append(made.tags, tag{k, r.Tags[k]})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Policies != nil || r.Managed != nil || r.Boundary != "" {
		if made.permissions, err = s.newPermissions(r.Policies, r.Managed, r.Boundary); err != nil {
			return fmt.Errorf("add role %s: %w", r.ARN, err)
		}
	}
	s.roles[r.ARN] = made
	return nil
}

// changeRole replaces a role by a changed one: requests under way may still read the old one. The caller has s.mu.
func (s *Server) changeRole(old *role, change func(*role)) *role {
	changed := *old
	change(&changed)
	s.roles[old.text] = &changed
	return &changed
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
	s.changeRole(old, func(r *role) { r.trust, r.trustText = p, trust })
	return nil
}

// DeleteRole removes a role. Sessions already issued live on, as with AWS.
func (s *Server) DeleteRole(roleARN string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.roles, roleARN)
}
