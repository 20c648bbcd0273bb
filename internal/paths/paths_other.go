//go:build !linux

package paths

import "path/filepath"

// runtimeDir is below the state directory: these systems have no runtime directory of a user.
func runtimeDir() (string, error) {
	state, err := State()
	return filepath.Join(state, "run"), err
}
