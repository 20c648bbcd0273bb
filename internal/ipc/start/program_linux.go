package start

import "os"

// program is the path of the file that this process was started from: the kernel names it without links.
func program() (string, error) { return os.Executable() }
