package fakeaws

import (
	"fmt"
	"net/http"
	"time"
)

const maxChained = time.Hour // the longest session that temporary credentials may ask for (STS, role chaining)

// assumeRole issues a session. What the request says of itself is checked first, then whether the caller may, then how
// long the session may be: a caller who may not learns nothing about the role.
func (s *Server) assumeRole(c call) (any, error) {
	if err := checkParams(c.form, roleParams, maxDuration); err != nil {
		return nil, err
	}
	a, err := parseARN(c.form.Get("RoleArn"))
	if err != nil || a.service != "iam" || a.kind != "role" {
		return nil, invalid("%s is invalid", c.form.Get("RoleArn"))
	}
	percent, err := packed(c.who, c.form)
	if err != nil {
		return nil, err
	}
	policy, err := s.sessionPolicy(c.form)
	if err != nil {
		return nil, err
	}
	transitive, err := inherit(c.who, c.form)
	if err != nil {
		return nil, err
	}
	mfa, err := s.checkMFA(c)
	if err != nil {
		return nil, err
	}
	r, err := s.authorize(c, a, mfa || c.who.mfa)
	if err != nil {
		return nil, err
	}
	d := duration(c.form, time.Hour)
	if c.who.temporary() && d > maxChained {
		return nil, invalid("The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.")
	}
	if d > r.maxSession {
		return nil, tooLong()
	}
	i := s.issue(r, c, d, transitive, policy)
	return &assumeRoleResult{
		Credentials:      credentials{i.key.ID, i.key.Secret, i.token, formatTime(i.expires)},
		AssumedRoleUser:  assumedRoleUser{AssumedRoleID: i.id, ARN: i.arn},
		PackedPolicySize: percent,
		SourceIdentity:   i.sourceIdentity,
	}, nil
}

func tooLong() error {
	return invalid("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
}

// authorize returns the role if the caller may assume it. Whatever is missing on the role's side, the error is the
// same to the byte, because STS does not tell an outsider which roles exist and what they ask for.
func (s *Server) authorize(c call, a arn, mfa bool) (*role, error) {
	now := s.Now()
	s.mu.Lock()
	r := s.roles[a.text]
	why := s.oldRefusal(c, "sts:AssumeRole", a.text, now)
	switch {
	case s.needMFA[c.who.arn] && !mfa:
		why = explicitDenied
	case s.forbidden[c.who.principal]:
		why = fmt.Sprintf(unallowed, "sts:AssumeRole")
	}
	s.mu.Unlock()
	if why != "" || r == nil || !r.admits(c, mfa, now) {
		return nil, &apiError{http.StatusForbidden, "AccessDenied",
			fmt.Sprintf("User: %s is not authorized to perform: sts:AssumeRole on resource: %s%s", c.who.arn, a.text, why)}
	}
	return r, nil
}

// admits reports whether the trust policy lets the caller have all that the request asks for. Tags and source identity
// that come from earlier in a chain need permission like the request's own.
func (r *role) admits(c call, mfa bool, now time.Time) bool {
	request := c.conditions(now)
	request[keySessionName] = c.form.Get("RoleSessionName")
	if c.form.Has("ExternalId") {
		request[keyExternalID] = c.form.Get("ExternalId")
	}
	if mfa {
		request[keyMFA] = "true"
	}
	wanted := []string{assumeRole}
	if len(formTags(c.form)) > 0 || len(c.who.transitive) > 0 {
		wanted = append(wanted, tagSession)
	}
	identity := c.form.Get("SourceIdentity")
	if c.who.sourceIdentity != "" && identity != "" && identity != c.who.sourceIdentity {
		return false // once set it never changes
	}
	if c.who.sourceIdentity != "" || identity != "" {
		wanted = append(wanted, setSourceIdentity)
	}
	for _, action := range wanted {
		if !r.trust.allows(c.who, action, request) {
			return false
		}
	}
	return true
}

// issue makes a session of r that lasts d and hands the transitive tags on.
func (s *Server) issue(r *role, c call, d time.Duration, transitive map[string]string, policy *grants) *identity {
	now := s.Now()
	name := c.form.Get("RoleSessionName")
	i := &identity{
		key:            Key{ID: newID("ASIA", 16), Secret: newSecret()},
		arn:            fmt.Sprintf("arn:%s:sts::%s:assumed-role/%s/%s", r.partition, r.account, r.last(), name),
		principal:      r.text,
		partition:      r.partition,
		account:        r.account,
		id:             r.id + ":" + name,
		token:          newToken(),
		issued:         now,
		policy:         policy,
		expires:        now.Add(d).Truncate(time.Second),
		transitive:     transitive,
		sourceIdentity: c.form.Get("SourceIdentity"),
		chained:        c.who.temporary(),
	}
	if c.who.sourceIdentity != "" {
		i.sourceIdentity = c.who.sourceIdentity
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.identities[i.key.ID] = i
	return i
}

func (s *Server) getCallerIdentity(c call) (any, error) {
	return &callerIdentityResult{ARN: c.who.arn, UserID: c.who.id, Account: c.who.account}, nil
}

// formatTime renders a time as STS does: UTC and whole seconds.
func formatTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }
