//go:build !linux

package doctor

// leftover has no way to see another process's program here.
func (w *World) leftover() {
	w.Skip(DaemonLeftover, "daemons whose program was replaced, which this system does not show", "")
}

// Stopped is not known here.
func Stopped(int) bool { return false }
