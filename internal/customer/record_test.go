package customer

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"credd/internal/customer/verify"
)

var (
	noon    = time.Date(2026, 11, 12, 12, 0, 0, 0, time.UTC)
	proven  = &verify.Result{Role: "acme/admin", Verdict: verify.Verified, At: noon, Summary: "works, and is denied without", Settings: "s"}
	unasked = time.Time{}
)

func TestARecordIsReadAsItWasWritten(t *testing.T) {
	dir := t.TempDir()
	want := Record{Roles: map[string]Seen{"a/b": {Settings: "s", ARN: "arn", Source: "work", Worked: noon, DeniedSince: noon, DeniedWith: "s", Verified: proven, Checked: noon, CheckFailed: "x"}}}
	if err := want.Save(dir, "acme"); err != nil {
		t.Fatal(err)
	}
	got, err := Load(dir, "acme")
	if err != nil {
		t.Fatal(err)
	}
	g, w := text(t, got), text(t, want)
	if g != w {
		t.Errorf("got %s\nwant %s", g, w)
	}
	if i, err := os.Stat(filepath.Join(dir, "customers", "acme.json")); err != nil || i.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v; want it for the owner alone", i, err)
	}
	if keys, err := Recorded(dir); err != nil || len(keys) != 1 || keys[0] != "acme" {
		t.Errorf("got %v, %v", keys, err)
	}
}

func text(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// What was taken out of a record does not come back with what a newer credd wrote.
func TestWhatIsTakenOutStaysOut(t *testing.T) {
	var r Record
	in := `{"roles":{"admin":{"settings":"s","denied_since":"2026-11-12T12:00:00Z","denied_with":"s","verified":{"verdict":"verified","later":1},"later":2}},"later":3}`
	if err := json.Unmarshal([]byte(in), &r); err != nil {
		t.Fatal(err)
	}
	s := r.Roles["admin"]
	s.DeniedSince, s.DeniedWith, s.Verified = time.Time{}, "", proven
	r.Roles["admin"] = s
	got := text(t, r)
	if strings.Contains(got, "denied_") || strings.Contains(got, `"later":1`) || !strings.Contains(got, `"later":2`) || !strings.Contains(got, `"later":3`) {
		t.Errorf("got %s", got)
	}
	s.Verified = nil
	r.Roles["admin"] = s
	if got := text(t, r); strings.Contains(got, `"verified"`) {
		t.Errorf("got %s", got)
	}
}

// A record is read again with more roles than its first megabyte has room for.
func TestARecordOfThousands(t *testing.T) {
	dir := t.TempDir()
	v := *proven
	for range 9 {
		v.Checks = append(v.Checks, verify.Check{ID: "permissions", Outcome: verify.OK, Text: strings.Repeat("x", 200)})
	}
	want := Record{Roles: map[string]Seen{}}
	for i := range 1000 {
		want.Roles[strconv.Itoa(i)] = Seen{Settings: "s", Verified: &v}
	}
	if err := want.Save(dir, "acme"); err != nil {
		t.Fatal(err)
	}
	if got, err := Load(dir, "acme"); err != nil || len(got.Roles) != 1000 {
		t.Errorf("got %d, %v", len(got.Roles), err)
	}
}

// Nothing of a hostile name reaches a path.
func TestHostileKeys(t *testing.T) {
	dir := t.TempDir()
	for _, key := range []string{"", ".", "..", "../x", "a/b", `a\b`, ".hidden", "a\x00b", "a\nb", "a:b", "x\x1b[2J", "<script>", strings.Repeat("x", 129)} {
		if err := (Record{}).Save(dir, key); err == nil {
			t.Errorf("%q was written", key)
		}
		if _, err := Load(dir, key); err == nil {
			t.Errorf("%q was read", key)
		}
		if _, err := SetAside(dir, key); err == nil {
			t.Errorf("%q was moved", key)
		}
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("got %v", left)
	}
}

func TestBrokenRecords(t *testing.T) {
	for name, put := range map[string]func(path string) error{
		"empty":     func(p string) error { return os.WriteFile(p, nil, 0o600) },
		"no JSON":   func(p string) error { return os.WriteFile(p, []byte("canary \x1b[2J"), 0o600) },
		"a number":  func(p string) error { return os.WriteFile(p, []byte("7"), 0o600) },
		"deep":      func(p string) error { return os.WriteFile(p, []byte(strings.Repeat("[", 100000)), 0o600) },
		"huge":      func(p string) error { return errors.Join(os.WriteFile(p, nil, 0o600), os.Truncate(p, maxRecord+1)) },
		"directory": func(p string) error { return os.Mkdir(p, 0o700) },
		"link":      func(p string) error { return os.Symlink("/etc/passwd", p) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "customers", "acme.json")
			if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := put(path); err != nil {
				t.Fatal(err)
			}
			_, err := Load(dir, "acme")
			if !errors.Is(err, ErrBroken) || strings.Contains(err.Error(), "canary") {
				t.Fatalf("got %v", err)
			}
			aside, err := SetAside(dir, "acme")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := os.Lstat(aside); err != nil {
				t.Error(err)
			}
			if r, err := Load(dir, "acme"); err != nil || len(r.Roles) != 0 {
				t.Errorf("got %v, %v after it was set aside", r, err)
			}
		})
	}
}

