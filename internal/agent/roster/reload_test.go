package roster

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLastGoodVersion(t *testing.T) {
	d := whole(t)
	r := Load(d, nil)
	put(t, d, "customers/acme.toml", "version = 1\n[role.admin\n")
	put(t, d, "customers/globex.toml", strings.ReplaceAll(globexText, "Admin", "Other"))
	r = Load(d, r)
	if admin, err := r.Role("acme/admin"); err != nil || !strings.HasSuffix(admin.ARN, "/Admin") {
		t.Errorf("got %v, want the last good version", err)
	}
	if other, err := r.Role("globex/admin"); err != nil || !strings.HasSuffix(other.ARN, "/Other") {
		t.Errorf("got %v, %v; want the new version of another customer", other, err)
	}
	if p := r.Problems(); len(p) != 1 || p[0].File != "customers/acme.toml" || p[0].Line != 2 {
		t.Errorf("got %v, want customers/acme.toml:2", p)
	}
	put(t, d, "credd.toml", "version = 2\n")
	r = Load(d, r)
	if _, err := r.Role("acme/admin"); err != nil || r.Settings.Service.Name != "northwind" {
		t.Errorf("got %v, want the last good settings", err)
	}
	put(t, d, "credd.toml", settingsText)
	if err := os.Remove(filepath.Join(d, "customers/acme.toml")); err != nil {
		t.Fatal(err)
	}
	r = Load(d, r)
	if _, err := r.Role("acme/admin"); !errors.Is(err, ErrUnknownRole) || len(r.Problems()) > 0 {
		t.Errorf("got %v, %v; want the customer gone and no problem", err, r.Problems())
	}
}

func TestLastGoodVersionNeedsItsSource(t *testing.T) {
	d := whole(t)
	r := Load(d, nil)
	put(t, d, "customers/acme.toml", "broken")
	renamed := strings.ReplaceAll(settingsText, "source.work", "source.other")
	put(t, d, "credd.toml", strings.ReplaceAll(renamed, `source       = "work"`, `source       = "other"`))
	r = Load(d, r)
	var p Problem
	if _, err := r.Role("acme/admin"); !errors.As(err, &p) || !strings.Contains(p.Message, `source "work"`) {
		t.Errorf("got %v, want the missing source", err)
	}
}

func TestUnchangedRolesStay(t *testing.T) {
	d := whole(t)
	before := Load(d, nil)
	put(t, d, "customers/globex.toml", globexText+"# changed\n")
	after := Load(d, before)
	a, _ := before.Role("acme/admin")
	b, _ := after.Role("acme/admin")
	if a != b {
		t.Error("a role of an unchanged file was made anew")
	}
}

func TestNamedChanges(t *testing.T) {
	d := whole(t)
	r := Load(d, nil)
	path := func(name string) string { return filepath.Join(d, "customers", name) }
	put(t, d, "customers/new.toml", globexText)
	put(t, d, "customers/globex.toml", strings.ReplaceAll(globexText, "Admin", "Unnoticed"))
	r = Load(d, r, path("new.toml"))
	if _, err := r.Role("new/admin"); err != nil {
		t.Error(err)
	}
	if g, _ := r.Role("globex/admin"); !strings.HasSuffix(g.ARN, "/Admin") {
		t.Error("a file that was not named was read")
	}
	if err := os.Remove(path("new.toml")); err != nil {
		t.Fatal(err)
	}
	put(t, d, "customers/bad name.toml", "")
	r = Load(d, r, path("new.toml"), path("bad name.toml"))
	if _, err := r.Role("new/admin"); err == nil {
		t.Error("a removed file is still served")
	}
	r = Load(d, r, path("globex.toml"))
	if g, _ := r.Role("globex/admin"); !strings.HasSuffix(g.ARN, "/Unnoticed") || len(r.Problems()) != 1 {
		t.Errorf("got %s, %v; want the new version, and the odd name still told", g.ARN, r.Problems())
	}
	put(t, d, "customers/globex.toml", globexText)
	if g, _ := Load(d, r, "/elsewhere/target.toml").Role("globex/admin"); !strings.HasSuffix(g.ARN, "/Admin") {
		t.Error("a change elsewhere, such as of a link's target, should look at everything")
	}
}

func TestUnread(t *testing.T) {
	d := whole(t)
	r := Load(d, nil)
	path := filepath.Join(d, "customers", "new.toml")
	for _, role := range []string{"globex/admin", "globex/none", "globex", "new/admin", "", "@work", "../credd/admin", "bad name/x"} {
		if got := r.Unread(role); got != "" {
			t.Errorf("%q: got %s of what was read", role, got)
		}
	}
	put(t, d, "customers/new.toml", "version = 1\n[half")
	if got := r.Unread("new/admin"); got != path {
		t.Errorf("dropped in: got %q, want %s", got, path)
	}
	r = Load(d, r, path)
	if got := r.Unread("new/admin"); got != "" {
		t.Errorf("read, and broken: got %q", got)
	}
	put(t, d, "customers/new.toml", globexText)
	if got := r.Unread("new/admin"); got != path {
		t.Errorf("mended: got %q, want %s", got, path)
	}
}

// Two changes within a tick of the clock look the same: what is named as changed is read whatever it looks like.
func TestNamedFilesAreReadAgain(t *testing.T) {
	d := whole(t)
	r := Load(d, nil)
	path := filepath.Join(d, "customers/globex.toml")
	put(t, d, "customers/globex.toml", strings.ReplaceAll(globexText, "Admin", "Other"))
	now, err := os.Stat(path)
	check(t, err)
	r.files[path].facts = factsOf(now)
	if g, _ := Load(d, r, path).Role("globex/admin"); !strings.HasSuffix(g.ARN, "/Other") {
		t.Errorf("got %s, want the new version", g.ARN)
	}
}

func TestLinkedFilesAreReadAgain(t *testing.T) {
	d := whole(t)
	check(t, os.Symlink("globex.toml", filepath.Join(d, "customers/alias.toml")))
	r := Load(d, nil)
	put(t, d, "customers/globex.toml", strings.ReplaceAll(globexText, "Admin", "Other"))
	if g, _ := Load(d, r, filepath.Join(d, "customers/globex.toml")).Role("alias/admin"); !strings.HasSuffix(g.ARN, "/Other") {
		t.Errorf("got %s, want the new version of the link's target", g.ARN)
	}
}

// A customer that one directory loses is taken from the next, with nothing of the lost file.
func TestTheNextFileTakesOver(t *testing.T) {
	team := dir(t, map[string]string{"globex.toml": strings.ReplaceAll(globexText, "Admin", "Team")})
	d := whole(t)
	put(t, d, "credd.toml", strings.Replace(settingsText, "include = []", "include = [\""+team+"\"]", 1))
	r := Load(d, nil)
	check(t, os.Remove(filepath.Join(d, "customers/globex.toml")))
	if g, err := Load(d, r).Role("globex/admin"); err != nil || !strings.HasSuffix(g.ARN, "/Team") {
		t.Errorf("got %v, %v; want the role of the included file", g, err)
	}
}
