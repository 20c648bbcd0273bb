package fakeaws

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// The condition keys that requests have a value of. IAM ignores their case, hence the lower case.
const (
	keyExternalID       = "sts:externalid"
	keySessionName      = "sts:rolesessionname"
	keyMFA              = "aws:multifactorauthpresent"
	keySourceIP         = "aws:sourceip"
	keyPrincipalARN     = "aws:principalarn"
	keyPrincipalAccount = "aws:principalaccount"
	keyCurrentTime      = "aws:currenttime"
	keyTokenIssueTime   = "aws:tokenissuetime" // of temporary credentials
)

// keyKinds are the kinds of operators that each of these keys is good for.
var keyKinds = map[string][]kind{
	keyExternalID:       {ofText},
	keySessionName:      {ofText},
	keyMFA:              {ofBool},
	keySourceIP:         {ofAddress},
	keyPrincipalARN:     {ofText, ofARN},
	keyPrincipalAccount: {ofText},
	keyCurrentTime:      {ofDate},
	keyTokenIssueTime:   {ofDate},
}

// condition holds if one of its values matches the request's value of key, a negated one if none does. What it says of a
// request without that value is IAM's rule: only a negation and an operator with IfExists hold then.
type condition struct {
	key      string
	matches  []func(string) bool
	negated  bool
	ifExists bool
	null     string // "true" or "false" of Null, which asks whether there is a value
}

func parseConditions(raw json.RawMessage, fits func(key string, k kind) bool) ([]condition, error) {
	byOperator, err := object(raw)
	if err != nil {
		return nil, fmt.Errorf("the Condition: %w", err)
	}
	var all []condition
	for name, raw := range byOperator {
		plain, ifExists := strings.CutSuffix(name, "IfExists")
		op, known := operators[plain]
		if !known || ifExists && op.kind == ofNull {
			return nil, fmt.Errorf("the condition operator %q is not supported", name)
		}
		byKey, err := object(raw)
		if err != nil {
			return nil, fmt.Errorf("the condition %s: %w", name, err)
		}
		for key, raw := range byKey {
			if !fits(strings.ToLower(key), op.kind) {
				return nil, fmt.Errorf("the condition %s on %q is not supported", name, key)
			}
			c, err := parseCondition(strings.ToLower(key), raw, op)
			if err != nil {
				return nil, fmt.Errorf("the condition %s on %q: %w", name, key, err)
			}
			c.ifExists = ifExists
			all = append(all, c)
		}
	}
	return all, nil
}

// ofTrust are the conditions of a trust policy: on keys that AssumeRole has a value of. On any other they would be void here.
func ofTrust(key string, k kind) bool {
	kinds, known := keyKinds[key]
	return known && (k == ofNull || slices.Contains(kinds, k))
}

// ofPermission takes any key: a service may have a value of it where the server here has none.
func ofPermission(key string, k kind) bool { return ofTrust(key, k) || keyKinds[key] == nil }

func parseCondition(key string, raw json.RawMessage, op operator) (condition, error) {
	c := condition{key: key, negated: op.negated}
	if text := strings.TrimSpace(string(raw)); text == "true" || text == "false" {
		raw = json.RawMessage(`"` + text + `"`) // IAM takes a JSON boolean for its text
	}
	values, err := stringList(raw)
	if err != nil {
		return c, err
	}
	for _, v := range values {
		if strings.Contains(v, "${") {
			return c, fmt.Errorf("the policy variable in %q is not supported", v)
		}
		match, err := op.compile(v)
		if err != nil {
			return c, err
		}
		c.matches = append(c.matches, match)
	}
	if op.kind == ofNull {
		c.null = strings.ToLower(values[0])
		if len(values) > 1 {
			return c, errors.New("more than one value")
		}
	}
	return c, nil
}

// holds reports whether the condition is met in a request with these condition values.
func (c condition) holds(request map[string]string) bool {
	value, present := request[c.key]
	if c.null != "" {
		return present == (c.null == "false")
	}
	if !present {
		return c.negated || c.ifExists
	}
	return c.negated != slices.ContainsFunc(c.matches, func(match func(string) bool) bool { return match(value) })
}
