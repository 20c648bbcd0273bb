package cli

import (
	"os"

	"golang.org/x/sys/windows"
)

// isTerminal asks for the console's mode, which only a console has.
func isTerminal(f *os.File) bool {
	var mode uint32
	return windows.GetConsoleMode(windows.Handle(f.Fd()), &mode) == nil
}
