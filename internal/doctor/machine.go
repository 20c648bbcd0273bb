package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"

	"credd/internal/ipc"
)

// The credd of a machine runs as a user of its own, and its administrator edits its files as root: what root sees well may be closed to
// the daemon, or open to all.

// machineSocket sees that all users can reach the machine's socket, and that only root or the daemon can put another in its place.
func (w *World) machineSocket(path string) bool {
	why := ": you have no credd of your own"
	switch {
	case w.Getenv("CREDD_SOCK") != "":
		why = ": CREDD_SOCK names it"
	case w.About == Machine:
		why = ""
	}
	w.OK(SocketPath, "the socket is "+path+", of this machine's credd"+why)
	if runtime.GOOS == "windows" {
		return true
	}
	dir := filepath.Dir(path)
	at, err := os.Lstat(dir)
	if err != nil {
		w.Fail(SocketAccess, ipc.NoDaemon, dir+" cannot be looked at: "+cause(err), "sudo credd service install --system")
		return false
	}
	sock, err := os.Lstat(path)
	if err != nil {
		w.Fail(SocketAccess, ipc.NoDaemon, path+" cannot be looked at: "+cause(err), "sudo credd service start --system")
		return false
	}
	switch {
	case !at.IsDir() || at.Mode().Perm()&0o022 != 0:
		w.Fail(SocketAccess, ipc.Refused, "others may write "+dir+", and put a socket of theirs there: nothing is sent to it", "sudo chmod go-w "+Quote(dir))
		return false
	case at.Mode().Perm()&0o001 == 0:
		w.Fail(SocketAccess, ipc.NoDaemon, dir+" is closed to users", "sudo chmod go+x "+Quote(dir))
	case sock.Mode().Type() != fs.ModeSocket:
		w.Fail(SocketAccess, ipc.Usage, path+" is not a socket", "sudo mv "+Quote(path)+" "+Quote(path+".other")+"; sudo credd service restart --system")
		return false
	case sock.Mode().Perm()&0o006 != 0o006:
		w.Fail(SocketAccess, ipc.NoDaemon, "users may not connect to "+path, "sudo chmod 666 "+Quote(path))
	}
	w.good(SocketAccess, "every user may connect to the socket, and nobody may replace it")
	return true
}

// machine looks at the files of the machine's credd with the daemon's eyes.
func (w *World) machine() {
	state, err := os.Lstat(w.State)
	if err != nil {
		w.Fail(MachinePlaces, ipc.Usage, w.State+" cannot be looked at: "+cause(err), "sudo credd service install --system")
		return
	}
	uid, gid, known := owner(state)
	if !known {
		return
	}
	daemon := account{uid, gid, nameOf(uid)}
	switch {
	case uid == 0:
		w.Fail(MachinePlaces, ipc.Usage, w.State+" belongs to root, and the daemon has a user of its own", "sudo chown -R credd:credd "+Quote(w.State))
		return
	case state.Mode().Perm()&0o077 != 0:
		w.Fail(MachinePlaces, ipc.Usage, "others may look into "+w.State, "sudo chmod 700 "+Quote(w.State))
	}
	w.mayRead(daemon, w.Config)
	customers := filepath.Join(w.Config, "customers")
	files, _ := filepath.Glob(filepath.Join(customers, "*.toml"))
	for _, path := range append([]string{filepath.Join(w.Config, "credd.toml"), customers}, files...) {
		w.mayRead(daemon, path)
	}
	w.good(MachinePlaces, fmt.Sprintf("the daemon's user %s may read %s, and no other user may", daemon.name, w.Config))
}

// account is who the daemon runs as.
type account struct {
	uid, gid int
	name     string
}

func nameOf(uid int) string {
	if u, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		return u.Username
	}
	return "with ID " + strconv.Itoa(uid)
}

// mayRead sees that the daemon can read a file or a directory of the configuration, and that no other user can: external IDs are there.
func (w *World) mayRead(daemon account, path string) {
	i, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		if path == w.Config {
			w.Fail(MachinePlaces, ipc.Usage, "there is no "+path, "sudo credd service install --system")
		}
		return
	}
	if err != nil {
		w.Fail(MachinePlaces, ipc.Usage, path+" cannot be looked at: "+cause(err), "ls -l "+Quote(path))
		return
	}
	uid, gid, _ := owner(i)
	mode := i.Mode().Perm()
	need, set := fs.FileMode(0o040), "640 "
	if i.IsDir() {
		need, set = 0o050, "2750 "
	}
	mend := "sudo chgrp " + strconv.Itoa(daemon.gid) + " " + Quote(path) + "; sudo chmod " + set + Quote(path)
	add := func(state State, message, remedy string) {
		w.Add(Finding{Check: MachinePlaces, State: state, Message: message, Remedy: remedy, File: path})
	}
	switch {
	case uid != 0 && uid != daemon.uid:
		add(Error, path+" belongs to another user, who decides by it to whom roles are open", "sudo chown root "+Quote(path))
	case mode&0o022 != 0:
		add(Error, "others may write "+path, "sudo chmod go-w "+Quote(path))
	case uid != daemon.uid && (gid != daemon.gid || mode&need != need) && mode&(need>>3) != need>>3:
		add(Error, "the daemon, user "+daemon.name+", cannot read "+path, mend)
	case mode&0o007 != 0:
		add(Warning, "every user may read "+path+": external IDs are there", mend)
	case i.IsDir() && runtime.GOOS == "linux" && i.Mode()&fs.ModeSetgid == 0:
		add(Warning, "what is made in "+path+" does not get its group, and the daemon cannot read it", "sudo chmod g+s "+Quote(path))
	}
}
