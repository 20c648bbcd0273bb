//go:build !linux

package watch

import "fmt"

func explain(dir string, err error) error {
	if dir == "" {
		return fmt.Errorf("the system gives no means to watch files: %w", err)
	}
	return fmt.Errorf("cannot watch %s: %w", dir, err)
}
