package invite

import (
	"strconv"
	"strings"
)

// yamlWriter writes YAML in blocks. Every text goes through yamlText, so that none is taken for anything but text.
type yamlWriter struct{ strings.Builder }

// The expressions of CloudFormation that the template uses.
type (
	ref    string // !Ref
	sub    string // !Sub, with pseudo parameters
	getAtt string // !GetAtt
	equals [2]any // !Equals
	onlyIf struct {
		name string
		v    any
	} // !If, else nothing
	commented struct {
		note string
		v    any
	} // a value with a comment above its key or dash
)

// yamlText is a text in double quotes, on one line, in characters that are seen as they are.
func yamlText(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case plainRune(r):
			b.WriteRune(r)
		case r < 0x100:
			b.WriteString(`\x` + hex(r, 2))
		case r < 0x10000:
			b.WriteString(`\u` + hex(r, 4))
		default:
			b.WriteString(`\U` + hex(r, 8))
		}
	}
	b.WriteByte('"')
	return b.String()
}

// yamlKey is a key: bare if it is a name that YAML takes for nothing else.
func yamlKey(s string) string {
	for i, r := range s {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || r != ':' || i == len(s)-1) {
			return yamlText(s)
		}
	}
	switch strings.ToLower(s) {
	case "", "y", "n", "yes", "no", "on", "off", "true", "false", "null":
		return yamlText(s)
	}
	return s
}

// value writes a value after its key or dash. It ends the line.
func (w *yamlWriter) value(v any, indent int) {
	switch v := v.(type) {
	case object:
		if len(v) == 0 {
			w.WriteString(" {}\n")
			return
		}
		w.WriteByte('\n')
		w.object(v, indent+2)
	case list:
		if len(v) == 0 {
			w.WriteString(" []\n")
			return
		}
		w.WriteByte('\n')
		w.list(v, indent+2)
	case onlyIf:
		w.WriteString(" !If\n")
		w.list(list{v.name, v.v, ref("AWS::NoValue")}, indent+2)
	default:
		w.WriteString(" " + w.scalar(v) + "\n")
	}
}

func (w *yamlWriter) object(o object, indent int) {
	for _, m := range o {
		v := w.note(m.value, indent)
		w.pad(indent)
		w.WriteString(yamlKey(m.key) + ":")
		w.value(v, indent)
	}
}

func (w *yamlWriter) list(l list, indent int) {
	for _, e := range l {
		e = w.note(e, indent)
		w.pad(indent)
		w.WriteByte('-')
		o, ok := e.(object)
		if !ok || len(o) == 0 {
			w.value(e, indent)
			continue
		}
		// The first member stands beside the dash.
		var inner yamlWriter
		inner.object(o, indent+2)
		w.WriteString(" " + strings.TrimLeft(inner.String(), " "))
	}
}

// note writes the comment of a value, if it has one, and returns the value.
func (w *yamlWriter) note(v any, indent int) any {
	c, ok := v.(commented)
	if !ok {
		return v
	}
	for line := range strings.SplitSeq(c.note, "\n") {
		w.pad(indent)
		w.WriteString("# " + line + "\n")
	}
	return c.v
}

func (w *yamlWriter) pad(n int) { w.WriteString(strings.Repeat(" ", n)) }

func (w *yamlWriter) scalar(v any) string {
	switch v := v.(type) {
	case string:
		return yamlText(v)
	case bool:
		return strconv.FormatBool(v)
	case int:
		return strconv.Itoa(v)
	case number:
		return string(v)
	case ref:
		return "!Ref " + yamlText(string(v))
	case sub:
		return "!Sub " + yamlText(string(v))
	case getAtt:
		return "!GetAtt " + yamlText(string(v))
	case equals:
		return "!Equals [" + w.scalar(v[0]) + ", " + w.scalar(v[1]) + "]"
	case externalID:
		return w.scalar(ref(idParameter))
	case ours:
		return w.scalar(sub("arn:${AWS::Partition}:iam::" + v.account + ":" + subText(v.resource)))
	case ownARN:
		return w.scalar(sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:role" + subText(v.role.path+v.role.name)))
	}
	panic("a value that YAML has no form for") // each has one above
}

// subText is a text within !Sub.
func subText(s string) string { return strings.ReplaceAll(s, "${", "${!") }
