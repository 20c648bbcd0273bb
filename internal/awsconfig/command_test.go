package awsconfig

import (
	"encoding/json"
	"errors"
	"os/exec"
	"strings"
	"testing"
)

// paths of helpers that a profile can name, and how.
var unixCommands = map[string]string{
	"/usr/local/bin/credhelper":      `"/usr/local/bin/credhelper" acme/admin`,
	"/opt/with blank/credhelper":     `"/opt/with blank/credhelper" acme/admin`,
	"/opt/o'brien/credhelper":        `"/opt/o'brien/credhelper" acme/admin`,
	"/opt/naïve 東京/credhelper":       `"/opt/naïve 東京/credhelper" acme/admin`,
	"/opt/100%; true/credhelper":     `"/opt/100%; true/credhelper" acme/admin`,
	"/opt/a#b;c!d/credhelper":        `"/opt/a#b;c!d/credhelper" acme/admin`,
	"/opt/$HOME/credhelper":          `'/opt/$HOME/credhelper' acme/admin`,
	"/opt/`id`/credhelper":           "'/opt/`id`/credhelper' acme/admin",
	`/opt/back\slash/credhelper`:     `'/opt/back\slash/credhelper' acme/admin`,
	`/opt/say "hi"/credhelper`:       `'/opt/say "hi"/credhelper' acme/admin`,
	`/opt/$a'b"c/credhelper`:         `'/opt/$a'"'"'b"c/credhelper' acme/admin`,
	"/opt/no #1/credhelper":          `'/opt/no ''#1/credhelper' acme/admin`,
	"/opt/x ;y'' #/credhelper":       `'/opt/x '';y'"''"' ''#/credhelper' acme/admin`,
	"/opt/wide\u2003#1/credhelper":   "'/opt/wide\u2003''#1/credhelper' acme/admin",
	"/opt/'/credhelper":              `"/opt/'/credhelper" acme/admin`,
	`/opt/\'\"$(x)/credhelper`:       `'/opt/\'"'"'\"$(x)/credhelper' acme/admin`,
	"/opt/* ? [a] {b,c}/credhelper":  `"/opt/* ? [a] {b,c}/credhelper" acme/admin`,
	"/opt/a&b|c>d<e(f)/credhelper":   `"/opt/a&b|c>d<e(f)/credhelper" acme/admin`,
	"/opt/~ana/ leading /credhelper": `"/opt/~ana/ leading /credhelper" acme/admin`,
}

func TestUnixCommand(t *testing.T) {
	for helper, want := range unixCommands {
		got, err := unixCommand(helper, "acme/admin")
		if err != nil || got != want {
			t.Errorf("%s: got %s, %v\nwant %s", helper, got, err, want)
		}
		if role, ok := Asks(got); role != "acme/admin" || !ok || !CallsUs(got) {
			t.Errorf("%s: read back as %q, %v", got, role, ok)
		}
		if cut := uncommented(" " + got); cut != got {
			t.Errorf("%s: readers see a comment: %s", got, cut)
		}
		words, err := exec.Command("sh", "-c", `printf '%s\n' `+got).Output()
		if err != nil || string(words) != helper+"\nacme/admin\n" {
			t.Errorf("%s: sh reads %q, %v", got, words, err)
		}
	}
}

