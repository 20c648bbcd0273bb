// Package awsconfig reads and edits ~/.aws/config and ~/.aws/credentials, and never changes a byte that it does not mean to.
package awsconfig

import (
	"bytes"
	"strings"
)

// Kind says whose sections a file has.
type Kind int

const (
	Config      Kind = iota // ~/.aws/config: [profile NAME], [default], [sso-session NAME], …
	Credentials             // ~/.aws/credentials: every section is a profile
)

// What sections are.
const (
	Profile    = "profile"
	SSOSession = "sso-session"
	Services   = "services"
)

// Section is a header with what follows it, up to the next header. Offsets are in bytes of the file.
type Section struct {
	Kind     string // Profile, SSOSession, Services; "" for what has no meaning here
	Name     string
	Line     int // of the header, from 1
	Start    int // of the header's line
	Body     int // behind the header's line
	End      int // behind the last setting, or the header; comments and blank lines that follow are outside
	Next     int // where the next section starts, or the end of the file
	Settings []Setting
}

// Setting is a key with its value. Lines that are indented below it, such as those of a service, belong to it.
type Setting struct {
	Key        string // in small letters
	Value      string // without a comment behind it
	Line       int
	Start, End int // with the lines that belong to it, and the line's end
}

// Get returns a setting's value, "" if there is none. Of two with one key the later counts.
func (s *Section) Get(key string) string {
	if i := s.find(key); i >= 0 {
		return s.Settings[i].Value
	}
	return ""
}

// Has reports whether there is such a setting.
func (s *Section) Has(key string) bool { return s.find(key) >= 0 }

func (s *Section) find(key string) int {
	for i := len(s.Settings) - 1; i >= 0; i-- {
		if s.Settings[i].Key == key {
			return i
		}
	}
	return -1
}

// Parse finds the sections of a file. It takes what any of the SDKs takes and never fails: what it does not understand is
// in no setting.
func Parse(data []byte, kind Kind) []Section {
	p := parser{data: data, kind: kind}
	at := 0
	if bytes.HasPrefix(data, []byte(bom)) {
		at = len(bom)
	}
	for at < len(data) {
		end := len(data)
		if i := bytes.IndexByte(data[at:], '\n'); i >= 0 {
			end = at + i + 1
		}
		p.number++
		p.line(at, end)
		at = end
	}
	p.close(len(data))
	return p.sections
}

const bom = "\ufeff" // as Windows' editors write it

type parser struct {
	data     []byte
	kind     Kind
	number   int // of the line
	sections []Section
	indent   int  // of the setting above
	within   bool // a setting is above
}

// line reads the line data[start:end].
func (p *parser) line(start, end int) {
	text := string(p.data[start:end])
	body := strings.TrimSpace(text)
	if body == "" || body[0] == '#' || body[0] == ';' {
		return
	}
	margin := len(text) - len(strings.TrimLeft(text, " \t"))
	if p.within && margin > p.indent {
		p.current().extend(end)
		return
	}
	if body[0] == '[' {
		p.close(start)
		kind, name := header(body, p.kind)
		p.sections = append(p.sections, Section{Kind: kind, Name: name, Line: p.number, Start: start, Body: end, End: end})
		p.within = false
		return
	}
	cut := strings.IndexAny(body, "=:")
	if cut < 0 || len(p.sections) == 0 {
		return
	}
	s := p.current()
	s.Settings = append(s.Settings, Setting{
		Key: strings.ToLower(strings.TrimSpace(body[:cut])), Value: uncommented(body[cut+1:]), Line: p.number, Start: start,
	})
	s.extend(end)
	p.indent, p.within = margin, true
}

func (p *parser) current() *Section { return &p.sections[len(p.sections)-1] }

// extend makes the last setting, and so the section, reach up to end.
func (s *Section) extend(end int) {
	s.Settings[len(s.Settings)-1].End, s.End = end, end
}

func (p *parser) close(at int) {
	if len(p.sections) > 0 {
		p.current().Next = at
	}
}

// header reads a line such as [profile NAME].
func header(line string, file Kind) (kind, name string) {
	inside := line[1:]
	end := strings.IndexByte(inside, ']')
	if end < 0 {
		return "", ""
	}
	if rest := strings.TrimSpace(inside[end+1:]); rest != "" && rest[0] != '#' && rest[0] != ';' {
		end = strings.LastIndexByte(inside, ']') // of a name with brackets
	}
	inside = strings.TrimSpace(inside[:end])
	if file == Credentials {
		return Profile, unquoted(inside)
	}
	if inside == "default" {
		return Profile, inside
	}
	at := strings.IndexAny(inside, " \t")
	if at < 0 {
		return "", inside
	}
	kind, name = inside[:at], unquoted(strings.TrimSpace(inside[at:]))
	if kind != Profile && kind != SSOSession && kind != Services {
		return "", inside
	}
	return kind, name
}

func unquoted(s string) string {
	if n := len(s); n >= 2 && (s[0] == '"' || s[0] == '\'') && s[n-1] == s[0] {
		return s[1 : n-1]
	}
	return s
}

// uncommented drops a comment behind a value: one that follows a space, as a URL may hold #.
func uncommented(value string) string {
	for _, mark := range []string{" #", " ;", "\t#", "\t;"} {
		value, _, _ = strings.Cut(value, mark)
	}
	return strings.TrimSpace(value)
}
