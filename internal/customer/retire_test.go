package customer

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"credd/internal/agent/roster"
	"credd/internal/customer/invite"
)

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func put(t *testing.T, path, text string) {
	t.Helper()
	check(t, os.MkdirAll(filepath.Dir(path), 0o700))
	check(t, os.WriteFile(path, []byte(text), 0o600))
}

const acmeText = "version = 1\r\nexternal_id = \"id\" # of Ana\r\n[role.admin]\narn = \"arn:aws:iam::012345678901:role/Admin\""

// places have a customer with an invitation and a record.
func places(t *testing.T) Places {
	t.Helper()
	p := Places{filepath.Join(t.TempDir(), "config"), filepath.Join(t.TempDir(), "state")}
	put(t, filepath.Join(p.Config, "credd.toml"), "version = 1\n[source.ec2]\ntype = \"imds\"\n[defaults]\nsource = \"ec2\"\n")
	put(t, filepath.Join(p.Config, "customers/acme.toml"), acmeText)
	put(t, filepath.Join(p.State, "customers/acme.json"), "{\"roles\": {}} \n")
	check(t, Invite(p.State, invite.Terms{Customer: "acme", Role: "admin", Service: "northwind"}))
	return p
}

// tree is all files below the places, but for locks.
func tree(t *testing.T, p Places) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, root := range []string{p.Config, p.State} {
		check(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || d.Name() == ".lock" {
				return err
			}
			data, err := os.ReadFile(path)
			rel, _ := filepath.Rel(filepath.Dir(root), path)
			all[rel] = string(data)
			return err
		}))
	}
	return all
}

func same(a, b map[string]string) bool {
	for k, v := range a {
		if b[k] != v {
			return false
		}
	}
	return len(a) == len(b)
}

var retiredAt = time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)

func TestRetireAndUndo(t *testing.T) {
	p := places(t)
	before := tree(t, p)
	a, err := p.Retire("acme", []string{"acme/admin"}, retiredAt)
	check(t, err)
	check(t, p.Finish(a))
	if want := filepath.Join(p.Config, "retired/acme-20261127T120000Z.toml"); a.Path != want {
		t.Errorf("got %s, want %s", a.Path, want)
	}
	left := tree(t, p)
	if len(left) != 3 || left["config/retired/acme-20261127T120000Z.toml"] != acmeText {
		t.Errorf("left %q", left)
	}
	for name, mode := range map[string]fs.FileMode{"retired": 0o700, "retired/acme-20261127T120000Z.toml": 0o600, "retired/acme-20261127T120000Z.json": 0o600} {
		if info, err := os.Stat(filepath.Join(p.Config, name)); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: got %v, %v", name, info.Mode(), err)
		}
	}
	if terms, err := a.Invitations(); err != nil || len(terms) != 1 || terms[0].Service != "northwind" {
		t.Errorf("got %+v, %v", terms, err)
	}
	all, err := p.Archives("acme")
	if err != nil || len(all) != 1 || all[0] != a {
		t.Fatalf("got %+v, %v", all, err)
	}
	_, profiles, err := p.Undo(a)
	if left, again := p.Undone("acme"); left != a || !slices.Equal(again, profiles) {
		t.Errorf("got %v, %v", left, again)
	}
	check(t, p.Done(a))
	if err != nil || !slices.Equal(profiles, []string{"acme/admin"}) || !same(tree(t, p), before) {
		t.Errorf("got %v, %v, %q", profiles, err, tree(t, p))
	}
}

