package roster

import (
	"path/filepath"
	"time"

	"credd/internal/disk"
)

// editing is how long a command waits for another one that edits.
const editing = 30 * time.Second

// lockDir keeps two editing commands from losing each other's change. Windows has no lock on directories: it is on a file.
func lockDir(dir string) (unlock func(), err error) {
	f, err := disk.Lock(filepath.Join(dir, ".credd.lock"), editing)
	if err != nil {
		return nil, err
	}
	return func() { f.Close() }, nil
}
