package paths

import (
	"os"
	"path/filepath"
)

// under returns credd's part of %AppData%, or of %LocalAppData% for what does not roam.
func under(variable, _ string) (string, error) {
	name := "LOCALAPPDATA"
	if variable == "XDG_CONFIG_HOME" {
		name = "APPDATA"
	}
	if d := os.Getenv(name); filepath.IsAbs(d) {
		return filepath.Join(d, "credd"), nil
	}
	return "", errNoHome
}
