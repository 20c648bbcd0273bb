package roster

import (
	"bytes"
	"fmt"
	"strings"
	"time"
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
	text := "\n[role." + tableKey(role) + "]\n" + line("arn", n.ARN)
	if n.ARN == "" {
		text += ownSession + " = true\n"
	}
	text += line("source", n.Source) + line("duration", n.Duration) + line("session_name", n.SessionName) + line("region", n.Region) + n.Allow.line()
	if !externalIDIsKnown {
		text += line("external_id", n.ExternalID.Reveal())
	}
	return text
}

// line is the allow of a role, as a table in one line.
func (a *Allow) line() string {
	if a == nil {
		return ""
	}
	users, groups := "users = "+listOf(a.Users), "groups = "+listOf(a.Groups)
	switch {
	case len(a.Groups) == 0:
		return "allow = { " + users + " }\n"
	case len(a.Users) == 0:
		return "allow = { " + groups + " }\n"
	}
	return "allow = { " + users + ", " + groups + " }\n"
}

// tableKey is the name of a role or a source as a part of a table's header.
func tableKey(name string) string {
	if strings.ContainsAny(name, "/.@+=,") {
		return tomlString(name)
	}
	return name
}

func line(key, value string) string {
	if value == "" {
		return ""
	}
	return key + " = " + tomlString(value) + "\n"
}

// FormatDuration writes a duration as people do: 1h, 1h30m, 90s.
func FormatDuration(d time.Duration) string {
	text := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, zero) {
			text = text[:len(text)-2]
		}
	}
	return text
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
