package disk

import (
	"errors"
	"os"
	"syscall"
)

// as does something as another user, as which the whole process then acts.
func as(uid, gid uint32, do func() error) error {
	group := os.Getegid()
	if err := errors.Join(syscall.Setegid(int(gid)), syscall.Seteuid(int(uid))); err != nil {
		return errors.Join(err, syscall.Seteuid(0), syscall.Setegid(group))
	}
	err := do()
	return errors.Join(err, syscall.Seteuid(0), syscall.Setegid(group))
}
