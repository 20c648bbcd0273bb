package doctor

import "testing"

// What botocore says of these is asked of it in package e2e.
func TestFlaws(t *testing.T) {
	for name, tt := range map[string]struct {
		text string
		line int // 0: none
	}{
		"empty":                  {"", 0},
		"usual":                  {"# x\n[default]\nregion = x\n\n[profile a]\ns3 =\n  a = b\n  a = c\n", 0},
		"section twice":          {"[profile a]\nx=1\n[profile a]\ny=2\n", 3},
		"section twice, quoted":  {"[profile a]\nx=1\n[profile \"a\"]\ny=2\n", 0},
		"DEFAULT twice":          {"[DEFAULT]\nx=1\n[DEFAULT]\ny=2\n", 0},
		"key twice":              {"[profile a]\nx=1\nX = 2\n", 3},
		"key in two sections":    {"[profile a]\nx=1\n[profile b]\nx=2\n", 0},
		"no =":                   {"[profile a]\nhello\n", 2},
		"no key":                 {"[profile a]\n= x\n", 2},
		"colon":                  {"[profile a]\nx: 1\n", 0},
		"goes on":                {"[profile a]\nx=1\n hello\n", 0},
		"goes on behind a blank": {"[profile a]\nx=1\n\n  hello\n", 0},
		"before a section":       {"x=1\n[profile a]\n", 1},
		"BOM":                    {"\ufeff[profile a]\nx=1\n", 1},
		"no ]":                   {"[profile a\n", 1},
		"no ], later":            {"[profile a]\n[profile b\n", 2},
		"behind ]":               {"[profile a] # x\ny=1\n", 0},
		"CRLF":                   {"[profile a]\r\nx=1\r\n", 0},
		"CR":                     {"[profile a]\rx=1\rhello\r", 3},
		"not UTF-8":              {"[profile a]\nx=\xe9\n", 2},
		"indented section":       {"[profile b]\nx=1\n  [profile b]\n", 0},
		"indented first":         {"[profile a]\n  x=1\n  x=2\n", 3},
		"percent":                {"[profile a]\nx=%(y)s\n", 0},
	} {
		got := 0
		if f := flawOf([]byte(tt.text)); f != nil {
			got = f.line
		}
		if got != tt.line {
			t.Errorf("%s: got line %d, want %d", name, got, tt.line)
		}
	}
}

func FuzzFlaw(f *testing.F) {
	for _, seed := range []string{"[profile a]\nx=1\n[profile a]\n", "\ufeff", "[a]\n=\n", "[\n", "[a]\nx=1\n\ty\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if got := flawOf(data); got != nil && (got.line < 1 || got.why == "" || got.remedy == "") {
			t.Errorf("got %+v", got)
		}
	})
}

func FuzzUnquoted(f *testing.F) {
	for _, seed := range []string{"/a b/credhelper x", `C:\Program Files\credhelper.exe x`, `"/a b/credhelper" x`, "credhelper", "/bin/sh credhelper x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, command string) {
		if path := unquoted(command); path != "" && len(path) > len(command) {
			t.Errorf("got %q of %q", path, command)
		}
	})
}

func TestVersions(t *testing.T) {
	for _, tt := range []struct {
		version, than string
		want          bool
	}{
		{"1.11.13", "1.12.0", true}, {"1.12.0", "1.12.0", false}, {"2.9.1", "1.12.0", false}, {"1.9", "1.9.0", true}, {"0.11.13", "0.11.14", true},
		{"1.25.41-dev", "1.25.42", true}, {"", "1.0.0", false}, {"x", "1.0.0", false}, {"99999999999999999999.1", "1.0", false},
	} {
		if got := older(tt.version, tt.than); got != tt.want {
			t.Errorf("%s < %s: got %v", tt.version, tt.than, got)
		}
	}
}

func TestNearest(t *testing.T) {
	known := []string{"acme/admin", "work"}
	for name, want := range map[string]string{"acme/admim": "acme/admin", "ACME/admin": "acme/admin", "wrk": "work", "works": "work", "globex": "", "": "", "w": ""} {
		if got := nearest(name, known); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}

func TestQuote(t *testing.T) {
	for text, want := range map[string]string{"/a/b-c.d": "/a/b-c.d", "a b": "'a b'", "it's": `'it'\''s'`, "": "''", "$(x)": "'$(x)'", "~": "'~'"} {
		if got := Quote(text); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
