package paths

// runtimeDir is below the state directory: macOS has no runtime directory of a user.
func runtimeDir() (string, error) { return in(State, "run") }
