package watch

import (
	"errors"
	"fmt"
	"syscall"
)

// explain turns an error of inotify into words with a remedy.
func explain(dir string, err error) error {
	switch {
	case errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("this user's inotify watches are used up; allow more: sysctl fs.inotify.max_user_watches=524288 (%w)", err)
	case errors.Is(err, syscall.EMFILE):
		return fmt.Errorf("this user's inotify instances, or this process's files, are used up; allow more: "+
			"sysctl fs.inotify.max_user_instances=1024, or ulimit -n (%w)", err)
	case dir == "":
		return fmt.Errorf("inotify: %w", err)
	}
	return fmt.Errorf("cannot watch %s: %w", dir, err)
}
