//go:build unix

package audit

import "syscall"

// safeOpen follows no link and does not wait for the other end of a fifo.
const safeOpen = syscall.O_NOFOLLOW | syscall.O_NONBLOCK