// A retirement that is killed after any of its steps, and the same again; or its undo.
func TestRetireIsNeverHalf(t *testing.T) {
	steps := map[string]func(Places){
		"nothing done":      func(Places) {},
		"what is known":     func(p Places) { put(t, filepath.Join(p.Config, "retired/acme-20261127T110000Z.json"), "{}") },
		"half of a copy":    func(p Places) { put(t, filepath.Join(p.Config, "retired/.credd-acme-20261127T110000Z-1"), "{") },
		"the customer away": func(p Places) { _, err := p.Retire("acme", nil, retiredAt); check(t, err) },
		"one of two originals": func(p Places) {
			_, err := p.Retire("acme", nil, retiredAt)
			check(t, err)
			check(t, os.Remove(filepath.Join(p.State, "customers/acme.json")))
		},
	}
	for name, killed := range steps {
		p := places(t)
		before := tree(t, p)
		killed(p)
		_, err := os.Stat(filepath.Join(p.Config, "customers/acme.toml"))
		all, _ := p.Archives("acme")
		if there := err == nil; there == (len(all) == 1) {
			t.Errorf("%s: there is not one of customer and archive: %q", name, tree(t, p))
		}
		if len(all) == 0 {
			a, err := p.Retire("acme", nil, retiredAt)
			check(t, err)
			all = []Archive{a}
		}
		check(t, p.Finish(all[0]))
		left := tree(t, p)
		delete(left, "config/retired/.credd-acme-20261127T110000Z-1")
		if len(left) != 3 {
			t.Errorf("%s: left %q", name, left)
		}
		_, _, err = p.Undo(all[0])
		check(t, p.Done(all[0]))
		after := tree(t, p)
		delete(after, "config/retired/.credd-acme-20261127T110000Z-1")
		if err != nil || !same(after, before) {
			t.Errorf("%s: got %v, %q", name, err, after)
		}
	}
}

func TestUndoOfAKilledUndo(t *testing.T) {
	p := places(t)
	before := tree(t, p)
	a, err := p.Retire("acme", nil, retiredAt)
	check(t, err)
	check(t, p.Finish(a))
	check(t, os.WriteFile(filepath.Join(p.State, "customers/acme.json"), []byte("{\"roles\": {}} \n"), 0o600)) // the first of its steps
	_, _, err = p.Undo(a)
	check(t, p.Done(a))
	if err != nil || !same(tree(t, p), before) {
		t.Errorf("got %v, %q", err, tree(t, p))
	}
}

func TestUndoRefusesACustomerOfNow(t *testing.T) {
	p := places(t)
	a, err := p.Retire("acme", nil, retiredAt)
	check(t, err)
	check(t, p.Finish(a))
	put(t, filepath.Join(p.Config, "customers/acme.toml"), "version = 1\n")
	before := tree(t, p)
	if _, _, err := p.Undo(a); !errors.Is(err, roster.ErrCustomerExists) || !same(tree(t, p), before) {
		t.Errorf("got %v, %q", err, tree(t, p))
	}
}

