package fakeaws

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// kind is what an operator compares.
type kind int

const (
	ofText kind = iota
	ofARN
	ofBool
	ofAddress
	ofDate
	ofNull // whether there is a value at all
)

// operator is a condition operator that is enforced.
type operator struct {
	kind    kind
	negated bool
	compile func(value string) (func(string) bool, error)
}

var operators = map[string]operator{
	"StringEquals":              {ofText, false, compileEqual},
	"StringNotEquals":           {ofText, true, compileEqual},
	"StringEqualsIgnoreCase":    {ofText, false, compileFold},
	"StringNotEqualsIgnoreCase": {ofText, true, compileFold},
	"StringLike":                {ofText, false, compileGlob},
	"StringNotLike":             {ofText, true, compileGlob},
	"ArnEquals":                 {ofARN, false, compileARN}, // to IAM the same as ArnLike
	"ArnLike":                   {ofARN, false, compileARN},
	"ArnNotEquals":              {ofARN, true, compileARN},
	"ArnNotLike":                {ofARN, true, compileARN},
	"Bool":                      {ofBool, false, compileBool},
	"IpAddress":                 {ofAddress, false, compileCIDR},
	"NotIpAddress":              {ofAddress, true, compileCIDR},
	"DateEquals":                {ofDate, false, compileDate(func(got, want time.Time) bool { return got.Equal(want) })},
	"DateLessThan":              {ofDate, false, compileDate(time.Time.Before)},
	"DateLessThanEquals":        {ofDate, false, compileDate(func(got, want time.Time) bool { return !got.After(want) })},
	"DateGreaterThan":           {ofDate, false, compileDate(time.Time.After)},
	"DateGreaterThanEquals":     {ofDate, false, compileDate(func(got, want time.Time) bool { return !got.Before(want) })},
	"Null":                      {ofNull, false, compileBool},
}

func compileEqual(want string) (func(string) bool, error) {
	return func(got string) bool { return got == want }, nil
}

func compileFold(want string) (func(string) bool, error) {
	return func(got string) bool { return strings.EqualFold(got, want) }, nil
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

// compileDate reads a date of ISO 8601 as IAM's documentation writes it: a day, or a time in UTC.
func compileDate(holds func(got, want time.Time) bool) func(string) (func(string) bool, error) {
	return func(value string) (func(string) bool, error) {
		want, err := time.Parse(time.RFC3339, value)
		if err != nil {
			if want, err = time.Parse(time.DateOnly, value); err != nil {
				return nil, fmt.Errorf("%q is no date, such as 2027-01-31T00:00:00Z", value)
			}
		}
		return func(got string) bool {
			at, err := time.Parse(time.RFC3339Nano, got)
			return err == nil && holds(at, want)
		}, nil
	}
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
