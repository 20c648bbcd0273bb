//go:build !windows

package paths

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// clean leaves only HOME in the environment, of what paths reads.
func clean(t *testing.T, home string) {
	t.Helper()
	for _, v := range []string{"XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR", "CREDD_SOCK"} {
		t.Setenv(v, "")
	}
	t.Setenv("HOME", home)
}

func TestDirectories(t *testing.T) {
	for _, c := range []struct {
		name          string
		of            func() (string, error)
		variable      string
		fallback, xdg string
	}{
		{"config", Config, "XDG_CONFIG_HOME", "/home/u/.config/credd", "/x/credd"},
		{"data", Data, "XDG_DATA_HOME", "/home/u/.local/share/credd", "/x/credd"},
		{"state", State, "XDG_STATE_HOME", "/home/u/.local/state/credd", "/x/credd"},
		{"audit", Audit, "XDG_STATE_HOME", "/home/u/.local/state/credd/audit.log", "/x/credd/audit.log"},
		{"aws", AWS, "AWS_CONFIG_FILE", "/home/u/.aws", "/home/u/.aws"},
	} {
		t.Run(c.name, func(t *testing.T) {
			clean(t, "/home/u")
			for value, want := range map[string]string{"": c.fallback, "/x": c.xdg, "relative": c.fallback} {
				t.Setenv(c.variable, value)
				if got, err := c.of(); got != want || err != nil {
					t.Errorf("%s=%q: got %q, %v, want %q", c.variable, value, got, err, want)
				}
			}
		})
	}
}

func TestNoHome(t *testing.T) {
	for _, home := range []string{"", "relative"} {
		clean(t, home)
		for name, of := range map[string]func() (string, error){
			"config": Config, "data": Data, "state": State, "audit": Audit, "log": Log, "aws": AWS,
		} {
			if got, err := of(); got != "" || err != errNoHome {
				t.Errorf("HOME=%q: %s: got %q, %v, want %v", home, name, got, err, errNoHome)
			}
		}
	}
}

func TestSocketFromTheEnvironment(t *testing.T) {
	const longest = 103
	for _, c := range []struct {
		name, value, want string
		err               error
	}{
		{"absolute", "/run/credd/agent.sock", "/run/credd/agent.sock", nil},
		{"relative", "agent.sock", "", errRelative},
		{"abstract", "@credd", "", errRelative},
		{"longest", "/" + strings.Repeat("s", longest-1), "/" + strings.Repeat("s", longest-1), nil},
		{"too long", "/" + strings.Repeat("s", longest), "", errTooLong},
	} {
		t.Run(c.name, func(t *testing.T) {
			clean(t, "")
			t.Setenv("CREDD_SOCK", c.value)
			if got, err := Socket(); got != c.want || err != c.err {
				t.Errorf("got %q, %v, want %q, %v", got, err, c.want, c.err)
			}
		})
	}
}

func TestPrivate(t *testing.T) {
	for _, c := range []struct {
		name, want string
		prepare    func(dir string) error
	}{
		{"new", "", func(string) error { return nil }},
		{"ours", "", func(d string) error { return os.Mkdir(d, 0o700) }},
		{"readable by a group", "is open to other users", func(d string) error { return os.Mkdir(d, 0o750) }},
		{"writable by all", "is open to other users", func(d string) error {
			os.Mkdir(d, 0o700)
			return os.Chmod(d, 0o777)
		}},
		{"a link to a directory of ours", "is not a directory", func(d string) error {
			os.Mkdir(d+".real", 0o700)
			return os.Symlink(d+".real", d)
		}},
		{"a link to nothing", "file exists", func(d string) error { return os.Symlink(d+".missing", d) }},
		{"a file", "not a directory", func(d string) error { return os.WriteFile(d, nil, 0o600) }},
		{"of another user", "belongs to another user", func(d string) error {
			os.Mkdir(d, 0o700)
			return os.Chown(d, 65534, 65534)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "credd")
			if err := c.prepare(dir); err != nil {
				t.Fatal(err)
			}
			err := Private(dir)
			if c.want != "" {
				if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), dir) {
					t.Errorf("got %v, want %q and the directory", err, c.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if i, err := os.Stat(dir); err != nil || i.Mode().Perm() != 0o700 {
				t.Errorf("got %v, %v, want mode 0700", i.Mode(), err)
			}
		})
	}
}

func TestMake(t *testing.T) {
	base := t.TempDir()
	if err := os.WriteFile(filepath.Join(base, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, dir, want string }{
		{"new", "a", ""},
		{"with those above it", "b/c/d", ""},
		{"there already", "b/c", ""},
		{"a file", "file", "not a directory"},
		{"below a file", "file/a", "not a directory"},
	} {
		err := Make(filepath.Join(base, c.dir))
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
	if i, err := os.Stat(filepath.Join(base, "b", "c")); err != nil || i.Mode().Perm() != 0o700 {
		t.Errorf("got %v, %v, want mode 0700", i, err)
	}
}
