package fakeaws

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// The decisions of policies, as SimulatePrincipalPolicy names them.
const (
	allowed      = "allowed"
	implicitDeny = "implicitDeny"
	explicitDeny = "explicitDeny"
)

// grants are policies that say what somebody may do: those of an identity, a boundary or a session.
type grants []grant

type grant struct {
	deny               bool
	actions, resources patterns
	conditions         []condition
}

// patterns are of Action and Resource, or of NotAction and NotResource.
type patterns struct {
	not   bool
	globs []string
}

func (p patterns) match(s string) bool {
	return p.not != slices.ContainsFunc(p.globs, func(g string) bool { return glob(g, s) })
}

// decide says what the policies together decide, from the values that conditions look at.
func (g grants) decide(action, resource string, request map[string]string) string {
	decision := implicitDeny
	for _, st := range g {
		if !st.actions.match(strings.ToLower(action)) || !st.resources.match(resource) ||
			slices.ContainsFunc(st.conditions, func(c condition) bool { return !c.holds(request) }) {
			continue
		}
		if st.deny {
			return explicitDeny
		}
		decision = allowed
	}
	return decision
}

var (
	validAction   = regexp.MustCompile(`^(\*|[a-zA-Z0-9-]+:[a-zA-Z0-9*?]+)$`)
	validResource = regexp.MustCompile(`^(\*|arn:[^:]*:[^:]*:[^:]*:[^:]*:.+)$`)
)

// parseGrants reads a permissions policy as IAM takes it.
func parseGrants(text string) (grants, error) {
	return parseStatements(text, parseGrant)
}

func parseGrant(raw json.RawMessage) (grant, error) {
	var g grant
	m, err := object(raw, "Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition")
	if err != nil {
		return g, err
	}
	if g.deny, err = parseEffect(m["Effect"]); err != nil {
		return g, err
	}
	if g.actions, err = parsePatterns(m, "Action", validAction); err != nil {
		return g, err
	}
	for i, a := range g.actions.globs {
		g.actions.globs[i] = strings.ToLower(a) // IAM ignores the case of actions, and minds that of resources
	}
	if g.resources, err = parsePatterns(m, "Resource", validResource); err != nil {
		return g, err
	}
	if m["Condition"] != nil {
		g.conditions, err = parseConditions(m["Condition"], ofPermission)
	}
	return g, err
}

func parsePatterns(m map[string]json.RawMessage, name string, valid *regexp.Regexp) (patterns, error) {
	p := patterns{not: m["Not"+name] != nil}
	raw := m[name]
	if p.not {
		if raw != nil {
			return p, fmt.Errorf("both %s and Not%s", name, name)
		}
		raw = m["Not"+name]
	}
	if raw == nil {
		return p, errors.New("no " + name)
	}
	var err error
	if p.globs, err = stringList(raw); err != nil {
		return p, fmt.Errorf("the %s: %w", name, err)
	}
	for _, g := range p.globs {
		if strings.Contains(g, "${") {
			return p, fmt.Errorf("the policy variable in %q is not supported", g)
		}
		if !valid.MatchString(g) {
			return p, fmt.Errorf("the %s %q has not the form that IAM takes", name, g)
		}
	}
	return p, nil
}
