package invite

import (
	"strconv"
	"strings"
)

// hclWriter writes Terraform's language as terraform fmt would. Every text goes through hclText.
type hclWriter struct{ strings.Builder }

// raw is an expression that is written as it is. It holds no foreign text.
type raw string

// encoded is a document within jsonencode.
type encoded struct{ v any }

// hclBlock is a nested block, or one at the top.
type hclBlock struct {
	head string // type and labels, without foreign text
	note string // a comment above it
	body object // of values and blocks; the key of a block counts nothing
}

// hclText is a text in quotes, on one line.
func hclText(s string) string { return hclQuote(s, plainRune) }

func hclQuote(s string, plain func(rune) bool) string {
	var b strings.Builder
	b.WriteByte('"')
	runes := []rune(s)
	for i, r := range runes {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case (r == '$' || r == '%') && i+1 < len(runes) && runes[i+1] == '{':
			b.WriteRune(r) // twice: no expression begins here
			b.WriteRune(r)
		case plain(r):
			b.WriteRune(r)
		case r < 0x10000:
			b.WriteString(`\u` + hex(r, 4))
		default:
			b.WriteString(`\U` + hex(r, 8))
		}
	}
	b.WriteByte('"')
	return b.String()
}

// hclKey is a key: bare if it is a name.
func hclKey(s string) string {
	if s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_") == "" && s != "null" && s != "true" && s != "false" && s != "for" {
		return s
	}
	return hclQuote(s, func(r rune) bool { return r >= ' ' && r < 0x7f }) // ASCII: its width is its length
}

// body writes members. Those that stand on one line each have their equals signs in one column, as terraform fmt wants it.
func (w *hclWriter) body(o object, indent int, top bool) {
	for i := 0; i < len(o); {
		if b, ok := o[i].value.(hclBlock); ok {
			w.block(b, indent, i == 0)
			i++
			continue
		}
		if i > 0 && !top {
			if _, ok := o[i-1].value.(hclBlock); ok {
				w.WriteByte('\n')
			}
		}
		n, width := 0, 0
		for ; i+n < len(o) && oneLine(o[i+n].value); n++ {
			width = max(width, len(hclKey(o[i+n].key)))
		}
		for _, m := range o[i:max(i+1, i+n)] {
			key := hclKey(m.key)
			w.pad(indent)
			w.WriteString(key + strings.Repeat(" ", max(0, width-len(key))) + " = ")
			w.value(m.value, indent)
			w.WriteByte('\n')
		}
		i += max(1, n)
	}
}

func (w *hclWriter) block(b hclBlock, indent int, first bool) {
	if !first {
		w.WriteByte('\n')
	}
	if b.note != "" {
		for line := range strings.SplitSeq(b.note, "\n") {
			w.pad(indent)
			w.WriteString("# " + line + "\n")
		}
	}
	w.pad(indent)
	if len(b.body) == 0 {
		w.WriteString(b.head + " {}\n")
		return
	}
	w.WriteString(b.head + " {\n")
	w.body(b.body, indent+2, false)
	w.pad(indent)
	w.WriteString("}\n")
}

// oneLine is true of what is written on a single line.
func oneLine(v any) bool {
	switch v := v.(type) {
	case object:
		return len(v) == 0
	case list:
		return len(v) < 2 && (len(v) == 0 || oneLine(v[0]))
	case raw:
		return !strings.Contains(string(v), "\n")
	case encoded, hclBlock:
		return false
	}
	return true
}

func (w *hclWriter) value(v any, indent int) {
	switch v := v.(type) {
	case object:
		if len(v) == 0 {
			w.WriteString("{}")
			return
		}
		w.WriteString("{\n")
		w.body(v, indent+2, false)
		w.pad(indent)
		w.WriteByte('}')
	case list:
		w.list(v, indent)
	case encoded:
		w.WriteString("jsonencode(")
		w.value(v.v, indent)
		w.WriteByte(')')
	default:
		w.WriteString(hclScalar(v))
	}
}

func (w *hclWriter) list(l list, indent int) {
	if oneLine(l) {
		w.WriteByte('[')
		for _, e := range l {
			w.value(e, indent)
		}
		w.WriteByte(']')
		return
	}
	w.WriteString("[\n")
	for _, e := range l {
		w.pad(indent + 2)
		w.value(e, indent+2)
		w.WriteString(",\n")
	}
	w.pad(indent)
	w.WriteByte(']')
}

func (w *hclWriter) pad(n int) { w.WriteString(strings.Repeat(" ", n)) }

func hclScalar(v any) string {
	switch v := v.(type) {
	case string:
		return hclText(v)
	case bool:
		return strconv.FormatBool(v)
	case int:
		return strconv.Itoa(v)
	case number:
		return string(v)
	case raw:
		return string(v)
	case externalID:
		return "var.external_id"
	case ours:
		return hclText(v.arn())
	case ownARN:
		return "aws_iam_role.access.arn"
	}
	panic("a value that HCL has no form for") // each has one above
}
