package cli

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

func TestFit(t *testing.T) {
	for name, tt := range map[string]struct{ text, want string }{
		"short":            {"one two\nthree", "one two\nthree"},
		"a paragraph":      {"one two three four five six\nseven", "one two three four\nfive six seven"},
		"two paragraphs":   {"one two three four five six\n\nseven\neight nine ten eleven", "one two three four\nfive six\n\nseven eight nine\nten eleven"},
		"a list":           {"The list:\n\n  a     one two three four\n        five\n  b b   six", "The list:\n\n  a     one two\n        three four\n        five\n  b b   six"},
		"a list that fits": {"  a  one\n     two\n  b  three", "  a  one\n     two\n  b  three"},
		"a long word":      {"one abcdefghijklmnopqrstuvwxyz two", "one\nabcdefghijklmnopqrstuvwxyz\ntwo"},
		"wide letters":     {"東京東京東京 東京東京 大阪", "東京東京東京\n東京東京 大阪"},
		"nothing":          {"", ""},
	} {
		if got := fit(tt.text, 18); got != tt.want {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, tt.want)
		}
	}
}

// The help of every command fits 80 columns, but for lines to copy.
func TestHelpFits(t *testing.T) {
	n := 0
	var look func(cmd *cobra.Command, args []string)
	look = func(cmd *cobra.Command, args []string) {
		n++
		r := run(t, "", append(args, "--help")...)
		if r.code != 0 || r.err != "" || !strings.Contains(r.out, "\n\nUsage:\n  "+cmd.CommandPath()) {
			t.Errorf("%v: got %+v", args, r)
		}
		before, rest, _ := strings.Cut(r.out, "\n\nUsage:\n")
		_, flags, _ := strings.Cut(rest, "\nFlags:\n")
		for line := range strings.Lines(before + "\n" + flags) {
			if w := terminal.StringWidth(strings.TrimSuffix(line, "\n")); w > helpWidth {
				t.Errorf("%v: %d columns: %s", args, w, line)
			}
		}
		for _, sub := range cmd.Commands() {
			look(sub, append(args[:len(args):len(args)], sub.Name()))
		}
	}
	look(newRootCmd(&Streams{}), nil)
	if n < 40 {
		t.Errorf("found %d commands", n)
	}
}
