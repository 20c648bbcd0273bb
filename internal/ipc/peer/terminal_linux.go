package peer

import (
	"bytes"
	"os"
	"strconv"
)

// Terminal returns a number that stands for the controlling terminal of a peer, 0 if it has none or the kernel does not show it.
// It tells terminals apart and decides nothing: the pid may have a new owner.
func Terminal(p Peer) uint64 {
	if p.PID <= 0 {
		return 0
	}
	line, err := os.ReadFile(proc(p.PID, "stat"))
	if err != nil {
		return 0
	}
	// Behind the name, which may hold anything: state, parent, group, session, terminal (proc(5)).
	fields := bytes.Fields(line[bytes.LastIndexByte(line, ')')+1:])
	if len(fields) < 5 {
		return 0
	}
	n, err := strconv.ParseInt(string(fields[4]), 10, 64)
	if err != nil {
		return 0
	}
	return uint64(n)
}
