package units

import (
	"embed"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

//go:embed launchd
var lists embed.FS

// Launchd is what a property list of launchd leaves open. All are whole paths, but for Environment.
type Launchd struct {
	Credd, Socket, Log string

	Environment map[string]string // in a user's only
}

// Agent returns the property list of a user's credd.
func (l Launchd) Agent() ([]byte, error) { return l.render("launchd/agent.plist") }

// Daemon returns the property list of the machine's credd.
func (l Launchd) Daemon() ([]byte, error) { return l.render("launchd/daemon.plist") }

func (l Launchd) render(name string) ([]byte, error) {
	data, err := lists.ReadFile(name)
	if err != nil {
		return nil, err
	}
	for _, value := range []string{l.Credd, l.Socket, l.Log} {
		if err := plain(value); err != nil {
			return nil, err
		}
	}
	var env strings.Builder
	for _, name := range slices.Sorted(maps.Keys(l.Environment)) {
		value := l.Environment[name]
		if err := plain(value); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		env.WriteString("\t\t<key>" + escape(name) + "</key>\n\t\t<string>" + escape(value) + "</string>\n")
	}
	marks := strings.NewReplacer(mark, escape(l.Credd), "@SOCKET@", escape(l.Socket), "@LOG@", escape(l.Log), "@ENVIRONMENT@", env.String())
	return []byte(marks.Replace(string(data))), nil // in one pass: a path may look like a mark
}

// plain refuses what XML cannot hold, or changes.
func plain(s string) error {
	if !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) || strings.ContainsAny(s, "\ufffe\uffff") {
		return fmt.Errorf("%q has characters that a property list cannot hold: move it to a plainer place", s)
	}
	return nil
}
