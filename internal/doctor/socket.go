package doctor

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"credd/internal/ipc"
)

// Place is where the daemon's socket is.
type Place struct {
	Path  string // "" with Err
	Err   error
	Usual string // where it would be without CREDD_SOCK

	Machine   bool // it is that of the machine's credd
	Forwarded bool // no daemon of this machine made it: by ssh, or mounted into a container
}

// Socket looks at the socket's file. It is false if nothing can be asked there.
func (w *World) Socket(at Place) bool {
	set := w.Getenv("CREDD_SOCK")
	if at.Err != nil {
		remedy := "unset CREDD_SOCK, or give it an absolute path of at most 103 bytes"
		if set == "" {
			remedy = `export CREDD_SOCK="$HOME/.credd/agent.sock"`
		}
		w.Fail(SocketPath, ipc.Usage, at.Err.Error(), remedy)
		return false
	}
	if at.Machine {
		return w.machineSocket(at.Path)
	}
	if at.Forwarded {
		w.OK(SocketPath, "the socket is "+at.Path+", which no daemon of this machine made: it was forwarded or mounted here")
	} else if set != "" && at.Usual != "" && filepath.Clean(set) != at.Usual {
		w.Warn(SocketPath, "CREDD_SOCK names "+at.Path+"; programs that do not have that variable use "+at.Usual, "unset CREDD_SOCK, or set it for all programs, as in ~/.profile")
	} else {
		w.OK(SocketPath, "the socket is "+at.Path)
	}
	if runtime.GOOS == "windows" {
		return true
	}
	return w.reach(at)
}

// reach sees that the socket and its directory are ours alone.
func (w *World) reach(at Place) bool {
	path, dir := at.Path, filepath.Dir(at.Path)
	i, err := os.Lstat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return true // no daemon ever ran
	}
	move := "mv " + Quote(dir) + " " + Quote(dir+".other")
	if w.Getenv("CREDD_SOCK") != "" { // it may name any directory, also one of the machine's
		move = "unset CREDD_SOCK, or name a socket in a directory that is yours alone"
	}
	uid, _, known := 0, 0, false
	if err == nil {
		uid, _, known = owner(i)
	}
	switch {
	case err != nil:
		w.Fail(SocketAccess, ipc.Usage, dir+" cannot be looked at: "+cause(err), "ls -ld "+Quote(filepath.Dir(dir))+"  (see whose it is)")
		return false
	case !i.IsDir():
		w.Fail(SocketAccess, ipc.Usage, dir+" is not a directory, or a symbolic link to one", move)
		return false
	case known && uid != w.UID:
		w.Fail(SocketAccess, ipc.Refused, dir+" belongs to another user", move)
		return false
	case i.Mode().Perm()&0o077 != 0 && !at.Forwarded:
		w.Fail(SocketAccess, ipc.Usage, dir+" is open to other users: the daemon does not start there", "chmod go-rwx "+Quote(dir))
	}
	if i, err = os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return true
	}
	if err == nil {
		uid, _, known = owner(i)
	}
	switch {
	case err != nil:
		w.Fail(SocketAccess, ipc.Usage, path+" cannot be looked at: "+cause(err), "ls -ld "+Quote(dir))
		return false
	case i.Mode().Type() != fs.ModeSocket:
		w.Fail(SocketAccess, ipc.Usage, path+" is not a socket", "mv "+Quote(path)+" "+Quote(path+".other"))
		return false
	case known && uid != w.UID && uid != 0:
		w.Fail(SocketAccess, ipc.Refused, path+" belongs to another user", move)
		return false
	case i.Mode().Perm()&0o077 != 0:
		w.Fail(SocketAccess, ipc.Usage, "others may connect to "+path, "chmod 600 "+Quote(path))
	}
	if at.Forwarded {
		w.good(SocketAccess, "the socket is yours alone")
		return true
	}
	w.good(SocketAccess, "the socket and its directory are yours alone")
	return true
}
