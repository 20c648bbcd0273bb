//go:build !windows

package paths

import (
	"os"
	"path/filepath"
)

// under returns credd's part of an XDG directory. A relative value is ignored, as the XDG specification says.
func under(variable, fallback string) (string, error) {
	if d := os.Getenv(variable); filepath.IsAbs(d) {
		return filepath.Join(d, "credd"), nil
	}
	h, err := home()
	if err != nil {
		return "", err
	}
	return filepath.Join(h, fallback, "credd"), nil
}
