//go:build !windows

package host

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestALogStaysShort(t *testing.T) {
	for _, how := range []int{os.O_APPEND, 0} {
		path := filepath.Join(t.TempDir(), "credd.log")
		f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|how, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		f.WriteString(strings.Repeat("of before\n", 20))
		w := bounded(f, 1000, 300, "/nowhere", path)
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				for i := range 500 {
					if _, err := fmt.Fprintf(w, "line %d\n", i); err != nil {
						t.Error(err)
					}
					if i, err := os.Stat(path); err != nil || i.Size() > 1000 {
						t.Errorf("%d bytes, %v", i.Size(), err)
					}
				}
			})
		}
		all.Wait()
		fmt.Fprintln(w, "the last one")
		text, err := os.ReadFile(path)
		if err != nil || !bytes.HasSuffix(text, []byte("\nthe last one\n")) {
			t.Errorf("got %q, %v", text, err)
		}
		for _, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
			if !strings.HasPrefix(line, "line ") && line != "the last one" {
				t.Errorf("a line is not whole: %q", line)
			}
		}
	}
}

func TestOthersLogsAreLeftAlone(t *testing.T) {
	dir := t.TempDir()
	f, err := os.Create(filepath.Join(dir, "mine.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	ours := filepath.Join(dir, "credd.log")
	if err := os.Symlink(f.Name(), ours); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if got := bounded(f, 1, 1, ours, "/nowhere"); got != f {
		t.Errorf("a file of the user's: got %v", got)
	}
	if got := bounded(&b, 1, 1, ours); got != &b {
		t.Errorf("no file: got %v", got)
	}
}

func TestALogThatWasMovedIsWrittenOn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "credd.log")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w := bounded(f, 100, 50, path)
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	for range 50 {
		if _, err := w.Write([]byte("a line\n")); err != nil {
			t.Fatal(err)
		}
	}
	if i, err := os.Stat(path + ".1"); err != nil || i.Size() != 350 {
		t.Errorf("got %v, %v, want all lines", i, err)
	}
}
