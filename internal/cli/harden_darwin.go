package cli

import "syscall"

// harden turns core dumps off.
func harden() error { return syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}) }
