//go:build !windows

package cli

import (
	"errors"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// descriptors returns those that a command started now would get: what our caller gave.
func descriptors() []int {
	entries, err := os.ReadDir("/dev/fd")
	if err != nil { // no /proc
		return []int{0, 1, 2}
	}
	var out []int
	for _, e := range entries {
		fd, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil && flags&unix.FD_CLOEXEC == 0 {
			out = append(out, fd)
		}
	}
	return out
}

// become replaces this process by a command, with the descriptors that were given: to start a daemon marks all as not for others.
// What credd itself opens is closed by exec; the limit of open files, which Go raises, is put back by syscall.Exec. SIGHUP and
// SIGINT stay ignored if they were; of the other signals that end a process Go keeps no record, and they get their defaults.
func (*Streams) become(path string, args, env []string, given []int) error {
	for _, fd := range given {
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETFD, 0); err != nil {
			return err
		}
	}
	err := syscall.Exec(path, args, env)
	switch {
	case errors.Is(err, syscall.ENOEXEC): // a script without a first line that says by what, as execvp(3)
		err = syscall.Exec("/bin/sh", append([]string{"sh", path}, args[1:]...), env)
	case errors.Is(err, syscall.ENOENT):
		return &userError{notFound, "no such command: " + args[0], "the file is there: what its first line names may not be"}
	}
	return notRun(args[0], err)
}
