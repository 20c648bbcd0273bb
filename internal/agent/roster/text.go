package roster

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// newFile is a customer's file with one role.
func (n NewRole) newFile(role string) string {
	account := ""
	if m := roleARNForm.FindStringSubmatch(n.ARN); m != nil {
		account = m[2]
	}
	return "version     = 1\n" +
		line("name       ", n.CustomerName) + line("account_id ", account) +
		line("external_id", n.ExternalID.Reveal()) + line("environment", n.Environment) + n.table(role, true)
}

// table is the role's own table, after a blank line.
func (n NewRole) table(role string, externalIDIsKnown bool) string {
	if strings.ContainsAny(role, "/.@+=,") {
		role = tomlString(role)
	}
	text := "\n[role." + role + "]\n" + line("arn", n.ARN) + line("source", n.Source) + line("duration", n.Duration) + line("region", n.Region)
	if !externalIDIsKnown {
		text += line("external_id", n.ExternalID.Reveal())
	}
	return text
}

func line(key, value string) string {
	if value == "" {
		return ""
	}
	return key + " = " + tomlString(value) + "\n"
}

// tomlString writes a basic string. Control characters become escapes, which the check then refuses by line.
func tomlString(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// join appends text, in the line ends of the file.
func join(old []byte, text string) []byte {
	if len(old) > 0 && old[len(old)-1] != '\n' {
		text = "\n" + text
	}
	if bytes.Contains(old, []byte("\r\n")) {
		text = strings.ReplaceAll(text, "\n", "\r\n")
	}
	return append(bytes.Clone(old), text...)
}

// without returns data less the tables of a role, and the comment directly above each. It reports false where the role is
// written in another way.
func without(data []byte, role string) ([]byte, bool) {
	type header struct {
		at   int // offset of the line, or of the comment above it
		mine bool
	}
	var headers []header
	var p unstable.Parser
	p.Reset(data)
	for p.NextExpression() {
		e := p.Expression()
		var names []string
		first := -1
		for it := e.Key(); it.Next(); {
			if first < 0 {
				first = int(it.Node().Raw.Offset)
			}
			names = append(names, string(it.Node().Data))
		}
		switch e.Kind {
		case unstable.Table:
			mine := len(names) > 1 && names[0] == "role" && names[1] == role
			headers = append(headers, header{commentAbove(data, first), mine})
		case unstable.KeyValue:
			top := len(headers) == 0
			if top && names[0] == "role" {
				return nil, false
			}
		}
	}
	var out []byte
	from, any := 0, false
	for i, h := range headers {
		if !h.mine {
			continue
		}
		end := len(data)
		if i+1 < len(headers) {
			end = headers[i+1].at
		}
		out = append(out, data[from:h.at]...)
		from, any = end, true
	}
	return append(out, data[from:]...), any
}

// commentAbove returns the start of the line at offset, or of the comment lines directly above it.
func commentAbove(data []byte, offset int) int {
	start := bytes.LastIndexByte(data[:offset], '\n') + 1
	for start > 0 {
		above := bytes.LastIndexByte(data[:start-1], '\n') + 1
		if !bytes.HasPrefix(bytes.TrimLeft(data[above:start], " \t"), []byte("#")) {
			break
		}
		start = above
	}
	return start
}
