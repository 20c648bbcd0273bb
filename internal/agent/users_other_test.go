//go:build !linux

package agent_test

// beUser is needed on Linux only, where tests start processes of other users.
func beUser(string) int { return 1 }
