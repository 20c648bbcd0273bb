//go:build !windows

package paths

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
)

// Trusts reports whether a process of uid may be the daemon behind a socket: one of our own, or root's. For the socket of this machine's
// credd it may also be the owner of its directory, if root alone could make it so.
func Trusts(socket string, uid uint32) bool {
	return uid == 0 || int(uid) == os.Getuid() || IsSystem(socket) && owns(filepath.Dir(socket), uid)
}

// owns reports whether a directory belongs to uid, and nobody but root and uid has a say in that.
func owns(dir string, uid uint32) bool {
	var st syscall.Stat_t
	if syscall.Lstat(dir, &st) != nil || st.Mode&syscall.S_IFMT != syscall.S_IFDIR || st.Uid != uid || st.Mode&0o022 != 0 {
		return false
	}
	for at := filepath.Dir(dir); ; at = filepath.Dir(at) {
		// A link on the way is root's, as is the directory that it is in.
		if syscall.Stat(at, &st) != nil || st.Uid != 0 || st.Mode&0o022 != 0 {
			return false
		}
		if at == filepath.Dir(at) {
			return true
		}
	}
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
