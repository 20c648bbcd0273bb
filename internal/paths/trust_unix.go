//go:build !windows

package paths

import (
	"errors"
	"os"
	"syscall"
)

// Trusts reports whether a process of uid may be the daemon behind a socket: one of our own, or root's. For the socket of this machine's
// credd it may also be the owner of its directory, if nobody but root can have made it so: who else may write on the way could.
func Trusts(socket string, uid uint32) bool {
	if uid == 0 || int(uid) == os.Getuid() {
		return true
	}
	if !IsSystem(socket) {
		return false
	}
	var st syscall.Stat_t
	// A link on the way is root's, as is the directory that it is in.
	for at := above(socket); syscall.Stat(at, &st) == nil && st.Uid == uid && st.Mode&0o022 == 0; at, uid = above(at), 0 {
		if at == "/" {
			return true
		}
	}
	return false
}

// above is the directory that a clean absolute path is in.
func above(path string) string {
	i := len(path) - 1
	for i > 0 && path[i] != '/' {
		i--
	}
	return path[:max(1, i)]
}

// Shared makes a directory that all users may look into, or insists that only root or we can change one that exists.
func Shared(dir string) error {
	err := os.Mkdir(dir, 0o755)
	if err == nil {
		err = os.Chmod(dir, 0o755) // whatever the umask is
	}
	if err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	var st syscall.Stat_t
	if err := syscall.Lstat(dir, &st); err != nil {
		return &os.PathError{Op: "lstat", Path: dir, Err: err}
	}
	switch {
	case st.Mode&syscall.S_IFMT != syscall.S_IFDIR:
		return errors.New(dir + " is not a directory, or a symbolic link to one")
	case st.Uid != 0 && int(st.Uid) != os.Getuid():
		return errors.New(dir + " belongs to another user")
	case st.Mode&0o022 != 0:
		return errors.New(dir + " may be changed by other users: chmod go-w it")
	case st.Mode&0o001 == 0:
		return errors.New(dir + " is closed to other users, for whom this credd is: chmod go+x it")
	}
	return nil
}
