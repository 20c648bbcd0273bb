package vault

import "os"

// private is left to the access list that the user's profile hands down.
func private(os.FileInfo) error { return nil }

func inodeOf(os.FileInfo) uint64 { return 0 }
