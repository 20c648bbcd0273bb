package paths

import (
	"os"
	"path/filepath"
)

// System are the places of the credd of this machine.
func System() Places {
	dir := filepath.Join(os.Getenv("ProgramData"), "credd")
	return Places{dir, filepath.Join(dir, "state"), `\\.\pipe\credd-system`}
}
