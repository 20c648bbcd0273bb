//go:build !windows

package peer

import "os"

// Self is who this process runs as.
func Self() (User, error) { return User{UID: uint32(os.Getuid())}, nil }

// Root reports whether the user may do anything on this machine anyway.
func (u User) Root() bool { return u == User{} }