func TestStand(t *testing.T) {
	later := noon.Add(7 * 24 * time.Hour)
	verdict := func(v verify.Verdict) *verify.Result {
		return &verify.Result{Verdict: v, At: noon, Summary: "what is known", Hint: "what to do", Settings: "s"}
	}
	for name, tt := range map[string]struct {
		seen    Seen
		invited time.Time
		word    string
		good    bool
		at      time.Time
		parts   string // of sentence and hint
	}{
		"never":             {Seen{Worked: noon}, unasked, "unverified", false, unasked, "never verified | try it: credd customer verify acme"},
		"denied, never":     {Seen{DeniedSince: noon, DeniedWith: "s"}, unasked, "unverified", false, unasked, ""},
		"invited":           {Seen{}, noon, "invited", false, noon, "invited on 12 Nov 2026, and not verified yet"},
		"verified":          {Seen{Verified: proven}, noon, "verified", true, noon, "verified on 12 Nov 2026: works"},
		"changed":           {Seen{Verified: &verify.Result{Verdict: verify.Verified, At: noon, Settings: "other"}}, unasked, "changed", false, noon, "changed since it was verified"},
		"open":              {Seen{Verified: verdict(verify.Open)}, unasked, "open", false, noon, "12 Nov 2026: what is known | what to do"},
		"denied":            {Seen{Verified: verdict(verify.Denied)}, unasked, "denied", false, noon, "what is known | what to do"},
		"denied, works now": {Seen{Verified: verdict(verify.Denied), Worked: later}, unasked, "denied", false, noon, "it has worked since | verify it again: credd customer verify acme"},
		"wrong identity":    {Seen{Verified: verdict(verify.WrongIdentity)}, unasked, "wrong identity", false, noon, ""},
		"no external ID":    {Seen{Verified: verdict(verify.NoExternalID)}, unasked, "no external ID", false, noon, ""},
		"inconclusive":      {Seen{Verified: verdict(verify.Inconclusive)}, unasked, "inconclusive", false, noon, ""},
		"drift":             {Seen{Verified: proven, DeniedSince: later, DeniedWith: "s"}, unasked, "denied since", false, later, "denied by AWS since 19 Nov 2026; it was verified on 12 Nov 2026 | AWS does not say why"},
		"denied otherwise":  {Seen{Verified: proven, DeniedSince: later, DeniedWith: "other"}, unasked, "verified", true, noon, ""},
		"denied before":     {Seen{Verified: proven, DeniedSince: noon.Add(-time.Hour), DeniedWith: "s"}, unasked, "verified", true, noon, ""},
		"somebody else":     {Seen{Verified: proven, Checked: later, CheckFailed: "it is of another account"}, unasked, "wrong identity", false, later, "another account"},
		"of the future":     {Seen{Verified: &verify.Result{Verdict: verify.Verdict(strings.Repeat("new ", 100)), At: noon, Settings: "s"}}, unasked, strings.Repeat("new ", 10) + "…", false, noon, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := Record{Roles: map[string]Seen{"admin": tt.seen}}.Stand("acme/admin", "s", tt.invited)
			if got.Word != tt.word || got.Good != tt.good || !got.At.Equal(tt.at) || !strings.Contains(got.Sentence+" | "+got.Hint, tt.parts) {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// A process that is killed while it writes leaves the record of before or the new one, and nothing that is taken for one.
func TestKilledWhileWriting(t *testing.T) {
	dir := t.TempDir()
	if err := (Record{Roles: map[string]Seen{"admin": {Worked: noon}}}).Save(dir, "acme"); err != nil {
		t.Fatal(err)
	}
	left := filepath.Join(dir, "customers", ".credd-acme-123") // as package disk leaves it
	if err := os.WriteFile(left, []byte(`{"ro`), 0o600); err != nil {
		t.Fatal(err)
	}
	if r, err := Load(dir, "acme"); err != nil || !r.Roles["admin"].Worked.Equal(noon) {
		t.Errorf("got %v, %v", r, err)
	}
	if keys, _ := Recorded(dir); len(keys) != 1 {
		t.Errorf("got %v", keys)
	}
}

func FuzzRecord(f *testing.F) {
	seeds := []string{`{}`, `{"roles":null}`, `{"roles":{"admin":null}}`, `{"roles":{"admin":{"verified":null,"x":1}}}`, `{"Roles":{"a":{}},"roles":{"b":{}}}`, `null`}
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		var r Record
		if json.Unmarshal([]byte(in), &r) != nil {
			return
		}
		out, err := json.Marshal(r)
		if err != nil {
			t.Fatalf("%q cannot be written again: %v", in, err)
		}
		var again Record
		if err := json.Unmarshal(out, &again); err != nil {
			t.Fatalf("%q became %q: %v", in, out, err)
		}
		for name := range r.Roles {
			r.Stand("acme/"+name, "s", time.Time{})
		}
	})
}
