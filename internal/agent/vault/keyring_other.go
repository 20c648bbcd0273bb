//go:build !linux

package vault

// reachable has nothing to look for: the keyring is part of the system.
func reachable() error { return nil }
