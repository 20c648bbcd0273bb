package audit

import (
	"strconv"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	// maxText bounds each text, in bytes: a role has at most 512, the rest is names and one sentence; only a path made
	// to be long is longer.
	maxText = 1024
	// maxLine bounds a line with its end, in bytes: eleven texts of which each byte is escaped to six, and the rest.
	maxLine = 80 << 10

	millis = "2006-01-02T15:04:05.000Z"
	more   = "…"
)

// append adds the entry as one JSON object. It is written by hand because encoding/json takes three times as long and
// lets through characters that a terminal acts on.
func (e *Entry) append(b []byte) []byte {
	b = append(b, `{"time":"`...)
	b = e.Time.UTC().AppendFormat(b, millis)
	b = append(b, '"')
	b = appendText(b, "role", e.Role)
	b = appendText(b, "outcome", e.Outcome)
	b = appendText(b, "from", e.From)
	b = append(b, `,"duration_ms":`...)
	b = strconv.AppendFloat(b, float64(e.Duration.Microseconds())/1000, 'f', -1, 64)
	if !e.Expires.IsZero() {
		b = append(b, `,"expires":"`...)
		b = e.Expires.UTC().AppendFormat(b, time.RFC3339)
		b = append(b, '"')
	}
	b = appendText(b, "session_name", e.SessionName)
	b = appendText(b, "access_key_id", e.AccessKeyID)
	b = appendText(b, "assumed_role_id", e.AssumedRoleID)
	b = appendText(b, "request_id", e.RequestID)
	b = appendText(b, "user", e.User)
	b = append(b, `,"uid":`...)
	b = strconv.AppendUint(b, uint64(e.UID), 10)
	b = appendText(b, "sid", e.SID)
	b = append(b, `,"pid":`...)
	b = strconv.AppendInt(b, int64(e.PID), 10)
	b = appendText(b, "exe", e.Exe)
	if e.ParentPID != 0 {
		b = append(b, `,"parent_pid":`...)
		b = strconv.AppendInt(b, int64(e.ParentPID), 10)
	}
	b = appendText(b, "parent_exe", e.ParentExe)
	b = appendText(b, "error", e.Error)
	return append(b, '}')
}

// appendText adds a field unless it is empty. Foreign processes choose some of the texts: what does not print is
// escaped, so that neither a line nor a terminal that shows the file can be broken.
func appendText(b []byte, name, s string) []byte {
	if s == "" {
		return b
	}
	b = append(b, ',', '"')
	b = append(b, name...)
	b = append(b, '"', ':', '"')
	s, end := cut(s)
	for i := 0; i < len(s); {
		if c := s[i]; ' ' <= c && c <= '~' {
			if c == '"' || c == '\\' {
				b = append(b, '\\')
			}
			b = append(b, c)
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			b = appendEscape(b, r)
		} else {
			b = append(b, s[i:i+n]...)
		}
		i += n
	}
	b = append(b, end...)
	return append(b, '"')
}

// appendEscape adds \uXXXX, twice for what UTF-16 needs two units for.
func appendEscape(b []byte, r rune) []byte {
	if hi, lo := utf16.EncodeRune(r); hi != unicode.ReplacementChar {
		return appendEscape(appendEscape(b, hi), lo)
	}
	const hex = "0123456789abcdef"
	return append(b, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
}

// cut shortens s to maxText with the mark that says so, which it returns apart. It does not split a character.
func cut(s string) (head, end string) {
	if len(s) <= maxText {
		return s, ""
	}
	n := maxText - len(more)
	for back := 1; back < utf8.UTFMax && !utf8.RuneStart(s[n]); back++ {
		n--
	}
	return s[:n], more
}
