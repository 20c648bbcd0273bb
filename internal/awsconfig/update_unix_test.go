//go:build !windows

package awsconfig

import (
	"errors"
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

// Who owns the directory, such as a user whose home root works in, may make a link of the file at any time. It is followed as a link,
// and never read as if it were the file.
func TestAFileThatBecomesALink(t *testing.T) {
	dir := home(t)
	file, other := filepath.Join(dir, "config"), filepath.Join(dir, "other")
	write(t, file, "file\n", 0o600)
	write(t, other, "other\n", 0o600)
	var seen []string
	check(t, Update(file, func(old []byte) ([]byte, error) {
		seen = append(seen, string(old))
		if len(seen) == 1 {
			check(t, os.Rename(file, file+".was"))
			check(t, os.Symlink(other, file))
		}
		return add("ours")(old)
	}))
	wantFile(t, file+".was", "file\n", 0o600)
	wantFile(t, other, "other\nours\n", 0o600)
	if to, err := os.Readlink(file); to != other || err != nil {
		t.Errorf("the link leads to %q, %v", to, err)
	}
	wantNoLitter(t, dir)

	tmp := filepath.Join(dir, prefix+"tmp") // and in the moment of the exchange
	write(t, tmp, "new\n", 0o600)
	if was, err := trade(tmp, file, []byte("other\nours\n")); !errors.Is(err, errAgain) {
		t.Errorf("got %v, %v", was, err)
	}
	if to, err := os.Readlink(file); to != other || err != nil {
		t.Errorf("after it the link leads to %q, %v", to, err)
	}
	wantFile(t, tmp, "new\n", 0o600)
}

// Whoever may write ~/.aws must not fill the daemon's memory by it.
func TestReadReadsNothingEndless(t *testing.T) {
	for name, tt := range map[string]struct {
		make func(path string) error
		ok   bool
	}{
		"a device": {func(path string) error { return os.Symlink("/dev/zero", path) }, false},
		"a fifo":   {fifo, false},
		"a huge file": {func(path string) error {
			return errors.Join(os.WriteFile(path, nil, 0o600), os.Truncate(path, 1<<40))
		}, false},
		"a usual file": {func(path string) error { return os.WriteFile(path, []byte("[default]\n"), 0o600) }, true},
		"none":         {func(string) error { return nil }, true},
	} {
		path := filepath.Join(t.TempDir(), "config")
		check(t, tt.make(path))
		var e *Error
		if _, err := Read(Place{path, os.DevNull}); (err == nil) != tt.ok || err != nil && (!errors.As(err, &e) || e.Hint == "") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
