// Package units holds the texts by which service managers run credd. @CREDD@ in a text stands for credd's whole path.
package units

import (
	"embed"
	"fmt"
	"path"
	"strings"
)

//go:embed user system openrc sysv
var texts embed.FS

const mark = "@CREDD@"

// Render returns a text, such as "user/credd.service", for the credd at a whole path. A path that a manager could take for
// something else is refused.
func Render(name, credd string) ([]byte, error) {
	data, err := texts.ReadFile(name)
	if err != nil {
		return nil, err
	}
	if strings.ContainsFunc(credd, odd) || strings.Contains(credd, mark) {
		return nil, fmt.Errorf("%q has characters that service managers give a meaning: move credd to a plainer place", credd)
	}
	return []byte(strings.ReplaceAll(string(data), mark, quoted(name, credd))), nil
}

// odd reports whether a character ends a line, a word or a quotation for some manager, or is replaced by another text.
func odd(r rune) bool { return r < ' ' || r == 0x7f || strings.ContainsRune("\"'`\\$", r) }

// quoted is a path as a text takes it: one word for systemd, which replaces %, or for a shell.
func quoted(name, credd string) string {
	switch path.Ext(name) {
	case ".service", ".socket":
		if credd = strings.ReplaceAll(credd, "%", "%%"); strings.Contains(credd, " ") {
			return `"` + credd + `"`
		}
		return credd
	}
	return "'" + credd + "'"
}

// Program returns the credd that a unit of systemd starts, "" if it shows none.
func Program(unit []byte) string {
	for line := range strings.Lines(string(unit)) {
		value, ok := strings.CutPrefix(line, "ExecStart=")
		if !ok {
			continue
		}
		program, _, _ := strings.Cut(value, " ")
		if inner, ok := strings.CutPrefix(value, `"`); ok {
			program, _, _ = strings.Cut(inner, `"`)
		}
		return strings.ReplaceAll(strings.TrimSpace(program), "%%", "%")
	}
	return ""
}

// escape is a text as XML takes it, for property lists and tasks.
func escape(s string) string { return escaper.Replace(s) }

var (
	escaper   = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
	unescaper = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&")
)
