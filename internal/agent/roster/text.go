package roster

import (
	"bytes"
	"fmt"
	"strings"
)

// newFile is a customer's file with one role.
func (n NewRole) newFile(role string) string {
	account := n.AccountID
	if m := roleARNForm.FindStringSubmatch(n.ARN); m != nil {
		account = m[2]
	}
	id := n.ExternalID.Reveal()
	if n.OwnID {
		id = ""
	}
	return "version     = 1\n" +
		line("name       ", n.CustomerName) + line("account_id ", account) +
		line("external_id", id) + line("environment", n.Environment) + n.table(role, !n.OwnID)
}

// table is the role's own table, after a blank line.
func (n NewRole) table(role string, externalIDIsKnown bool) string {
	if strings.ContainsAny(role, "/.@+=,") {
		role = tomlString(role)
	}
	text := "\n[role." + role + "]\n" + line("arn", n.ARN)
	if n.ARN == "" {
		text += ownSession + " = true\n"
	}
	text += line("source", n.Source) + line("duration", n.Duration) + line("session_name", n.SessionName) + line("region", n.Region)
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
