package start

import "os"

// program is the path of this program, which Linux tells without links.
func program() (string, error) { return os.Executable() }
