package socket

import (
	"net"
	"path/filepath"
	"testing"
)

func TestQuiet(t *testing.T) {
	path := filepath.Join(t.TempDir(), "credd", "s")
	l := listen(t, path)
	want := func(when string, quiet bool) {
		t.Helper()
		if got := l.Quiet(); got != quiet {
			t.Errorf("%s: got %v, want %v", when, got, quiet)
		}
	}
	want("before the first", true)
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	want("somebody waits", false)
	want("and still does", false)
	in, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	want("somebody was accepted", false)
	want("nobody came since", true)
	l.Close()
	want("closed", false)
}
