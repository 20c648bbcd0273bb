package roster

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAllow(t *testing.T) {
	const admin = "[role.admin]\narn = \"arn:aws:iam::012345678901:role/Admin\"\n"
	ana := &Allow{Users: []string{"ana"}}
	for _, c := range []struct {
		name, customer, role string
		want                 *Allow
		problem              string
	}{
		{name: "none"},
		{name: "of the customer", customer: `allow = { users = ["ana"] }`, want: ana},
		{name: "of the role", role: `allow = { users = ["ana"] }`, want: ana},
		{name: "the role's counts", customer: `allow = { groups = ["dev"] }`, role: `allow = { users = ["ana"] }`, want: ana},
		{name: "both kinds", role: `allow = { users = ["ana", "1000"], groups = ["dev", "0"] }`, want: &Allow{[]string{"ana", "1000"}, []string{"dev", "0"}}},
		{name: "nobody", customer: `allow = { users = ["ana"] }`, role: `allow = { users = [] }`, want: &Allow{Users: []string{}}},
		{name: "a table of its own", role: "[role.admin.allow]\nusers = [\"ana\"]", want: ana},
		{name: "names of directories", role: `allow = { users = ['CORP\ana', "ana@corp.example", "Ana M"] }`, want: &Allow{Users: []string{`CORP\ana`, "ana@corp.example", "Ana M"}}},

		{name: "empty", role: `allow = {}`, problem: "customers/acme.toml:4: allow names neither users nor groups"},
		{name: "a string", role: `allow = "ana"`, problem: "customers/acme.toml:4: allow is a string, not a table"},
		{name: "a list", role: `allow = ["ana"]`, problem: "customers/acme.toml:4: allow is an array, not a table"},
		{name: "all", role: `allow = true`, problem: "customers/acme.toml:4: allow is true or false, not a table"},
		{name: "a user without brackets", role: `allow = { users = "ana" }`, problem: "customers/acme.toml:4: users is a string, not an array of strings"},
		{name: "a number without quotes", role: `allow = { users = [1000] }`, problem: "customers/acme.toml:4: users is an integer, not a string"},
		{name: "another key", role: `allow = { user = ["ana"] }`, problem: `customers/acme.toml:4: unknown key "user"`},
		{name: "an empty name", role: `allow = { users = [""] }`, problem: "customers/acme.toml:4: users is empty"},
		{name: "a star", role: `allow = { users = ["*"] }`, problem: `customers/acme.toml:4: users holds "*", which cannot be a name or a number`},
		{name: "an option", role: `allow = { groups = ["-x"] }`, problem: `groups holds "-x"`},
		{name: "a colon", role: `allow = { users = ["ana:0"] }`, problem: `users holds "ana:0"`},
		{name: "blanks around", role: `allow = { users = [" ana"] }`, problem: `users holds " ana"`},
		{name: "a line", role: `allow = { users = ["ana\nroot"] }`, problem: "users holds control characters"},
		{name: "a number that means none", role: `allow = { users = ["4294967295"] }`, problem: `users holds "4294967295"`},
		{name: "a number with zeros before it", role: `allow = { users = ["007"] }`, problem: `users holds "007"`},
		{name: "a number that is too large", role: `allow = { users = ["99999999999999999999999"] }`, problem: "users holds"},
		{name: "a long name", role: `allow = { users = ["` + strings.Repeat("a", 257) + `"] }`, problem: "users holds"},
		{name: "of a broken customer", customer: `allow = "ana"`, problem: "customers/acme.toml:2: allow is a string"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := "version = 1\n" + c.customer + "\n" + admin + c.role + "\n"
			if c.customer == "" {
				text = "version = 1\n" + admin + c.role + "\n"
			}
			r := Load(dir(t, map[string]string{"credd.toml": settingsText, "customers/acme.toml": text}), nil)
			role, err := r.Role("acme/admin")
			if c.problem != "" {
				if got := fmt.Sprint(r.Problems()); !strings.Contains(got, c.problem) || err == nil {
					t.Errorf("got %s, want %s", got, c.problem)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, role.Allow); diff != "" {
				t.Errorf("want -, got +\n%s", diff)
			}
			if own, ok := r.Lookup("acme/admin"); !ok || own != role {
				t.Errorf("got %v, %v by Lookup", own, ok)
			}
		})
	}
}

