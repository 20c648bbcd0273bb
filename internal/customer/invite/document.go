package invite

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Documents are kept as trees whose members have an order, so that each writer (JSON, YAML, HCL) writes the same in the same order.
// A value is an object, a list, a string, a bool, a number, or one of the expressions that a writer knows.
type (
	object []member
	member struct {
		key   string
		value any
	}
	list   []any
	number string // as it was written
)

// The expressions: each format has its own way to say them.
type (
	externalID struct{}                                      // the parameter that holds it
	ownARN     struct{ role *role }                          // the ARN of the role that the policy is in
	ours       struct{ account, resource, partition string } // the ARN of one of us; a template takes the partition that it is in
)

func (o ours) arn() string { return "arn:" + o.partition + ":iam::" + o.account + ":" + o.resource }

// get returns the value of a member, or nil.
func (o object) get(key string) any {
	for _, m := range o {
		if m.key == key {
			return m.value
		}
	}
	return nil
}

// strs makes a list.
func strs(all []string) list {
	l := make(list, len(all))
	for i, s := range all {
		l[i] = s
	}
	return l
}

// compact is a string where there is one: a policy reads better so.
func compact(all []string) any {
	if len(all) == 1 {
		return all[0]
	}
	return strs(all)
}

// texts returns a string, or the strings of a list.
func texts(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case list:
		var all []string
		for _, e := range v {
			if s, ok := e.(string); ok {
				all = append(all, s)
			}
		}
		return all
	}
	return nil
}

// elements returns a list's elements, or the value itself as the only one.
func elements(v any) list {
	switch v := v.(type) {
	case nil:
		return nil
	case list:
		return v
	}
	return list{v}
}

// policy wraps statements.
func policy(statements ...any) object {
	return object{{"Version", "2012-10-17"}, {"Statement", list(statements)}}
}

// resolve replaces the expressions by their values, for the formats that have none.
func resolve(v any, id, arn string) any {
	switch v := v.(type) {
	case object:
		o := make(object, len(v))
		for i, m := range v {
			o[i] = member{m.key, resolve(m.value, id, arn)}
		}
		return o
	case list:
		l := make(list, len(v))
		for i, e := range v {
			l[i] = resolve(e, id, arn)
		}
		return l
	case externalID:
		return id
	case ownARN:
		return arn
	case ours:
		return v.arn()
	}
	return v
}

// toJSON is a document as JSON, indented, in ASCII, so that no locale changes it.
func toJSON(v any) string {
	var b strings.Builder
	writeJSON(&b, v, "\n")
	return b.String()
}

func writeJSON(b *strings.Builder, v any, newline string) {
	in := newline + "  "
	switch v := v.(type) {
	case object:
		writeItems(b, "{", "}", newline, len(v), func(i int) {
			b.WriteString(jsonText(v[i].key) + ": ")
			writeJSON(b, v[i].value, in)
		})
	case list:
		writeItems(b, "[", "]", newline, len(v), func(i int) { writeJSON(b, v[i], in) })
	case string:
		b.WriteString(jsonText(v))
	case bool:
		b.WriteString(strconv.FormatBool(v))
	case number:
		b.WriteString(string(v))
	default:
		panic("an expression is left in JSON") // each is resolved before
	}
}

func writeItems(b *strings.Builder, begin, end, newline string, n int, write func(int)) {
	b.WriteString(begin)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(newline + "  ")
		write(i)
	}
	if n > 0 {
		b.WriteString(newline)
	}
	b.WriteString(end)
}

func jsonText(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r >= ' ' && r < 0x7f:
			b.WriteRune(r)
		case r < 0x10000:
			b.WriteString(`\u` + hex(r, 4))
		default: // a pair of surrogates
			r -= 0x10000
			b.WriteString(`\u` + hex(0xd800+r>>10, 4) + `\u` + hex(0xdc00+r&0x3ff, 4))
		}
	}
	b.WriteByte('"')
	return b.String()
}

// hex is a number of at least n digits.
func hex(r rune, n int) string {
	s := strconv.FormatInt(int64(r), 16)
	return strings.Repeat("0", max(0, n-len(s))) + s
}

// plainRune is true of what may stand in a quoted text as it is: seen as it is, by a person and by every parser. Not so
// control characters, the marks that turn the direction of writing, and whatever else has no shape.
func plainRune(r rune) bool {
	return r >= ' ' && r < 0x7f || r >= 0xa1 && r != utf8.RuneError && unicode.IsPrint(r) && !unicode.Is(unicode.M, r)
}

// size is the length as IAM counts it: without white space.
func size(v any) int {
	n := 0
	for _, r := range toJSON(v) {
		if !unicode.IsSpace(r) {
			n++
		}
	}
	return n
}
