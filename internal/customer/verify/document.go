package verify

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
)

// statement is one of a trust policy, as far as it is looked at.
type statement struct {
	Effect       string
	Principal    principals
	NotPrincipal principals
	Action       texts
	NotAction    texts
	Condition    map[string]map[string]texts
}

// statements are one, or a list.
type statements []statement

func (s *statements) UnmarshalJSON(b []byte) error {
	if bytes.HasPrefix(bytes.TrimSpace(b), []byte("[")) {
		return json.Unmarshal(b, (*[]statement)(s))
	}
	*s = make([]statement, 1)
	return json.Unmarshal(b, &(*s)[0])
}

// texts are one text, or a list; numbers and booleans are texts to IAM.
type texts []string

func (t *texts) UnmarshalJSON(b []byte) error {
	var all []any
	if bytes.HasPrefix(bytes.TrimSpace(b), []byte("[")) {
		if err := decode(b, &all); err != nil {
			return err
		}
	} else {
		all = make([]any, 1)
		if err := decode(b, &all[0]); err != nil {
			return err
		}
	}
	for _, v := range all {
		switch v := v.(type) {
		case string:
			*t = append(*t, v)
		case json.Number:
			*t = append(*t, v.String())
		case bool:
			*t = append(*t, map[bool]string{true: "true", false: "false"}[v])
		default:
			return errShape
		}
	}
	return nil
}

func decode(b []byte, to any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	return d.Decode(to)
}

var errShape = errors.New("neither a text nor a list of texts")

// principals are by kind: AWS, Federated, Service. "*" alone is everyone.
type principals map[string]texts

func (p *principals) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*p = principals{"AWS": {one}}
		return nil
	}
	return json.Unmarshal(b, (*map[string]texts)(p))
}

// assumes reports whether the statement is about sts:AssumeRole.
func (s *statement) assumes() bool {
	for _, a := range s.Action {
		if matches(strings.ToLower(a), "sts:assumerole") {
			return true
		}
	}
	for _, a := range s.NotAction {
		if matches(strings.ToLower(a), "sts:assumerole") {
			return false
		}
	}
	return len(s.NotAction) > 0
}

// matches is IAM's: * is any text, ? any character. It takes no longer than the product of both lengths: others wrote the pattern.
func matches(pattern, text string) bool {
	star, from := -1, 0 // the last *, and where in the text what follows it was last looked for
	p, t := 0, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, from = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[t]):
			p, t = p+1, t+1
		case star >= 0:
			from++
			p, t = star+1, from
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// demand is what a statement demands by one condition key.
type demand struct {
	always bool  // it does not hold where the key is missing
	exact  texts // values that are compared as they are
	like   texts // patterns
}

func (d *demand) values() []string { return slices.Concat(d.exact, d.like) }

// demands collects what a statement demands of a key, in small letters; it says whether it names the key at all.
func (s *statement) demands(key string) (d demand, named bool) {
	for op, keys := range s.Condition {
		for k, values := range keys {
			if strings.ToLower(k) != key {
				continue
			}
			named = true
			op := strings.ToLower(op)
			if strings.HasPrefix(op, "forallvalues:") || strings.HasSuffix(op, "ifexists") {
				continue // it holds without the key
			}
			switch strings.TrimPrefix(op, "foranyvalue:") {
			case "stringequals", "stringequalsignorecase", "bool":
				d.always, d.exact = true, append(d.exact, values...)
			case "stringlike", "arnlike", "arnequals":
				d.always, d.like = true, append(d.like, values...)
			}
		}
	}
	return d, named
}
