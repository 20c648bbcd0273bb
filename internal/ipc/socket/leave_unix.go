//go:build !windows

package socket

import (
	"errors"
	"os"
	"time"
)

// errReplaced is what Accept returns after leave.
var errReplaced = errors.New("another socket is in the place of ours: a service's, or another credd's")

// leave ends accepting, and so the daemon, once somebody else's socket is in the place of ours: nobody can reach us any more.
func (l *Listener) leave(every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-l.done:
			return
		case <-tick.C:
		}
		if i, err := os.Lstat(l.path); err == nil && !os.SameFile(i, l.id) {
			l.left.Store(true)
			l.l.Close()
			return
		}
	}
}
