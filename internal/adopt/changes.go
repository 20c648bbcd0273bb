package adopt

import (
	"slices"
	"strings"
)

// Change is a line of a file that an import takes out or puts in.
type Change struct {
	Profile string
	New     bool
	Text    string // without secrets, external IDs and the line's end
}

// hiddenSettings are not for the screen.
var hiddenSettings = []string{"aws_secret_access_key", "aws_session_token", "aws_security_token", "external_id"}

// Changes are the lines that change, by the places where they do. Blank ones are not among them.
func (f *File) Changes() []Change {
	var out []Change
	for _, p := range f.Places {
		for _, half := range []struct {
			text  string
			isNew bool
		}{{p.old, false}, {p.New, true}} {
			for line := range strings.Lines(half.text) {
				if line = strings.TrimSpace(line); line != "" {
					out = append(out, Change{p.Profile, half.isNew, hidden(line)})
				}
			}
		}
	}
	return out
}

// hidden is a line as it may be shown.
func hidden(line string) string {
	at := strings.IndexAny(line, "=:")
	if at < 0 || !slices.Contains(hiddenSettings, strings.ToLower(strings.TrimSpace(line[:at]))) {
		return line
	}
	return line[:at+1] + " (not shown)"
}
