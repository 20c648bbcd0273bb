package peer

import "golang.org/x/sys/windows"

const (
	localSystem    = "S-1-5-18"
	administrators = "S-1-5-32-544"
)

// Self is who this process runs as.
func Self() (User, error) { return userOf(windows.GetCurrentProcessToken()) }

// Root reports whether the user may do anything on this machine anyway: LocalSystem.
func (u User) Root() bool { return u.SID == localSystem }
