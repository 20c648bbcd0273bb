package peer

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
)

// TestWhatTheKernelTells connects to itself.
func TestWhatTheKernelTells(t *testing.T) {
	dir, err := os.MkdirTemp("/tmp", "credd") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	l, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("unix", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	p, err := Of(s)
	if err != nil || int(p.UID) != os.Getuid() || p.PID != os.Getpid() {
		t.Errorf("got %+v, %v", p, err)
	}
	groups, err := GroupsOf(s, p)
	if err != nil || !slices.Contains(groups, strconv.Itoa(os.Getegid())) {
		t.Errorf("got groups %v, %v, want %d among them", groups, err, os.Getegid())
	}
	exe, err := os.Executable()
	if err == nil {
		exe, err = filepath.EvalSymlinks(exe)
	}
	if got := FactsOf(s, p); err != nil || got.Exe != exe || got.ParentPID != os.Getppid() {
		t.Errorf("got %+v, want %s with parent %d (%v)", got, exe, os.Getppid(), err)
	}
	p.seen = 1 // accepted long ago: the process cannot be the one that connected
	if got := FactsOf(s, p); got != (Facts{}) {
		t.Errorf("younger than the connection: got %+v, want nothing", got)
	}
}
