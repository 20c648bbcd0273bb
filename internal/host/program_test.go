//go:build !windows

package host

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A hint that says to give somebody's programs to root would go on to their home.
func TestProgramsOfOthersAreInstalled(t *testing.T) {
	for _, c := range []struct {
		dir  string
		from bool // the programs are named by where they are
	}{{"bin", true}, {"my bin", false}} {
		dir := filepath.Join(plainPlace(t), c.dir)
		for _, name := range []string{"credd", "credhelper"} {
			path, err := put(dir, name, 0o755)
			if err != nil {
				t.Fatal(err)
			}
			os.Chown(path, 65534, 65534)
		}
		from := ""
		if c.from {
			from = dir + "/"
		}
		var e *Error
		err := (&Service{Program: filepath.Join(dir, "credd"), System: true}).Check()
		if want := "install both programs first: sudo install " + from + "credd " + from + "credhelper /usr/local/bin/, and call credd from there"; !errors.As(err, &e) || e.Hint != want {
			t.Errorf("got %v, %+v, want %q", err, e, want)
		}
	}
}

func TestPrograms(t *testing.T) {
	base := plainPlace(t)
	for _, c := range []struct {
		name, want string
		system     bool
		make       func(dir string) (program string, err error)
	}{
		{"plain", "", false, func(dir string) (string, error) { return put(dir, "credd", 0o755) }},
		{"not there", "no such file", false, func(dir string) (string, error) { return filepath.Join(dir, "credd"), nil }},
		{"a directory", "is no program", false, func(dir string) (string, error) { return dir, nil }},
		{"relative", "needs a whole path", false, func(string) (string, error) { return "credd", nil }},
		{"of go run", "will not stay", false, func(dir string) (string, error) { return put(filepath.Join(dir, "go-build123", "exe"), "credd", 0o755) }},
		{"in /tmp", "will not stay", false, func(string) (string, error) { return put(t.TempDir(), "credd", 0o755) }},
		{"writable", "every user of this machine", false, func(dir string) (string, error) { return put(dir, "credd", 0o757) }},
		{"of another user", "the user with ID 65534", false, func(dir string) (string, error) {
			p, err := put(dir, "credd", 0o755)
			os.Chown(p, 65534, 65534)
			return p, err
		}},
		{"in a directory of another group", "the group with ID 65534", false, func(dir string) (string, error) {
			p, err := put(filepath.Join(dir, "bin"), "credd", 0o755)
			os.Chown(filepath.Dir(p), -1, 65534)
			os.Chmod(filepath.Dir(p), 0o775)
			return p, err
		}},
		{"a link to a plain one", "", false, func(dir string) (string, error) {
			p, err := put(filepath.Join(dir, "cellar"), "credd", 0o755)
			link := filepath.Join(dir, "credd")
			os.Symlink(p, link)
			return link, err
		}},
		{"a link to a writable one", "every user of this machine", false, func(dir string) (string, error) {
			p, err := put(filepath.Join(dir, "cellar"), "credd", 0o777)
			link := filepath.Join(dir, "credd")
			os.Symlink(p, link)
			return link, err
		}},
		{"of the machine", "", true, func(dir string) (string, error) { return "/bin/sh", nil }},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(base, strings.ReplaceAll(c.name, " ", "-"))
			if err := os.MkdirAll(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			program, err := c.make(dir)
			if err != nil {
				t.Fatal(err)
			}
			err = (&Service{Program: program, System: c.system}).Check()
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("%s: got %v, want %q", program, err, c.want)
			}
		})
	}
}

// plainPlace is a directory that only root and we may change: everybody may write in /tmp.
func plainPlace(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/var/lib", "credd-test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func put(dir, name string, mode os.FileMode) (string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, nil, mode); err != nil {
		return "", err
	}
	return path, os.Chmod(path, mode)
}
