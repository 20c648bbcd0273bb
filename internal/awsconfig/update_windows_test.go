package awsconfig

import "os"

// fifo: Windows has none in directories; what is no file is a directory.
func fifo(path string) error { return os.Mkdir(path, 0o700) }
