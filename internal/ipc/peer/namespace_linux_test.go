package peer

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// acceptOne tells who connects to the socket that this process was given.
func acceptOne() {
	l, err := net.FileListener(os.NewFile(3, "socket"))
	if err != nil {
		os.Exit(1)
	}
	c, err := l.Accept()
	if err != nil {
		os.Exit(1)
	}
	p, err := Of(c)
	groups, gerr := GroupsOf(c, p)
	fmt.Println(p.UID, p.Root(), err, groups, gerr)
	os.Exit(0)
}

// In a container the kernel has one number for all users, and one for all groups, that are none of the container's.
func TestUsersOfAnotherNamespace(t *testing.T) {
	own := []syscall.SysProcIDMap{{ContainerID: 0, HostID: 0, Size: 1}, {ContainerID: 500, HostID: 12345, Size: 1}}
	for _, c := range []struct {
		name     string
		uid, gid uint32
		maps     []syscall.SysProcIDMap
		want     string
	}{
		{"no number in the container", 12346, 12346, own, "0 true " + ErrUnknown.Error()},
		{"one, and a group without", 12345, 12346, own, "500 false <nil> [] <nil>"},
		{"one, and a group", 12345, 12345, own, "500 false <nil> [500] <nil>"},
		{"on the machine", overflow, overflow, nil, "65534 false <nil> [65534] <nil>"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := callers(t)
			f, err := l.File()
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			cmd := exec.Command("/proc/self/exe", "accept")
			cmd.ExtraFiles = []*os.File{f}
			cmd.SysProcAttr = &syscall.SysProcAttr{}
			if c.maps != nil {
				cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER, UidMappings: c.maps, GidMappings: c.maps}
			}
			who := exec.Command("/proc/self/exe", "connect", l.Addr().String())
			who.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: c.uid, Gid: c.gid}}
			who.Dir = "/"
			if err := who.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				who.Process.Kill()
				who.Wait()
			})
			out, err := cmd.CombinedOutput()
			if got := strings.TrimSpace(string(out)); err != nil || !strings.HasPrefix(got, c.want) {
				t.Errorf("got %s, %v, want %s", got, err, c.want)
			}
		})
	}
}

// Who is root in a namespace of their own is not root to us.
func TestRootOfANamespaceIsNotRoot(t *testing.T) {
	// As a user who makes one: its root is a number of theirs.
	all := []syscall.SysProcIDMap{{ContainerID: 0, HostID: 12345, Size: 1}}
	_, c := callerAs(t, &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER, UidMappings: all, GidMappings: all, Credential: &syscall.Credential{NoSetGroups: true}})
	if p, err := Of(c); err != nil || p.UID != 12345 || p.Root() {
		t.Errorf("got %+v, %v, want the user 12345", p, err)
	}
}
