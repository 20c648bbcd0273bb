//go:build !windows

package host

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"credd/internal/paths"
)

// directory answers as dscl does, for /Users and /Groups.
type directory map[string]map[string]string // record -> key -> value

func (d directory) run(_ context.Context, argv []string) (string, error) {
	if argv[0] != dscl || argv[1] != "." {
		return "", fmt.Errorf("what is %v?", argv)
	}
	switch argv = argv[2:]; argv[0] {
	case "-list":
		var b strings.Builder
		for path, record := range d {
			if filepath.Dir(path) == argv[1] {
				fmt.Fprintf(&b, "%-30s%s\n", filepath.Base(path), record[argv[2]])
			}
		}
		return b.String(), nil
	case "-create":
		if d[argv[1]] == nil {
			d[argv[1]] = map[string]string{}
		}
		if len(argv) == 4 {
			d[argv[1]][argv[2]] = argv[3]
		}
	case "-delete":
		if d[argv[1]] == nil {
			return "", exits(185)
		}
		delete(d, argv[1])
	}
	return "", nil
}

func newDirectory() directory {
	return directory{
		"/Users/root": {"UniqueID": "0"}, "/Users/nobody": {"UniqueID": "-2"}, "/Users/ana": {"UniqueID": "501"},
		"/Users/_other": {"UniqueID": "399"}, "/Groups/wheel": {"PrimaryGroupID": "0"}, "/Groups/_third": {"PrimaryGroupID": "398"},
	}
}

func TestAccount(t *testing.T) {
	d := newDirectory()
	s := &Service{run: d.run}
	for range 2 {
		if got, err := s.makeAccount(t.Context()); got != (roleAccount{397, 397}) || err != nil {
			t.Fatalf("got %v, %v", got, err)
		}
	}
	want := newDirectory()
	want["/Groups/_credd"] = map[string]string{"RealName": "credd", "Password": "*", "PrimaryGroupID": "397"}
	want["/Users/_credd"] = map[string]string{"RealName": "credd", "Password": "*", "UniqueID": "397", "PrimaryGroupID": "397",
		"UserShell": "/usr/bin/false", "NFSHomeDirectory": "/var/empty", "IsHidden": "1"}
	if diff := cmp.Diff(d, want); diff != "" {
		t.Errorf("got-, want+\n%s", diff)
	}
	delete(d, "/Users/_credd") // half of an installation
	if got, err := s.makeAccount(t.Context()); got != (roleAccount{396, 397}) || err != nil {
		t.Errorf("got %v, %v", got, err)
	}
	for range 2 {
		if err := s.removeAccount(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(d, newDirectory()); diff != "" {
		t.Errorf("got-, want+\n%s", diff)
	}
}

func TestNoNumberIsFree(t *testing.T) {
	d := newDirectory()
	for id := leastID; id <= mostID; id++ {
		d[fmt.Sprint("/Users/u", id)] = map[string]string{"UniqueID": fmt.Sprint(id)}
	}
	if got, err := (&Service{run: d.run}).makeAccount(t.Context()); err == nil {
		t.Errorf("got %v, want an error", got)
	}
	if got, err := (&Service{run: directory{}.run}).makeAccount(t.Context()); err == nil {
		t.Errorf("an empty directory: got %v, want an error", got)
	}
}

func TestPlacesOfTheMachine(t *testing.T) {
	base := t.TempDir()
	p := paths.Places{Config: filepath.Join(base, "etc/credd"), State: filepath.Join(base, "db/credd/state"), Socket: filepath.Join(base, "db/credd/agent.sock")}
	log := filepath.Join(base, "credd.log")
	s := &Service{}
	is := func(path string, mode os.FileMode, uid, gid uint32) {
		t.Helper()
		i, err := os.Lstat(path)
		if err != nil {
			t.Fatal(err)
		}
		if st := i.Sys().(*syscall.Stat_t); i.Mode().Perm() != mode || st.Uid != uid || st.Gid != gid {
			t.Errorf("%s: got %v of %d:%d, want %v of %d:%d", path, i.Mode().Perm(), st.Uid, st.Gid, mode, uid, gid)
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		must(s.makePlaces(p, log, roleAccount{397, 397}))
		is(p.Config, 0o750, 0, 397)
		is(filepath.Join(p.Config, "credd.toml"), 0o640, 0, 397)
		is(filepath.Dir(p.Socket), 0o755, 0, 0)
		is(p.State, 0o700, 397, 397)
		is(log, 0o640, 397, adminGroup)
	}
	vault, others, planted, link := p.Vault(), filepath.Join(base, "others"), filepath.Join(p.State, "planted"), filepath.Join(p.State, "link")
	must(os.WriteFile(vault, nil, 0o600))
	must(os.Chown(vault, 397, 397))
	must(os.WriteFile(others, nil, 0o600))
	must(os.Link(others, planted))
	must(os.Symlink(others, link))
	must(s.makePlaces(p, log, roleAccount{397, 397}))
	is(others, 0o600, 0, 0)
	must(s.closeState(p))
	is(p.State, 0o700, 0, 0)
	must(s.makePlaces(p, log, roleAccount{396, 396}))
	is(vault, 0o600, 396, 396)
	is(filepath.Join(p.Config, "credd.toml"), 0o640, 0, 396)
	is(p.State, 0o700, 396, 396)
	is(others, 0o600, 0, 0)
}

func TestPlacesThatAreLinks(t *testing.T) {
	base := t.TempDir()
	elsewhere := filepath.Join(base, "elsewhere")
	if err := os.Mkdir(elsewhere, 0o755); err != nil {
		t.Fatal(err)
	}
	p := paths.Places{Config: filepath.Join(base, "etc"), State: filepath.Join(base, "db/state"), Socket: filepath.Join(base, "db/agent.sock")}
	if err := os.Symlink(elsewhere, p.Config); err != nil {
		t.Fatal(err)
	}
	err := (&Service{}).makePlaces(p, filepath.Join(base, "log"), roleAccount{397, 397})
	if err == nil || !strings.Contains(err.Error(), "move it away") {
		t.Errorf("got %v", err)
	}
}
