package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	shownCommand = regexp.MustCompile(`(?m)^(?:    |\$ )credd (.*)$`)
	quotedText   = regexp.MustCompile(`"[^"]*"|'[^']*'`)
	behindIt     = regexp.MustCompile(`\s+(?:#|[|<>;]|&&).*$`)
)

// What a document says to type is a command of this version, with flags and arguments that it takes.
func TestCommandsOfDocuments(t *testing.T) {
	files, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(files) == 0 {
		t.Fatalf("got %v, %v", files, err)
	}
	n := 0
	for _, file := range append(files, "../../README.md") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range shownCommand.FindAllStringSubmatch(string(text), -1) {
			n++
			if err := taken(behindIt.ReplaceAllString(quotedText.ReplaceAllString(m[1], "TEXT"), "")); err != nil {
				t.Errorf("%s: credd %s: %v", file, m[1], err)
			}
		}
	}
	if n < 40 {
		t.Errorf("found %d commands", n)
	}
}

// taken reports why a line is not taken, up to running it.
func taken(line string) error {
	args := strings.Fields(line)
	cmd, rest, err := newRootCmd(&Streams{}).Find(args)
	if err != nil {
		return err
	}
	if err := cmd.ParseFlags(rest); err != nil {
		return err
	}
	return cmd.ValidateArgs(cmd.Flags().Args())
}
