//go:build !linux

package paths

// runtimeDir is below the state directory: these systems have no runtime directory of a user.
func runtimeDir() (string, error) { return in(State, "run") }
