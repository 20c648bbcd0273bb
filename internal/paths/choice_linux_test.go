package paths

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"credd/internal/alone"
)

func touch(t *testing.T, path string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestWhichSocketIsMeant(t *testing.T) {
	if !alone.WithoutRun(t) {
		return
	}
	const machine = "/run/credd/agent.sock"
	own := func(home string) string { return home + "/.local/state/credd/run/agent.sock" }
	for _, c := range []struct {
		name      string
		there     []string // below HOME, or with /
		isMachine bool
	}{
		{"nothing is there", nil, false},
		{"the machine's", []string{machine}, true},
		{"both", []string{machine, ".local/state/credd/run/agent.sock"}, false},
		{"the machine's, and a configuration", []string{machine, ".config/credd/credd.toml"}, false},
		{"the machine's, and customers", []string{machine, ".config/credd/customers/acme.toml"}, false},
		{"the machine's, and what says nothing", []string{machine, ".config/credd/other"}, true},
		{"own alone", []string{".local/state/credd/run/agent.sock"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			home, err := os.MkdirTemp("", "h") // t.TempDir is too long for a socket
			if err != nil {
				t.Fatal(err)
			}
			defer os.RemoveAll(home)
			clean(t, home)
			for _, path := range c.there {
				if !filepath.IsAbs(path) {
					path = filepath.Join(home, path)
				}
				touch(t, path)
			}
			defer os.RemoveAll("/run/credd")
			want := own(home)
			if c.isMachine {
				want = machine
			}
			if got, err := Socket(); got != want || err != nil || IsSystem(got) != c.isMachine {
				t.Errorf("got %s, %v, want %s", got, err, want)
			}
			if got, err := OwnSocket(); got != own(home) || err != nil {
				t.Errorf("own: got %s, %v", got, err)
			}
			t.Setenv("CREDD_SOCK", "/x")
			for name, of := range map[string]func() (string, error){"asked": Socket, "own": OwnSocket} {
				if got, err := of(); got != "/x" || err != nil {
					t.Errorf("%s: got %s, %v, want CREDD_SOCK", name, got, err)
				}
			}
		})
	}
	t.Run("a configuration whose socket has no room", func(t *testing.T) {
		home := filepath.Join(t.TempDir(), strings.Repeat("h", 100))
		clean(t, home)
		touch(t, machine)
		defer os.RemoveAll("/run/credd")
		touch(t, filepath.Join(home, ".config/credd/credd.toml"))
		if got, err := Socket(); err != errTooLong {
			t.Errorf("got %s, %v, want %v", got, err, errTooLong)
		}
	})
	t.Run("no home", func(t *testing.T) {
		clean(t, "")
		if got, err := Socket(); err != errNoHome {
			t.Errorf("got %s, %v", got, err)
		}
		touch(t, machine)
		if got, err := Socket(); got != machine || err != nil {
			t.Errorf("got %s, %v, want the machine's", got, err)
		}
	})
}
