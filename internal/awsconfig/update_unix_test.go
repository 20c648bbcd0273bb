//go:build !windows

package awsconfig

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func fifo(path string) error { return syscall.Mkfifo(path, 0o600) }

func TestWord(t *testing.T) {
	for path, want := range map[string]string{"/home/ana/.aws/config": "/home/ana/.aws/config", "/a b/config": `"/a b/config"`, "/$(id)/config": "'/$(id)/config'", "/a;id/c": `"/a;id/c"`} {
		if got := word(path); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// In /tmp another user must not choose which of our files is written.
func TestALinkThatAnotherUserMade(t *testing.T) {
	if os.Getuid() != 0 {
		t.Log("only root can make links of others")
		return
	}
	for name, tt := range map[string]struct {
		mode  os.FileMode
		dir   int // whose the directory is
		owner int // of the link
		ok    bool
	}{
		"planted":                  {0o777 | os.ModeSticky, 0, 65534, false},
		"ours":                     {0o777 | os.ModeSticky, 65534, 0, true},
		"of the directory's owner": {0o777 | os.ModeSticky, 65534, 65534, true},
		"in a directory of ours":   {0o755, 0, 65534, true},
	} {
		t.Run(name, func(t *testing.T) {
			dir := home(t)
			shared, mine := filepath.Join(dir, "tmp"), filepath.Join(dir, "bashrc")
			link := filepath.Join(shared, "config")
			check(t, os.WriteFile(mine, []byte("mine\n"), 0o600))
			check(t, os.Mkdir(shared, 0o700))
			check(t, os.Symlink(mine, link))
			check(t, os.Lchown(link, tt.owner, tt.owner))
			check(t, os.Chown(shared, tt.dir, tt.dir))
			check(t, os.Chmod(shared, tt.mode))
			err := Update(link, func([]byte) ([]byte, error) { return []byte("theirs\n"), nil })
			text, _ := os.ReadFile(mine)
			if (err == nil) != tt.ok || (string(text) == "theirs\n") != tt.ok {
				t.Errorf("got %v, and the file has %q", err, text)
			}
		})
	}
}
