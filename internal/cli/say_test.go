package cli

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Only say.go may print with a format: it filters the arguments.
func TestOneWayToTheTerminal(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("got %v, %v", files, err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, ban := range []string{"fmt.Fprint", "fmt.Print", "os.Std", "cmd.Print"} {
			if f != "say.go" && !strings.HasSuffix(f, "_test.go") && strings.Contains(string(text), ban) {
				t.Errorf("%s uses %s: use say, warn, complain, table or facts", f, ban)
			}
		}
	}
}

func TestSayFilters(t *testing.T) {
	const evil = "a\x1b[2J\nb\u202e\u009bc"
	const tame = "a?[2J?b??c"
	color := &Streams{Color: true}
	tests := []struct {
		name, format string
		arg          any
		want         string
	}{
		{"text", "%s", evil, tame},
		{"width", "%12s|", evil, "  " + tame + "|"},
		{"quoted", "%q", "a\x1b", `"a\x1b"`},
		{"error", "%s", errors.New(evil), tame},
		{"slice", "%s", []string{evil}, "[" + tame + "]"},
		{"value", "%v", struct{ s string }{evil}, "{" + tame + "}"},
		{"number", "%03d", 7, "007"},
		{"painted", "%s", color.paint(red, evil), "\x1b[31m" + tame + "\x1b[0m"},
		{"not painted", "%s", new(Streams).paint(red, evil), tame},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			s := &Streams{Out: &out}
			if err := s.say(tt.format, tt.arg); err != nil || out.String() != tt.want+"\n" {
				t.Errorf("got %q, %v, want %q", out.String(), err, tt.want)
			}
		})
	}
}

func TestWarnAndComplain(t *testing.T) {
	var errs bytes.Buffer
	s := &Streams{Err: &errs}
	s.warn("a\x1b", "")
	s.complain("b", "c\n")
	if got, want := errs.String(), "credd: warning: a?\ncredd: error: b\ncredd: hint: c?\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTableColumns(t *testing.T) {
	tests := []struct {
		name, cell, want string
	}{
		{"ascii", "ab", "A   B\nab  x\n"},
		{"wide", "東京", "A     B\n東京  x\n"},
		{"combining", "e\u0301", "A  B\ne\u0301  x\n"},
		{"emoji", "🙂", "A   B\n🙂  x\n"},
		{"control", "a\x1b\n", "A    B\na??  x\n"},
		{"no UTF-8", "\xff", "A  B\n\ufffd  x\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			rows := [][]string{{tt.cell, "x"}}
			if err := table(&out, []string{"A", "B"}, rows); err != nil || out.String() != tt.want {
				t.Errorf("got %q, %v, want %q", out.String(), err, tt.want)
			}
			if rows[0][0] != tt.cell {
				t.Errorf("the caller's cell became %q", rows[0][0])
			}
		})
	}
}

func TestFacts(t *testing.T) {
	var out bytes.Buffer
	err := facts(&out, "a", "x\x1b", "empty", "", "long", "y")
	if want := "a      x?\nlong   y\n"; err != nil || out.String() != want {
		t.Errorf("got %q, %v, want %q", out.String(), err, want)
	}
}

func TestCount(t *testing.T) {
	for n, want := range map[int]string{0: "0 roles", 1: "1 role", 2: "2 roles"} {
		if got := count(n, "role"); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestAFailedWriteIsTold(t *testing.T) {
	for _, args := range []string{"version", "role list", "role show acme/admin", "role list --json", "--help"} {
		home(t)
		var errs bytes.Buffer
		s := &Streams{In: strings.NewReader(""), Out: fullDisk{}, Err: &errs}
		if code := Run(t.Context(), strings.Fields(args), s); code == 0 || !strings.Contains(errs.String(), "no space left") {
			t.Errorf("%s: got %d %s", args, code, errs.String())
		}
	}
}

func TestDevNullIsNoTerminal(t *testing.T) {
	for _, name := range []string{os.DevNull, filepath.Join(t.TempDir(), "file")} {
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		if isTerminal(f) || ShowsColor(f) {
			t.Errorf("%s counts as a terminal", name)
		}
		f.Close()
	}
}
