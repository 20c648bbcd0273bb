package audit

import (
	"bytes"
	"encoding/json"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func sample() Entry {
	return Entry{
		Time: time.Date(2026, 11, 2, 10, 4, 5, 6_000_000, time.UTC), Role: "acme/admin", Outcome: "ok", From: "sts",
		Duration: 213_042 * time.Microsecond, Expires: time.Date(2026, 11, 2, 11, 4, 5, 0, time.UTC),
		SessionName: "northwind-acme-ann", AccessKeyID: "ASIAEXAMPLE", AssumedRoleID: "AROAEXAMPLE:northwind-acme-ann",
		RequestID: "c6104cbe-af31-11e0-8154-cbc7ccf896c7", User: "ann", UID: 1000, SID: "S-1-5-21-7", PID: 4242, Exe: "/usr/bin/credhelper",
		ParentPID: 4241, ParentExe: "/usr/bin/terraform",
	}
}

func TestLine(t *testing.T) {
	e := sample()
	got := string(e.append(nil))
	want := `{"time":"2026-11-02T10:04:05.006Z","role":"acme/admin","outcome":"ok","from":"sts","duration_ms":213.042,` +
		`"expires":"2026-11-02T11:04:05Z","session_name":"northwind-acme-ann","access_key_id":"ASIAEXAMPLE",` +
		`"assumed_role_id":"AROAEXAMPLE:northwind-acme-ann","request_id":"c6104cbe-af31-11e0-8154-cbc7ccf896c7",` +
		`"user":"ann","uid":1000,"sid":"S-1-5-21-7","pid":4242,"exe":"/usr/bin/credhelper","parent_pid":4241,"parent_exe":"/usr/bin/terraform"}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	e = Entry{Time: time.Date(2026, 11, 2, 12, 0, 0, 999_999, time.FixedZone("", 3600)), Outcome: "refused", Error: "no"}
	got, want = string(e.append(nil)), `{"time":"2026-11-02T11:00:00.000Z","outcome":"refused","duration_ms":0,"uid":0,"pid":0,"error":"no"}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	viaJSON, err := json.Marshal(sample())
	if e := sample(); err != nil || !bytes.Equal(viaJSON, e.append(nil)) {
		t.Errorf("json.Marshal gives %s, %v", viaJSON, err)
	}
}

// hostile are texts as a foreign process could choose them for its executable, and what is read back.
var hostile = map[string]struct{ text, want string }{
	"newline":         {"a\nb\r\n{\"time\":", "a\nb\r\n{\"time\":"},
	"quotes":          {`"},{"\" \\`, `"},{"\" \\`},
	"terminal escape": {"\x1b]0;title\a\x1b[2J", "\x1b]0;title\a\x1b[2J"},
	"8-bit escape":    {"\u009b2J\u0085", "\u009b2J\u0085"},
	"NUL and DEL":     {"\x00\x7f", "\x00\x7f"},
	"right to left":   {"a\u202egpj.exe\u2066", "a\u202egpj.exe\u2066"},
	"line separator":  {"a\u2028b", "a\u2028b"},
	"beyond 16 bits":  {"a\U000e0041b😀", "a\U000e0041b😀"},
	"invalid UTF-8":   {"a\xffb\xc3", "a\ufffdb\ufffd"},
	"half surrogate":  {"\xed\xa0\x80", "\ufffd\ufffd\ufffd"},
	"other scripts":   {"/home/ægir/日本", "/home/ægir/日本"},
	"HTML":            {"<a>&", "<a>&"},
	"long":            {strings.Repeat("x", 5000), strings.Repeat("x", maxText-len(more)) + more},
	"long, wide":      {strings.Repeat("日", 5000), strings.Repeat("日", 340) + more},
	"long, not UTF-8": {strings.Repeat("\x80", 5000), strings.Repeat("\ufffd", maxText-len(more)-3) + more},
}

func TestHostileTexts(t *testing.T) {
	for name, test := range hostile {
		t.Run(name, func(t *testing.T) {
			e := sample()
			e.Exe = test.text
			line := e.append(nil)
			for _, r := range string(line) {
				if !unicode.IsPrint(r) {
					t.Errorf("%q does not print, in %q", r, line)
				}
			}
			var got Entry
			if err := json.Unmarshal(line, &got); err != nil {
				t.Fatalf("%v: %s", err, line)
			}
			e.Exe = test.want
			if diff := cmp.Diff(got, e); diff != "" {
				t.Errorf("got (-) want (+):\n%s", diff)
			}
		})
	}
}

func TestLongestLineCanBeRead(t *testing.T) {
	e := sample()
	e.Duration, e.UID, e.PID, e.ParentPID = 1<<63-1, 1<<32-1, 1<<62, 1<<62
	v := reflect.ValueOf(&e).Elem()
	for i := range v.NumField() {
		if f := v.Field(i); f.Kind() == reflect.String {
			f.SetString(strings.Repeat("\x01", 2*maxText))
		}
	}
	line := append(e.append(nil), '\n')
	n, skipped := 0, 0
	skipped, err := scan(bytes.NewReader(line), Filter{}, func(Entry) error { n++; return nil })
	if n != 1 || skipped != 0 || err != nil {
		t.Errorf("a line of %d bytes: got %d entries, %d skipped, %v", len(line), n, skipped, err)
	}
}

// An entry is only of plain values, and none is named like a secret: whoever adds a field has to think about it here.
func TestNoFieldForASecret(t *testing.T) {
	plain := []any{time.Time{}, time.Duration(0), "", uint32(0), 0}
	for f := range reflect.TypeFor[Entry]().Fields() {
		ok := false
		for _, p := range plain {
			ok = ok || f.Type == reflect.TypeOf(p)
		}
		if !ok {
			t.Errorf("field %s is a %s", f.Name, f.Type)
		}
		for _, bad := range []string{"secret", "token", "external", "password", "credential", "env", "arg"} {
			if strings.Contains(strings.ToLower(f.Name), bad) {
				t.Errorf("field %s is named like a secret", f.Name)
			}
		}
	}
}

func FuzzText(f *testing.F) {
	for _, test := range hostile {
		f.Add(test.text)
	}
	f.Fuzz(func(t *testing.T, s string) {
		e := sample()
		e.Error = s
		var got Entry
		if err := json.Unmarshal(e.append(nil), &got); err != nil {
			t.Fatalf("%q: %v", s, err)
		}
		if want := string([]rune(s)); len(s) <= maxText && got.Error != want {
			t.Errorf("got %q, want %q", got.Error, want)
		}
		if !utf8.ValidString(got.Error) || got.Exe != e.Exe {
			t.Errorf("got %+v", got)
		}
	})
}

func FuzzScan(f *testing.F) {
	e := sample()
	line := string(e.append(nil))
	for _, s := range []string{
		"", "\n", line, line + "\n" + line + "\n", line[:100] + "\n" + line + "\n", line[:100] + line + "\n", "null\n[]\n{}\n",
		"\x00\x00\x00\n" + line, strings.Repeat("x", maxLine+1) + "\n" + line + "\n", strings.Repeat("y", 2*maxLine),
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		n := 0
		skipped, err := scan(bytes.NewReader(file), Filter{}, func(e Entry) error { n++; return nil })
		if err != nil {
			t.Fatal(err)
		}
		if lines := bytes.Count(file, []byte{'\n'}) + 1; n+skipped > lines {
			t.Errorf("%d entries and %d skipped in %d lines", n, skipped, lines)
		}
		// Whatever is in the file, an entry that follows it is found.
		found := false
		after := io.MultiReader(bytes.NewReader(file), strings.NewReader("\n"+line+"\n"))
		if _, err := scan(after, Filter{}, func(e Entry) error { found = cmp.Equal(e, sample()); return nil }); err != nil || !found {
			t.Errorf("the last entry is not found: %v", err)
		}
	})
}
