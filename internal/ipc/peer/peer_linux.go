package peer

import (
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

func of(fd int) (Peer, error) {
	c, err := syscall.GetsockoptUcred(fd, syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	if err != nil {
		return Peer{}, err
	}
	if unnamed(c.Uid) {
		return Peer{}, ErrUnknown
	}
	// The pid is 0 for a process of a container that we do not see into. Its uid is translated to ours all the same, if there is one.
	return Peer{User: User{UID: c.Uid}, GID: c.Gid, PID: int(c.Pid), seen: ticks()}, nil
}

// ticks returns the time since boot in the unit of /proc/PID/stat: 1/100 s on every architecture that Go runs on.
func ticks() uint64 {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &now); err != nil {
		return 0 // then every process counts as started later, and has no facts
	}
	return uint64(now.Nano()) / 10_000_000
}

// overflow is what the kernel says in place of a user or a group that has no number in our user namespace (user_namespaces(7)): many are
// then one. Where all numbers are the machine's it is a number as any other.
const overflow = 65534

func unnamed(id uint32) bool { return id == overflow && !wholeMachine() }

// wholeMachine reports whether we are in no user namespace of a container.
var wholeMachine = sync.OnceValue(func() bool {
	text, err := os.ReadFile("/proc/self/uid_map")
	return err == nil && slices.Equal(strings.Fields(string(text)), []string{"0", "0", "4294967295"})
})
