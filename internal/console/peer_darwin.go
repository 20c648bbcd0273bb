package console

import (
	"context"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ours reports whether the socket at the other end of a connection is of our own user. The kernel tells it to lsof, which is part
// of the system. It fails closed: what is not listed is not ours.
func ours(peer, us netip.AddrPort) bool {
	const patience = 5 * time.Second
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	out, err := exec.CommandContext(ctx, "/usr/sbin/lsof", "-nPw", "-a", "-u", strconv.Itoa(os.Getuid()),
		"-iTCP@"+us.String(), "-sTCP:ESTABLISHED", "-Fn").Output()
	if err != nil {
		return false
	}
	return slices.Contains(strings.Split(string(out), "\n"), "n"+peer.String()+"->"+us.String())
}
