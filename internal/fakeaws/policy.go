package fakeaws

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// policy is a role's trust policy.
type policy []statement

type statement struct {
	deny       bool
	principals []string // ARNs, account IDs or "*"
	actions    []string // keys of trustActions
	conditions []condition
}

// The actions that a trust policy can allow here. IAM ignores their case, hence the lower case.
const (
	assumeRole        = "sts:assumerole"
	tagSession        = "sts:tagsession"
	setSourceIdentity = "sts:setsourceidentity"
	assumeWeb         = "sts:assumerolewithwebidentity"
)

// parsePolicy reads a trust policy as IAM takes it. What this package cannot enforce is an error, never ignored: a
// test must not pass because the fake overlooked a condition.
func parsePolicy(text string) (policy, error) {
	p, err := parseStatements(text, parseStatement)
	if err != nil {
		return nil, fmt.Errorf("trust policy: %w", err)
	}
	if len(p) == 0 {
		return nil, errors.New("trust policy: no statement")
	}
	return p, nil
}

// parseStatements reads a policy document.
func parseStatements[T any](text string, parse func(json.RawMessage) (T, error)) ([]T, error) {
	doc, err := object(json.RawMessage(text), "Version", "Id", "Statement")
	if err != nil {
		return nil, err
	}
	if v, err := oneString(doc["Version"]); err != nil || v != "2012-10-17" {
		return nil, errors.New(`the Version must be "2012-10-17"`)
	}
	raw := []json.RawMessage{doc["Statement"]}
	if isArray(doc["Statement"]) {
		if err := json.Unmarshal(doc["Statement"], &raw); err != nil {
			return nil, fmt.Errorf("the Statement: %w", err)
		}
	}
	var all []T
	for i, r := range raw {
		st, err := parse(r)
		if err != nil {
			return nil, fmt.Errorf("statement %d: %w", i+1, err)
		}
		all = append(all, st)
	}
	return all, nil
}

func parseStatement(raw json.RawMessage) (statement, error) {
	var st statement
	m, err := object(raw, "Sid", "Effect", "Principal", "Action", "Condition")
	if err != nil {
		return st, err
	}
	if st.deny, err = parseEffect(m["Effect"]); err != nil {
		return st, err
	}
	if st.principals, err = parsePrincipals(m["Principal"]); err != nil {
		return st, err
	}
	if st.actions, err = parseActions(m["Action"]); err != nil {
		return st, err
	}
	if m["Condition"] != nil {
		st.conditions, err = parseConditions(m["Condition"], ofTrust)
	}
	return st, err
}

func parseEffect(raw json.RawMessage) (deny bool, err error) {
	switch effect, err := oneString(raw); {
	case err == nil && effect == "Deny":
		return true, nil
	case err != nil || effect != "Allow":
		return false, errors.New(`the Effect must be "Allow" or "Deny"`)
	}
	return false, nil
}

func parsePrincipals(raw json.RawMessage) ([]string, error) {
	if all, err := oneString(raw); err == nil && all == "*" {
		return []string{"*"}, nil
	}
	m, err := object(raw, "AWS", "Federated")
	if err != nil {
		return nil, fmt.Errorf("the Principal: %w", err)
	}
	if len(m) == 0 {
		return nil, errors.New("the Principal names nobody")
	}
	var all []string
	for kind, raw := range m {
		list, err := stringList(raw)
		if err != nil {
			return nil, fmt.Errorf("the Principal: %w", err)
		}
		for _, p := range list {
			if !validPrincipal(kind, p) {
				return nil, fmt.Errorf("invalid principal in policy: %q", p)
			}
		}
		all = append(all, list...)
	}
	return all, nil
}

func validPrincipal(kind, p string) bool {
	a, err := parseARN(p)
	if kind == "Federated" {
		return err == nil && a.isProvider()
	}
	return p == "*" || validAccount.MatchString(p) || err == nil && a.isPrincipal()
}

func parseActions(raw json.RawMessage) ([]string, error) {
	list, err := stringList(raw)
	if err != nil {
		return nil, fmt.Errorf("the Action: %w", err)
	}
	for i, a := range list {
		list[i] = strings.ToLower(a)
		if !slices.Contains([]string{assumeRole, tagSession, setSourceIdentity, assumeWeb}, list[i]) {
			return nil, fmt.Errorf("the Action %q is not supported", a)
		}
	}
	return list, nil
}

// object returns the members of a JSON object. Unlike encoding/json it minds the case of names and takes none twice.
// With no known names any name will do.
func object(raw json.RawMessage, known ...string) (map[string]json.RawMessage, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errors.New("not a JSON object")
	}
	m := map[string]json.RawMessage{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, fmt.Errorf("not valid JSON: %w", err)
		}
		name := t.(string) // what else follows { or a comma is an error of Token
		if _, twice := m[name]; twice {
			return nil, fmt.Errorf("%q appears twice", name)
		}
		if len(known) > 0 && !slices.Contains(known, name) {
			return nil, fmt.Errorf("%q is not supported", name)
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, fmt.Errorf("%q: not valid JSON: %w", name, err)
		}
		m[name] = value
	}
	if _, err := d.Token(); err != nil {
		return nil, fmt.Errorf("not valid JSON: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("something follows the JSON object")
	}
	return m, nil
}

func isArray(raw json.RawMessage) bool {
	return strings.HasPrefix(strings.TrimSpace(string(raw)), "[")
}

// oneString returns the JSON string in raw. A missing value and null are errors.
func oneString(raw json.RawMessage) (string, error) {
	var s *string
	if err := json.Unmarshal(raw, &s); err != nil || s == nil {
		return "", errors.New("not a string")
	}
	return *s, nil
}

// stringList returns one string or a list of them, at least one.
func stringList(raw json.RawMessage) ([]string, error) {
	if !isArray(raw) {
		s, err := oneString(raw)
		return []string{s}, err
	}
	var items []json.RawMessage
	if err := json.Unmarshal(raw, &items); err != nil || len(items) == 0 {
		return nil, errors.New("not a list of strings")
	}
	list := make([]string, len(items))
	for i, item := range items {
		var err error
		if list[i], err = oneString(item); err != nil {
			return nil, err
		}
	}
	return list, nil
}
