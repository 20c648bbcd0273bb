package paths

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

func TestSocketInTheRuntimeDirectory(t *testing.T) {
	home := t.TempDir()
	ours, theirs, link := filepath.Join(home, "ours"), filepath.Join(home, "theirs"), filepath.Join(home, "link")
	for _, dir := range []string{ours, theirs} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chown(theirs, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(ours, link); err != nil {
		t.Fatal(err)
	}
	// What there is without XDG_RUNTIME_DIR depends on the machine.
	fallback := filepath.Join(home, ".local/state/credd/run/agent.sock")
	if user := "/run/user/" + strconv.Itoa(os.Getuid()); isOurs(user) {
		fallback = user + "/credd/agent.sock"
	}
	for _, c := range []struct{ name, value, want string }{
		{"ours", ours, ours + "/credd/agent.sock"},
		{"a link to ours", link, link + "/credd/agent.sock"},
		{"not there yet", ours + "/later", ours + "/later/credd/agent.sock"},
		{"another user's, kept by su", theirs, fallback},
		{"relative", "run", fallback},
		{"unset", "", fallback},
	} {
		t.Run(c.name, func(t *testing.T) {
			clean(t, home)
			t.Setenv("XDG_RUNTIME_DIR", c.value)
			if got, err := Socket(); got != c.want || err != nil {
				t.Errorf("got %q, %v, want %q", got, err, c.want)
			}
		})
	}
}

func isOurs(dir string) bool {
	uid, exists := owner(dir)
	return exists && uid == os.Getuid()
}

func TestLog(t *testing.T) {
	clean(t, "/home/u")
	for value, want := range map[string]string{"": "/home/u/.local/state/credd/credd.log", "/x": "/x/credd/credd.log"} {
		t.Setenv("XDG_STATE_HOME", value)
		if got, err := Log(); got != want || err != nil {
			t.Errorf("XDG_STATE_HOME=%q: got %q, %v, want %q", value, got, err, want)
		}
	}
}
