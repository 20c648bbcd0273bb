//go:build !linux

package host

import "os"

func environment() []string { return os.Environ() }
