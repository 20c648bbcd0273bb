package fakeaws

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

const (
	maxInline   = 10240 // characters of all inline policies of a role without white space (IAM quotas)
	maxAttached = 10    // managed policies of a role (likewise, by default)
)

var (
	policyNameParam = param{"PolicyName", true, 1, 128, nameText}
	policyARNParam  = param{"PolicyArn", true, 20, 2048, anyText}
	documentParam   = param{"PolicyDocument", true, 1, 131072, documentText}
)

type rolePolicyResult struct {
	RoleName, PolicyName string
	PolicyDocument       string // URL-encoded
}

type rolePoliciesResult struct {
	PolicyNames struct {
		Members []string `xml:"member"`
	}
	IsTruncated bool
}

type attachedResult struct {
	AttachedPolicies struct {
		Members []attachedPolicy `xml:"member"`
	}
	IsTruncated bool
}

type attachedPolicy struct {
	PolicyName string
	PolicyARN  string `xml:"PolicyArn"`
}

// changePermissions gives a role other permissions.
func (s *Server) changePermissions(r *role, change func(p *permissions)) {
	p := r.permissions.clone()
	change(p)
	s.changeRole(r, func(r *role) { r.permissions = p })
}

func (s *Server) putRolePolicy(r *role, c call) (any, error) {
	name, text := c.form.Get("PolicyName"), c.form.Get("PolicyDocument")
	g, err := parseGrants(text)
	if err != nil {
		return nil, malformed(err)
	}
	total := size(text)
	for other, p := range r.permissions.clone().inline {
		if other != name {
			total += size(p.text)
		}
	}
	if total > maxInline {
		return nil, &apiError{http.StatusConflict, "LimitExceeded", fmt.Sprintf("Maximum policy size of %d bytes exceeded for role %s", maxInline, r.last())}
	}
	s.changePermissions(r, func(p *permissions) { p.inline[name] = inlinePolicy{text, g} })
	return nil, nil
}

// inlineOf returns the inline policy that a request names.
func inlineOf(r *role, c call) (inlinePolicy, error) {
	name := c.form.Get("PolicyName")
	if r.permissions != nil {
		if p, ok := r.inline[name]; ok {
			return p, nil
		}
	}
	return inlinePolicy{}, noEntity("The role policy with name %s cannot be found.", name)
}

func (s *Server) getRolePolicy(r *role, c call) (any, error) {
	p, err := inlineOf(r, c)
	if err != nil {
		return nil, err
	}
	return &rolePolicyResult{r.last(), c.form.Get("PolicyName"), encodeDocument(p.text)}, nil
}

func (s *Server) deleteRolePolicy(r *role, c call) (any, error) {
	if _, err := inlineOf(r, c); err != nil {
		return nil, err
	}
	s.changePermissions(r, func(p *permissions) { delete(p.inline, c.form.Get("PolicyName")) })
	return nil, nil
}

func (s *Server) listRolePolicies(r *role, _ call) (any, error) {
	out := &rolePoliciesResult{}
	if r.permissions != nil {
		out.PolicyNames.Members = slices.Sorted(maps.Keys(r.inline))
	}
	return out, nil
}

// attachRolePolicy attaches a policy; one that is attached already is no error.
func (s *Server) attachRolePolicy(r *role, c call) (any, error) {
	arn := c.form.Get("PolicyArn")
	if _, err := s.managedPolicy(arn); err != nil {
		return nil, err
	}
	p := r.permissions.clone()
	if slices.Contains(p.managed, arn) {
		return nil, nil
	}
	if len(p.managed) >= maxAttached {
		return nil, &apiError{http.StatusConflict, "LimitExceeded", fmt.Sprintf("Cannot exceed quota for PoliciesPerRole: %d", maxAttached)}
	}
	p.managed = append(p.managed, arn)
	s.changeRole(r, func(r *role) { r.permissions = p })
	return nil, nil
}

func (s *Server) detachRolePolicy(r *role, c call) (any, error) {
	arn := c.form.Get("PolicyArn")
	if r.permissions == nil || !slices.Contains(r.managed, arn) {
		return nil, noEntity("Policy %s was not found.", arn)
	}
	s.changePermissions(r, func(p *permissions) {
		p.managed = slices.DeleteFunc(p.managed, func(other string) bool { return other == arn })
	})
	return nil, nil
}

func (s *Server) listAttachedRolePolicies(r *role, _ call) (any, error) {
	out := &attachedResult{}
	if r.permissions != nil {
		for _, arn := range r.managed {
			out.AttachedPolicies.Members = append(out.AttachedPolicies.Members, attachedPolicy{arn[strings.LastIndex(arn, "/")+1:], arn})
		}
	}
	return out, nil
}

func (s *Server) putBoundary(r *role, c call) (any, error) {
	boundary, err := s.formBoundary(c.form)
	if err != nil {
		return nil, err
	}
	s.changePermissions(r, func(p *permissions) { p.boundary = boundary })
	return nil, nil
}

func (s *Server) deleteBoundary(r *role, _ call) (any, error) {
	s.changePermissions(r, func(p *permissions) { p.boundary = "" })
	return nil, nil
}
