package agent

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestReplacedProgram(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(path string) error
		want   bool
	}{
		{"as it was", func(string) error { return nil }, false},
		{"removed", os.Remove, true},
		{"another in its place", func(path string) error {
			if err := os.WriteFile(path+".new", []byte("new"), 0o700); err != nil {
				return err
			}
			return os.Rename(path+".new", path)
		}, true},
		{"written over", func(path string) error { return os.Chtimes(path, time.Time{}, time.Now().Add(time.Hour)) }, true},
		{"other mode", func(path string) error { return os.Chmod(path, 0o755) }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "credd")
			if err := os.WriteFile(path, []byte("old"), 0o700); err != nil {
				t.Fatal(err)
			}
			at, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := tt.change(path); err != nil {
				t.Fatal(err)
			}
			if got := (program{path, at}).replaced(); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
	if thisProgram().replaced() {
		t.Error("this test was replaced")
	}
}
