package cli

import "syscall"

const prSetDumpable = 4 // PR_SET_DUMPABLE of prctl(2)

// harden keeps the daemon's memory to itself: no core dump, no ptrace and no /proc/PID/mem for other processes of the
// same user.
func harden() error {
	if err := syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}); err != nil {
		return err
	}
	if _, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, prSetDumpable, 0, 0); errno != 0 {
		return errno
	}
	return nil
}
