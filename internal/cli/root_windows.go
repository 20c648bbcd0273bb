package cli

import "golang.org/x/sys/windows"

// warnOfRoot has nothing to tell: what is new gets the rights of its directory.
func (s *Streams) warnOfRoot() {}

// isAdministrator reports whether this is who may read and change the files of the machine's credd: an elevated process.
func isAdministrator() bool { return windows.GetCurrentProcessToken().IsElevated() }

// isRoot is of no meaning here: the account of a service is the service manager's to choose.
func isRoot() bool { return false }

// closeFiles has nothing to do: what is new gets the rights of its directory.
func closeFiles() {}
