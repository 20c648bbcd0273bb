package adopt

import (
	"strings"

	"credd/internal/awsconfig"
)

// Change is a line of a file that an import takes out or puts in.
type Change struct {
	Profile string
	New     bool
	Text    string // without secrets, external IDs and the line's end
}

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
					out = append(out, Change{p.Profile, half.isNew, awsconfig.Hidden(line)})
				}
			}
		}
	}
	return out
}
