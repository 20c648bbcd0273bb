package paths

import "path/filepath"

// logs is where people, and Console, look for logs of a user's programs.
func logs() (string, error) {
	h, err := home()
	if err != nil {
		return "", err
	}
	return filepath.Join(h, "Library", "Logs"), nil
}