// botocore cuts a command into words by itself, on Windows in its own way.
func TestCommandByBotocore(t *testing.T) {
	type split struct {
		Platform, Command string
		Words             []string
	}
	var all []split
	for helper := range unixCommands {
		got, err := unixCommand(helper, "@work")
		check(t, err)
		all = append(all, split{"linux", got, []string{helper, "@work"}})
	}
	for _, helper := range []string{`C:\credd\credhelper.exe`, `C:\Program Files\credd\credhelper.exe`, `\\server\share (x86)\credhelper.exe`} {
		got, err := windowsCommand(helper, "acme/admin", shortPath)
		check(t, err)
		all = append(all, split{"win32", got, []string{helper, "acme/admin"}})
	}
	const script = "import json,sys\nfrom botocore.compat import compat_shell_split as split\n" +
		"for s in json.load(sys.stdin):\n  got = split(s['Command'], s['Platform'])\n  if got != s['Words']: print(s, got)\n"
	in, err := json.Marshal(all)
	check(t, err)
	cmd := exec.Command("python3", "-c", script)
	cmd.Stdin = strings.NewReader(string(in))
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestWindowsCommand(t *testing.T) {
	short := func(path string) string { return strings.ReplaceAll(path, "Program Files", "PROGRA~1") }
	none := func(string) string { return "" }
	for name, tt := range map[string]struct {
		helper string
		short  func(string) string
		want   string
	}{
		"plain":                  {`C:\credd\credhelper.exe`, short, `C:\credd\credhelper.exe acme/admin`},
		"short name":             {`C:\Program Files\credd\credhelper.exe`, short, `C:\PROGRA~1\credd\credhelper.exe acme/admin`},
		"no short names":         {`C:\Program Files\credd\credhelper.exe`, none, `"C:\Program Files\credd\credhelper.exe" acme/admin`},
		"short, and not enough":  {`C:\Program Files\a b\credhelper.exe`, short, `"C:\Program Files\a b\credhelper.exe" acme/admin`},
		"what cmd.exe acts on":   {`C:\a&b(c)^d\credhelper.exe`, none, `"C:\a&b(c)^d\credhelper.exe" acme/admin`},
		"Python's other charset": {`C:\Users\Zoë\credhelper.exe`, none, `"C:\Users\Zoë\credhelper.exe" acme/admin`},
	} {
		got, err := windowsCommand(tt.helper, "acme/admin", tt.short)
		if err != nil || got != tt.want {
			t.Errorf("%s: got %s, %v, want %s", name, got, err, tt.want)
		}
		if role, ok := Asks(got); role != "acme/admin" || !ok || !CallsUs(got) {
			t.Errorf("%s: %s is read back as %q, %v", name, got, role, ok)
		}
	}
	for _, helper := range []string{`C:\100%\credhelper.exe`, `C:\a #b\credhelper.exe`, `C:\a "b"\credhelper.exe`, "C:\\a\nb\\credhelper.exe"} {
		var e *Error
		if got, err := windowsCommand(helper, "acme/admin", none); !errors.As(err, &e) || e.Hint == "" {
			t.Errorf("%q: got %s, %v, want an error with a remedy", helper, got, err)
		}
	}
}

func TestNoCommand(t *testing.T) {
	for _, tt := range [][2]string{
		{"/opt/a\nb/credhelper", "acme/admin"}, {"/opt/a\rb/credhelper", "acme/admin"}, {"/opt/\x00/credhelper", "acme/admin"},
		{"/opt/\xff/credhelper", "acme/admin"}, {"/opt/tab\t/credhelper", "acme/admin"}, {"", "acme/admin"},
		{"/opt/credhelper", ""}, {"/opt/credhelper", "acme/admin; rm"}, {"/opt/credhelper", "$(x)"}, {"/opt/credhelper", "a\nb"}, {"/opt/credhelper", "é"},
	} {
		var e *Error
		if got, err := unixCommand(tt[0], tt[1]); !errors.As(err, &e) || e.Hint == "" || got != "" {
			t.Errorf("%q: got %s, %v, want an error with a remedy", tt, got, err)
		}
	}
}

func FuzzCommand(f *testing.F) {
	for helper := range unixCommands {
		f.Add(helper, "acme/admin")
	}
	f.Add("/opt/a\nb", "@work")
	f.Fuzz(func(t *testing.T, dir, role string) {
		for _, make := range []func(string, string) (string, error){
			unixCommand,
			func(h, r string) (string, error) { return windowsCommand(h, r, shortPath) },
		} {
			got, err := make(dir+"/credhelper", role)
			if err != nil {
				continue
			}
			if of, ok := Asks(got); of != role || !ok {
				t.Errorf("%s is read back as %q, %v", got, of, ok)
			}
			if cut := uncommented(" " + got); cut != got {
				t.Errorf("%s: readers see a comment: %s", got, cut)
			}
		}
	})
}
