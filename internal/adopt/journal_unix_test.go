//go:build !windows

package adopt

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// An undo writes what the journal says: nobody else may have written it.
func TestAJournalOfOthersIsRefused(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(path string) error
		want   string
	}{
		"ours":        {func(string) error { return nil }, ""},
		"another's":   {func(path string) error { return os.Chown(path, 65534, 65534) }, "belongs to another user"},
		"a group's":   {func(path string) error { return os.Chmod(path, 0o620) }, "can be written by other users"},
		"everybody's": {func(path string) error { return os.Chmod(path, 0o606) }, "can be written by other users"},
		"a fifo":      {func(path string) error { os.Remove(path); return syscall.Mkfifo(path, 0o600) }, "is no file"},
		"a link to his": {func(path string) error {
			if err := os.Rename(path, path+".his"); err != nil {
				return err
			}
			return errors.Join(os.Chown(path+".his", 65534, 65534), os.Symlink(path+".his", path))
		}, "belongs to another user"},
	} {
		t.Run(name, func(t *testing.T) {
			if strings.Contains(tt.want, "another user") && os.Getuid() != 0 {
				t.Log("only root can give files away")
				return
			}
			dir := t.TempDir()
			victim := filepath.Join(dir, "victim")
			if err := os.WriteFile(victim, []byte("[profile a]\nx = 1\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			j := Journal{Path: filepath.Join(dir, "import.json"), Write: writeFile}
			run := &Run{ID: "X", Done: true, AWS: []Edited{{Path: victim, Before: "", After: hash([]byte("[profile a]\nx = 1\n")), Begun: true}}}
			if err := j.save(run); err != nil {
				t.Fatal(err)
			}
			if err := tt.change(j.Path); err != nil {
				t.Fatal(err)
			}
			w := World{Config: dir, Journal: j, Added: func(context.Context) {}}
			_, err := Undo(t.Context(), w, "X")
			_, there := os.Stat(victim)
			if tt.want == "" {
				if err != nil || there == nil {
					t.Errorf("got %v, %v", err, there)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) || there != nil {
				t.Errorf("got %v, %v, want %q", err, there, tt.want)
			}
		})
	}
}

func TestALockOfOthersHoldsNobody(t *testing.T) {
	dir := t.TempDir()
	j := Journal{Path: filepath.Join(dir, "import.json"), Write: writeFile}
	if err := os.Symlink(filepath.Join(dir, "elsewhere"), j.Path+".lock"); err != nil {
		t.Fatal(err)
	}
	if unlock, err := j.lock(); err == nil {
		unlock()
		t.Error("it follows a link")
	}
	os.Remove(j.Path + ".lock")
	if err := syscall.Mkfifo(j.Path+".lock", 0o600); err != nil {
		t.Fatal(err)
	}
	if unlock, err := j.lock(); err == nil { // and at once
		unlock()
	}
}

// A journal holds external IDs: what a killed import left of one goes with the next.
func TestUnfinishedJournalsGo(t *testing.T) {
	dir := t.TempDir()
	j := Journal{Path: filepath.Join(dir, "import.json"), Write: writeFile}
	left, other := filepath.Join(dir, ".credd-import-123"), filepath.Join(dir, ".credd-123")
	for _, path := range []string{left, other} {
		if err := os.WriteFile(path, []byte("canary"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Undo(t.Context(), World{Journal: j}, "X"); err == nil {
		t.Error("there is such an import")
	}
	if _, err := os.Stat(left); !os.IsNotExist(err) {
		t.Errorf("it is still there: %v", err)
	}
	if _, err := os.Stat(other); err != nil {
		t.Errorf("another's is gone: %v", err)
	}
}
