package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"credd/internal/awsconfig"
)

func newProfilesDiffCmd(s *Streams) *cobra.Command {
	var asJSON, exitCode bool
	cmd := &cobra.Command{
		Use: "diff", Short: "Show the lines that sync would change", Args: cobra.NoArgs,
		Long:    "Show the lines that credd profiles sync would change, and no others. Secrets in them, as in a profile that moves out of the block, are not\nshown.",
		Example: "  credd profiles diff\n  credd profiles diff --exit-code --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			where, err := s.locate()
			if err != nil {
				return err
			}
			w, f, err := s.profiles(cmd.Context(), where)
			if err != nil {
				return err
			}
			p, err := w.Sync(f)
			if err != nil {
				return err
			}
			if asJSON {
				err = printJSON(s.Out, planOf(f, p))
			} else {
				s.diff(f.Place.Config, awsconfig.Diff(f.ConfigData, p.Text))
				s.aboutPlan(f, p)
			}
			if err == nil && exitCode && !p.Same(f.ConfigData) {
				return exitStatus(1)
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVar(&exitCode, "exit-code", false, "exit with 1 if something would change")
	return cmd
}

// planJSON is a plan for programs.
type planJSON struct {
	File    string      `json:"file"`
	Same    bool        `json:"same"`
	Added   []string    `json:"added"`
	Changed []string    `json:"changed"`
	Removed []string    `json:"removed"`
	Moved   []movedJSON `json:"moved"`
	Clashes []clashJSON `json:"clashes"`
}

type movedJSON struct {
	Profile string `json:"profile,omitempty"`
	Line    int    `json:"line,omitempty"`
}

type clashJSON struct {
	Profile string `json:"profile"`
	Role    string `json:"role"`
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	Message string `json:"message"`
}

func planOf(f *awsconfig.Files, p *awsconfig.Plan) planJSON {
	j := planJSON{f.Place.Config, p.Same(f.ConfigData), []string{}, []string{}, []string{}, []movedJSON{}, []clashJSON{}}
	j.Added, j.Changed, j.Removed = append(j.Added, p.Added...), append(j.Changed, p.Changed...), append(j.Removed, p.Removed...)
	for _, m := range p.Moved {
		j.Moved = append(j.Moved, movedJSON{m.Name, m.Line})
	}
	for _, c := range p.Clashes {
		j.Clashes = append(j.Clashes, clashJSON{c.Name, c.Role, c.File, c.Line, c.Why})
	}
	return j
}

// diff prints what differs as a unified diff without context.
func (s *Streams) diff(file string, lines []awsconfig.Line) {
	old, now := 1, 1 // the numbers of the next lines
	named := false
	for i := 0; i < len(lines); {
		if lines[i].In == ' ' {
			i, old, now = i+1, old+1, now+1
			continue
		}
		end, gone, come := i, 0, 0
		for ; end < len(lines) && lines[end].In != ' '; end++ {
			if lines[end].In == '-' {
				gone++
			} else {
				come++
			}
		}
		if !named {
			s.say("--- %s\n+++ %s", file, file)
			named = true
		}
		s.say("@@ -%d,%d +%d,%d @@", first(old, gone), gone, first(now, come), come)
		for _, l := range lines[i:end] {
			s.change(l)
		}
		i, old, now = end, old+gone, now+come
	}
}

// first is the number of a hunk's first line; of one without lines, that of the line before it.
func first(next, n int) int {
	if n == 0 {
		return next - 1
	}
	return next
}

func (s *Streams) change(l awsconfig.Line) {
	color := green
	if l.In == '-' {
		color = red
	}
	s.say("%s", s.paint(color, string(l.In)+awsconfig.Hidden(strings.TrimRight(l.Text, "\r\n"))))
	if !strings.HasSuffix(l.Text, "\n") {
		s.say("\\ No newline at end of file")
	}
}
