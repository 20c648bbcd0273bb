package units

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"
)

func TestRenderNamesTheProgram(t *testing.T) {
	for _, c := range []struct{ name, credd, want string }{
		{"user/credd.service", "/usr/bin/credd", "\nExecStart=/usr/bin/credd serve\n"},
		{"system/credd.service", "/usr/bin/credd", "\nExecStart=/usr/bin/credd serve --system\n"},
		{"user/credd.service", "/home/ana/my tools/100%/credd", "\nExecStart=\"/home/ana/my tools/100%%/credd\" serve\n"},
		{"openrc/credd", "/opt/my tools/credd", "\ncommand='/opt/my tools/credd'\n"},
		{"sysv/credd", "/usr/local/bin/credd", "\nprogram='/usr/local/bin/credd'\n"},
	} {
		got, err := Render(c.name, c.credd)
		if err != nil || !strings.Contains(string(got), c.want) {
			t.Errorf("%s of %s: got %q, %v, want %q in it", c.name, c.credd, got, err, c.want)
		}
	}
}

func TestRenderRefusesOddPaths(t *testing.T) {
	for _, credd := range []string{"/a\nb", "/a\"b", "/a'b", "/a$b", "/a\\b", "/a`b", "/a\x00b", "/@CREDD@"} {
		if got, err := Render("user/credd.service", credd); err == nil {
			t.Errorf("%q: got %q, want an error", credd, got)
		}
	}
	if got, err := Render("user/other.service", "/usr/bin/credd"); err == nil {
		t.Errorf("a text that is not there: got %q, want an error", got)
	}
}

// TestNoMarkIsLeft renders all texts, so that a new one is seen by it.
func TestNoMarkIsLeft(t *testing.T) {
	n := 0
	err := fs.WalkDir(texts, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		n++
		data, err := Render(name, "/usr/bin/credd")
		if regexp.MustCompile(`@[A-Z]+@`).Match(data) {
			t.Errorf("%s: a mark is left:\n%s", name, data)
		}
		return err
	})
	if err != nil || n < 7 {
		t.Errorf("got %d texts, %v", n, err)
	}
}

func TestProgramOfAUnit(t *testing.T) {
	for _, credd := range []string{"/usr/bin/credd", "/home/ana/my tools/100%/credd", "/opt/50%/credd"} {
		text, err := Render("user/credd.service", credd)
		if got := Program(text); got != credd || err != nil {
			t.Errorf("got %q, %v, want %q", got, err, credd)
		}
	}
	if got := Program([]byte("[Service]\n")); got != "" {
		t.Errorf("got %q of a unit without a program", got)
	}
}