// Two retirements within a second, and customers whose names begin alike.
func TestArchives(t *testing.T) {
	p := places(t)
	put(t, filepath.Join(p.Config, "customers/acme-eu.toml"), acmeText)
	_, err := p.Retire("acme-eu", nil, retiredAt)
	check(t, err)
	first, err := p.Retire("acme", nil, retiredAt)
	check(t, err)
	put(t, filepath.Join(p.Config, "customers/acme.toml"), acmeText)
	second, err := p.Retire("acme", nil, retiredAt)
	check(t, err)
	all, err := p.Archives("acme")
	if err != nil || len(all) != 2 || all[0] != second || all[1] != first {
		t.Errorf("got %+v, %v", all, err)
	}
	if _, err := p.Retire("acme", nil, retiredAt); !errors.Is(err, roster.ErrUnknownCustomer) {
		t.Errorf("got %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(p.Config, "retired/*.json")); len(left) != 3 {
		t.Errorf("left %q", left)
	}
	if p.Config = t.TempDir(); len(mustArchives(t, p, "acme")) != 0 {
		t.Error("archives of nothing")
	}
}

func mustArchives(t *testing.T, p Places, key string) []Archive {
	all, err := p.Archives(key)
	check(t, err)
	return all
}

func TestInvitations(t *testing.T) {
	state := t.TempDir()
	if all, err := Invitations(state, "acme"); len(all) != 0 || err != nil {
		t.Errorf("got %v, %v", all, err)
	}
	var all sync.WaitGroup
	for _, role := range []string{"c", "a", "b", "d", "e"} {
		all.Go(func() {
			for range 3 {
				if err := Invite(state, invite.Terms{Customer: "acme", Role: role, Invited: retiredAt, MaxSession: time.Hour}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	got, err := Invitations(state, "acme")
	var roles []string
	for _, i := range got {
		roles = append(roles, i.Role)
	}
	if err != nil || strings.Join(roles, "") != "abcde" || !got[0].Invited.Equal(retiredAt) || got[0].MaxSession != time.Hour {
		t.Errorf("got %+v, %v", got, err)
	}
	if info, err := os.Stat(filepath.Join(state, "invitations/acme.json")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v", info, err)
	}
	for _, role := range roles {
		check(t, Uninvite(state, "acme", role))
	}
	if left, _ := filepath.Glob(filepath.Join(state, "invitations/*.json")); len(left) != 0 {
		t.Errorf("left %q", left)
	}
	put(t, filepath.Join(state, "invitations/acme.json"), "{")
	if _, err := Invitations(state, "acme"); err == nil || !strings.Contains(err.Error(), "invitations/acme.json is not a list of invitations") {
		t.Errorf("got %v", err)
	}
	for _, key := range []string{"../acme", "", "a/b", ".x"} {
		if err := Invite(state, invite.Terms{Customer: key}); err == nil {
			t.Errorf("%q is taken", key)
		}
		if all, err := Invitations(state, key); len(all) != 0 || err != nil {
			t.Errorf("%q: got %v, %v", key, all, err)
		}
	}
}

// TestPlantedFiles puts what blocks, what has no end and what is elsewhere in the place of files that are read. Each is an error that
// says what to do, at once, and nothing is moved.
func TestPlantedFiles(t *testing.T) {
	plant := map[string]func(path string) error{
		"a link":      func(p string) error { return os.Symlink("/dev/zero", p) },
		"a directory": func(p string) error { return os.Mkdir(p, 0o700) },
		"huge": func(p string) error {
			return errors.Join(os.WriteFile(p, nil, 0o600), os.Truncate(p, maxKept+1))
		},
	}
	for name, put := range plant {
		for _, file := range []string{"invitations/acme.json", "customers/acme.json"} {
			p := places(t)
			path := filepath.Join(p.State, file)
			check(t, os.Remove(path))
			check(t, put(path))
			if _, err := p.Retire("acme", nil, retiredAt); !errors.Is(err, ErrBroken) || !strings.Contains(err.Error(), file) || !strings.Contains(err.Error(), "move it away") {
				t.Errorf("%s as %s: got %v", name, file, err)
			}
			if _, err := os.Stat(filepath.Join(p.Config, "customers/acme.toml")); err != nil {
				t.Error(err)
			}
			if _, err := Invitations(p.State, "acme"); (err == nil) != (file == "customers/acme.json") || err != nil && !strings.Contains(err.Error(), "move it away") {
				t.Errorf("%s as %s: got %v", name, file, err)
			}
		}
		p := places(t)
		a, err := p.Retire("acme", nil, retiredAt)
		check(t, err)
		check(t, os.Remove(a.kept()))
		check(t, put(a.kept()))
		if _, _, err := p.Undo(a); !errors.Is(err, ErrBroken) || !strings.Contains(err.Error(), "move it away") {
			t.Errorf("%s: got %v", name, err)
		}
		if _, err := os.Stat(a.Path); err != nil {
			t.Error(err)
		}
	}
}

// The state of a machine's credd is its daemon's, and root works in it. What root alone may read must not get there.
func TestRetireReadsNoMoreThanTheStatesOwner(t *testing.T) {
	for _, c := range []struct {
		name  string
		owner int
		want  error
	}{{"the daemon's", 9900, fs.ErrPermission}, {"root's", 0, nil}} {
		t.Run(c.name, func(t *testing.T) {
			p := places(t)
			secret := t.TempDir() // root's
			check(t, os.Chmod(secret, 0o700))
			put(t, filepath.Join(secret, "acme.json"), "canary")
			for dir := p.State; dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
				check(t, os.Chmod(dir, 0o755))
			}
			check(t, os.RemoveAll(filepath.Join(p.State, "customers")))
			check(t, os.Symlink(secret, filepath.Join(p.State, "customers")))
			check(t, filepath.WalkDir(p.State, func(path string, _ fs.DirEntry, err error) error {
				return errors.Join(err, os.Lchown(path, c.owner, c.owner))
			}))
			if _, err := p.Retire("acme", nil, time.Now()); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			found := false
			for path, text := range tree(t, Places{p.Config, p.Config}) {
				found = found || strings.HasPrefix(path, "config/retired") && strings.Contains(text, "canary")
			}
			if want := c.want == nil; found != want {
				t.Errorf("root's file is in the archive: %v, want %v", found, want)
			}
		})
	}
}
