package fakeaws

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// The condition keys that are enforced. IAM ignores their case, hence the lower case.
const (
	keyExternalID   = "sts:externalid"
	keyMFA          = "aws:multifactorauthpresent"
	keySourceIP     = "aws:sourceip"
	keyPrincipalARN = "aws:principalarn"
)

// condition holds if one of its values matches the request's value of key. A request that has no such value does not
// match, as with all of IAM's operators that are no negation.
type condition struct {
	key     string
	matches []func(string) bool
}

// operators are the condition operators that are enforced: the keys each is good for, and how it reads a value.
var operators = map[string]struct {
	keys    []string
	compile func(value string) (func(string) bool, error)
}{
	"StringEquals": {[]string{keyExternalID}, compileEqual},
	"StringLike":   {[]string{keyPrincipalARN}, compileGlob},
	"ArnLike":      {[]string{keyPrincipalARN}, compileARN},
	"Bool":         {[]string{keyMFA}, compileBool},
	"IpAddress":    {[]string{keySourceIP}, compileCIDR},
}

func parseConditions(raw json.RawMessage) ([]condition, error) {
	byOperator, err := object(raw)
	if err != nil {
		return nil, fmt.Errorf("the Condition: %w", err)
	}
	var all []condition
	for name, raw := range byOperator {
		op, known := operators[name]
		if !known {
			return nil, fmt.Errorf("the condition operator %q is not supported", name)
		}
		byKey, err := object(raw)
		if err != nil {
			return nil, fmt.Errorf("the condition %s: %w", name, err)
		}
		for key, raw := range byKey {
			if !slices.Contains(op.keys, strings.ToLower(key)) {
				return nil, fmt.Errorf("the condition %s on %q is not supported", name, key)
			}
			c, err := parseCondition(strings.ToLower(key), raw, op.compile)
			if err != nil {
				return nil, fmt.Errorf("the condition %s on %q: %w", name, key, err)
			}
			all = append(all, c)
		}
	}
	return all, nil
}

func parseCondition(key string, raw json.RawMessage, compile func(string) (func(string) bool, error)) (condition, error) {
	c := condition{key: key}
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
		match, err := compile(v)
		if err != nil {
			return c, err
		}
		c.matches = append(c.matches, match)
	}
	return c, nil
}

// holds reports whether the condition is met in a request with these condition values.
func (c condition) holds(request map[string]string) bool {
	value, present := request[c.key]
	return present && slices.ContainsFunc(c.matches, func(match func(string) bool) bool { return match(value) })
}

func compileEqual(want string) (func(string) bool, error) {
	return func(got string) bool { return got == want }, nil
}

func compileGlob(pattern string) (func(string) bool, error) {
	return func(got string) bool { return glob(pattern, got) }, nil
}

// compileARN matches each of the six parts of an ARN by itself, so that no wildcard reaches across a colon.
func compileARN(pattern string) (func(string) bool, error) {
	want := strings.SplitN(pattern, ":", 6)
	if len(want) != 6 {
		return nil, fmt.Errorf("%q is not an ARN", pattern)
	}
	return func(got string) bool {
		return slices.EqualFunc(want, strings.SplitN(got, ":", 6), glob)
	}, nil
}

func compileBool(want string) (func(string) bool, error) {
	if want = strings.ToLower(want); want != "true" && want != "false" {
		return nil, fmt.Errorf("%q is neither true nor false", want)
	}
	return compileEqual(want)
}

func compileCIDR(value string) (func(string) bool, error) {
	prefix, err := netip.ParsePrefix(value)
	if err != nil {
		ip, err := netip.ParseAddr(value)
		if err != nil {
			return nil, fmt.Errorf("%q is no IP address or range", value)
		}
		prefix = netip.PrefixFrom(ip, ip.BitLen())
	}
	return func(got string) bool {
		ip, err := netip.ParseAddr(got)
		return err == nil && prefix.Contains(ip)
	}, nil
}

// glob reports whether s matches pattern, in which * is any text and ? any one byte. On a mismatch it goes back to
// the last * only, so that no pattern takes exponential time.
func glob(pattern, s string) bool {
	p, i, star, resume := 0, 0, -1, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, resume = p, i
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]):
			p++
			i++
		case star >= 0:
			resume++
			p, i = star+1, resume
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
