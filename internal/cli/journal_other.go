//go:build !linux

package cli

import "io"

// isJournal is false where there is no journald.
func isJournal(io.Writer) bool { return false }
