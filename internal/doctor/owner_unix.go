//go:build !windows

package doctor

import (
	"io/fs"
	"syscall"
)

// owner returns whose file it is.
func owner(i fs.FileInfo) (uid, gid int, ok bool) {
	st, ok := i.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0, false
	}
	return int(st.Uid), int(st.Gid), true
}

// closed sees that only its owner, we or root, may write a file, or if it is private also read it.
func (w *World) closed(path string, i fs.FileInfo, private bool) bool {
	if !i.IsDir() && !i.Mode().IsRegular() {
		return true // such as /dev/null
	}
	uid, gid, ok := owner(i)
	mode := i.Mode().Perm()
	others := fs.FileMode(0o022)
	if gid == uid { // many systems give each user a group of the same number
		others = 0o002
	}
	if i.IsDir() && i.Mode()&fs.ModeSticky != 0 {
		others = 0 // as in /tmp, others cannot replace what is in it
	}
	message, remedy := "", ""
	switch {
	case !ok:
		return true
	case uid != w.UID && uid != 0 && w.UID == 0: // as with sudo -E: what is theirs is not to become root's
		message, remedy = path+" belongs to another user", "as that user: sudo -u '#"+itoa(uid)+"' credd doctor"
	case uid != w.UID && uid != 0:
		message, remedy = path+" belongs to another user", "sudo chown "+itoa(w.UID)+" "+Quote(path)
	case private && mode&0o077 != 0:
		message, remedy = "others may read or write "+path, "chmod go-rwx "+Quote(path)
	case mode&others != 0:
		message, remedy = "others may write "+path, "chmod go-w "+Quote(path)
	default:
		return true
	}
	w.Add(Finding{Check: ConfigPermissions, State: Error, Message: message, Remedy: remedy, File: path})
	return false
}

// readableByOthers reports whether more than the owner and the owner's own group may read a file.
func readableByOthers(i fs.FileInfo) bool {
	uid, gid, ok := owner(i)
	return ok && (i.Mode().Perm()&0o004 != 0 || uid != gid)
}
