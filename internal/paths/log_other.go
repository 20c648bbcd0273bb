//go:build !darwin

package paths

func logs() (string, error) { return State() }