const allowText = `version = 1
external_id = "9d1f-canary"
allow = { users = ["ana"], groups = ["dev"] }

[role.admin]
arn   = "arn:aws:iam::012345678901:role/Admin"
allow = { users = ["1001"] }

[role.readonly]
arn = "arn:aws:iam::012345678901:role/ReadOnly"
`

// No edit of credd loses who may use what.
func TestEditsKeepAllow(t *testing.T) {
	d := dir(t, map[string]string{"credd.toml": settingsText, "customers/acme.toml": allowText})
	if _, err := AddRole(d, NewRole{Name: "acme/third", ARN: "arn:aws:iam::012345678901:role/Third"}); err != nil {
		t.Fatal(err)
	}
	if _, err := RemoveRole(d, "acme/readonly"); err != nil {
		t.Fatal(err)
	}
	r := Load(d, nil)
	got := map[string][]string{}
	for _, a := range r.Allowed() {
		got[a.Of] = append(a.Users, a.Groups...)
	}
	if diff := cmp.Diff(map[string][]string{"acme": {"ana", "dev"}, "acme/admin": {"1001"}}, got); diff != "" {
		t.Errorf("want -, got +\n%s", diff)
	}
	if third, err := r.Role("acme/third"); err != nil || third.Allow == nil || third.Allow.Users[0] != "ana" {
		t.Errorf("got %+v, %v, want the customer's allow", third, err)
	}
	text, err := r.Export("acme")
	check(t, err)
	for _, name := range []string{"ana", "dev", "1001"} {
		if strings.Contains(text, `"`+name+`"`) {
			t.Errorf("the export names %s, who is ours:\n%s", name, text)
		}
	}
	if strings.Count(text, "(allow)") != 2 {
		t.Errorf("the export does not say that allow was set:\n%s", text)
	}
}

// A daemon for all looks at included files as strictly as at its own.
func TestIncludedFilesForAll(t *testing.T) {
	team := t.TempDir()
	put(t, team, "team.toml", allowText)
	path := filepath.Join(team, "team.toml")
	d := dir(t, map[string]string{"credd.toml": strings.Replace(settingsText, "include = []", fmt.Sprintf("include = [%q]", team), 1)})
	for _, c := range []struct {
		name  string
		owner int
		mode  os.FileMode
		ok    bool
	}{
		{"ours", os.Getuid(), 0o644, true},
		{"another's", 10001, 0o644, false},
		{"its group may write", os.Getuid(), 0o664, false},
		{"all may write", os.Getuid(), 0o666, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			check(t, os.Chown(path, c.owner, 20001))
			check(t, os.Chmod(path, c.mode))
			if _, ok := LoadForAll(d, nil).Lookup("team/admin"); ok != c.ok {
				t.Errorf("got %v, want %v", ok, c.ok)
			}
			if _, ok := Load(d, nil).Lookup("team/admin"); ok != (c.mode != 0o666) {
				t.Errorf("of a user's own: got %v", ok)
			}
		})
	}
}

func FuzzAllow(f *testing.F) {
	for _, seed := range []string{`{ users = ["ana"] }`, `{ users = [], groups = ["dev"] }`, `{}`, `"ana"`, `{ users = ["*"] }`, "{ users = [\"a\"]\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		text := "version = 1\n[role.admin]\narn = \"arn:aws:iam::012345678901:role/Admin\"\nallow = " + value + "\n"
		draft, fault := readDraft([]byte(text))
		if fault != nil {
			return
		}
		for _, r := range draft.roles {
			if r.name == "admin" && r.role.Allow == nil {
				t.Errorf("a role with allow is open: %q", value)
			}
			if r.role.Allow == nil {
				continue
			}
			for _, name := range append(r.role.Allow.Users, r.role.Allow.Groups...) {
				if name == "" || name[0] == '-' || strings.ContainsAny(name, ":\n\x00") {
					t.Errorf("got the name %q", name)
				}
			}
		}
	})
}
