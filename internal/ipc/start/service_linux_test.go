package start

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func TestInstalledService(t *testing.T) {
	const link = "/systemd/user/sockets.target.wants/credd.socket"
	for _, c := range []struct {
		name  string
		files []string // below the home
		found bool
	}{
		{"nothing", nil, false},
		{"a manager and no unit", []string{"run/systemd/private"}, false},
		{"a unit and no manager", []string{".config" + link}, false},
		{"a unit that is not enabled", []string{"run/systemd/private", ".config/systemd/user/credd.socket"}, false},
		{"both", []string{"run/systemd/private", ".config" + link}, true},
		{"below XDG_CONFIG_HOME", []string{"run/systemd/private", "xdg" + link}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			home := t.TempDir()
			t.Setenv("HOME", home)
			t.Setenv("XDG_CONFIG_HOME", filepath.Join(home, "xdg"))
			for _, f := range c.files {
				if err := os.MkdirAll(filepath.Dir(filepath.Join(home, f)), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.Symlink("/nowhere", filepath.Join(home, f)); err != nil { // what it leads to is systemd's to see
					t.Fatal(err)
				}
			}
			argv, env := installed(filepath.Join(home, "run", "credd", "agent.sock"))
			if !c.found {
				if argv != nil {
					t.Errorf("got %q, want nothing", argv)
				}
				return
			}
			if len(argv) != 4 || !slices.Equal(argv[1:], []string{"--user", "start", "credd.socket"}) || !slices.Equal(env, []string{"XDG_RUNTIME_DIR=" + home + "/run"}) {
				t.Errorf("got %q, %q", argv, env)
			}
			t.Setenv("CREDD_SOCK", filepath.Join(home, "s"))
			if byManager(filepath.Join(home, "run", "credd", "agent.sock"), time.Now().Add(time.Minute)) {
				t.Error("CREDD_SOCK is not the service's")
			}
		})
	}
}

func TestManagersThatAreRun(t *testing.T) {
	for _, c := range []struct {
		name     string
		argv     []string
		patience time.Duration
		want     bool
	}{
		{"well", []string{"/bin/true"}, time.Minute, true},
		{"badly", []string{"/bin/false"}, time.Minute, false},
		{"not there", []string{"/nowhere/systemctl"}, time.Minute, false},
		{"for ever", []string{"/bin/sleep", "1000"}, 50 * time.Millisecond, false},
	} {
		if got := runs(c.argv, nil, time.Now().Add(c.patience)); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}
