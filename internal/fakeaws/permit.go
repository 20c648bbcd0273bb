package fakeaws

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Administrator is a policy that allows everything.
const Administrator = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`

// permissions are what an identity may do. They never change: a new value takes the place of an old one. A user or role
// without any is not judged in what it could do before there were policies here, and may do nothing else.
type permissions struct {
	inline   map[string]inlinePolicy // by name
	managed  []string                // ARNs, in the order in which they were attached
	boundary string                  // the ARN of a policy
}

type inlinePolicy struct {
	text string
	grants
}

// SetPolicies says what a user or a role may do, in place of all inline policies it had. From then on it may do nothing
// else, nor assume roles: of IAM's messages it gets the one about the caller's own policies.
func (s *Server) SetPolicies(principalARN string, documents ...string) error {
	named := map[string]string{}
	for i, d := range documents {
		named[fmt.Sprintf("policy-%d", i+1)] = d
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.newPermissions(named, nil, "")
	if err != nil {
		return fmt.Errorf("set policies of %s: %w", principalARN, err)
	}
	u, r := s.users[principalARN], s.roles[principalARN]
	switch {
	case u != nil:
		u.permissions = p
	case r != nil:
		if r.permissions != nil {
			p.managed, p.boundary = r.managed, r.boundary
		}
		s.changeRole(r, func(r *role) { r.permissions = p })
	default:
		return fmt.Errorf("set policies of %s: no such user or role", principalARN)
	}
	return nil
}

// newPermissions checks policies. The caller has s.mu.
func (s *Server) newPermissions(inline map[string]string, managed []string, boundary string) (*permissions, error) {
	p := &permissions{inline: map[string]inlinePolicy{}, managed: managed, boundary: boundary}
	for name, text := range inline {
		g, err := parseGrants(text)
		if err != nil {
			return nil, fmt.Errorf("policy %s: %w", name, err)
		}
		p.inline[name] = inlinePolicy{text, g}
	}
	for _, arn := range managed {
		if _, err := s.managedPolicy(arn); err != nil {
			return nil, err
		}
	}
	if boundary != "" {
		if _, err := s.managedPolicy(boundary); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// clone returns a copy to be changed.
func (p *permissions) clone() *permissions {
	if p == nil {
		return &permissions{inline: map[string]inlinePolicy{}}
	}
	return &permissions{maps.Clone(p.inline), slices.Clone(p.managed), p.boundary}
}

// layer is one kind of policy of a caller. An action must be allowed by each.
type layer struct {
	article, name string
	grants
}

// layers returns what judges an identity's own side. The caller has s.mu.
func (s *Server) layers(p *permissions) []layer {
	own := layer{"an", "identity-based policy", nil}
	if p == nil {
		return []layer{own}
	}
	for _, name := range slices.Sorted(maps.Keys(p.inline)) {
		own.grants = append(own.grants, p.inline[name].grants...)
	}
	for _, arn := range p.managed {
		g, _ := s.managedPolicy(arn) // was known when it was attached
		own.grants = append(own.grants, g...)
	}
	all := []layer{own}
	if p.boundary != "" {
		g, _ := s.managedPolicy(p.boundary)
		all = append(all, layer{"a", "permissions boundary", g})
	}
	return all
}

// permissionsOf returns those of a caller: a role that was made anew gives nothing to the sessions of the old one. The
// caller has s.mu.
func (s *Server) permissionsOf(who *identity) *permissions {
	if u := s.users[who.principal]; u != nil {
		return u.permissions
	}
	if r := s.roles[who.principal]; r != nil && strings.HasPrefix(who.id, r.id+":") {
		return r.permissions
	}
	return nil
}

// refusal returns why the caller's own policies do not let it do something: what follows the resource in an AccessDenied.
// It is "" where they do. The caller has s.mu.
func (s *Server) refusal(c call, action, resource string, now time.Time) string {
	return s.refusalOf(c, s.layers(s.permissionsOf(c.who)), action, resource, now)
}

// oldRefusal is refusal for what needed no policy before there were any.
func (s *Server) oldRefusal(c call, action, resource string, now time.Time) string {
	p := s.permissionsOf(c.who)
	if p == nil {
		return s.refusalOf(c, nil, action, resource, now)
	}
	return s.refusalOf(c, s.layers(p), action, resource, now)
}

func (s *Server) refusalOf(c call, layers []layer, action, resource string, now time.Time) string {
	if c.who.policy != nil {
		layers = append(layers, layer{"a", "session policy", *c.who.policy})
	}
	request, missing := c.conditions(now), ""
	for _, l := range layers {
		switch l.decide(action, resource, request) {
		case explicitDeny: // wins over what is missing
			return fmt.Sprintf(" with an explicit deny in %s %s", l.article, l.name)
		case implicitDeny:
			if missing == "" {
				missing = fmt.Sprintf(" because no %s allows the %s action", l.name, action)
			}
		}
	}
	return missing
}

// conditions are the values of the keys that every request has.
func (c call) conditions(now time.Time) map[string]string {
	values := map[string]string{
		keySourceIP: c.ip, keyPrincipalARN: c.who.principal, keyPrincipalAccount: c.who.account,
		keyCurrentTime: now.UTC().Format(time.RFC3339Nano),
	}
	if c.who.temporary() {
		values[keyTokenIssueTime] = c.who.issued.UTC().Format(time.RFC3339Nano)
	}
	if c.who.plain {
		values[keyMFA] = fmt.Sprint(c.who.mfa)
	}
	return values
}

// mayDo refuses an action that the caller may not do. named is what the message calls the resource. The
// caller has s.mu.
func (s *Server) mayDo(c call, action, resource, named string, now time.Time) error {
	why := s.refusal(c, action, resource, now)
	if why == "" {
		return nil
	}
	return &apiError{http.StatusForbidden, "AccessDenied",
		fmt.Sprintf("User: %s is not authorized to perform: %s on resource: %s%s", c.who.arn, action, named, why)}
}
