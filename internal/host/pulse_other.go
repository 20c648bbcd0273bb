//go:build !linux

package host

// pulse is for systemd.
type pulse struct{}

func (pulse) send(notified) bool { return false }
func (pulse) close()             {}
