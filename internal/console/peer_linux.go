package console

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"
)

// ours reports whether the socket at the other end of a connection is of our own user, as the kernel says. It fails closed: what it
// does not know is not ours.
func ours(peer, us netip.AddrPort) bool {
	uid, ok, err := diagnosed(peer, us)
	if err != nil {
		uid, ok = listed(peer, us)
	}
	return ok && uid == os.Getuid()
}

// listed looks a socket's owner up in the kernel's tables (proc_net_tcp).
func listed(peer, us netip.AddrPort) (uid int, ok bool) {
	for table, form := range map[string]func(netip.AddrPort) string{"tcp": short, "tcp6": mapped} {
		text, err := os.ReadFile("/proc/net/" + table)
		if err != nil {
			continue // a kernel without IPv6
		}
		if uid, ok := ownerIn(string(text), form(peer), form(us)); ok {
			return uid, true
		}
	}
	return 0, false
}

// ownerIn finds whose socket an established connection is. Those that are closing stand there as root's.
func ownerIn(table, local, remote string) (uid int, ok bool) {
	const state, owner, isEstablished = 3, 7, "01"
	for line := range strings.Lines(table) {
		f := strings.Fields(line)
		if len(f) <= owner || f[1] != local || f[2] != remote || f[state] != isEstablished {
			continue
		}
		if uid, err := strconv.Atoi(f[owner]); err == nil {
			return uid, true
		}
	}
	return 0, false
}

// short is an address as /proc/net/tcp has it: the bytes as one number of this machine.
func short(a netip.AddrPort) string {
	b := a.Addr().Unmap().As4()
	return fmt.Sprintf("%08X:%04X", binary.NativeEndian.Uint32(b[:]), a.Port())
}

// mapped is that address as a socket of IPv6 has it, which some browsers use for both.
func mapped(a netip.AddrPort) string {
	b := a.Addr().As16()
	var out strings.Builder
	for word := range 4 {
		fmt.Fprintf(&out, "%08X", binary.NativeEndian.Uint32(b[4*word:]))
	}
	return fmt.Sprintf("%s:%04X", &out, a.Port())
}
