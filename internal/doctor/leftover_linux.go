package doctor

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// leftover finds daemons of this user whose program was replaced or removed since they started: they serve on as they are, at
// whatever socket. The one that was asked has told by itself. The kernel shows the program of a daemon to root alone.
func (w *World) leftover() {
	seen := 0
	for _, pid := range daemons(w.UID) {
		exe, err := os.Readlink("/proc/" + itoa(pid) + "/exe")
		path, gone := strings.CutSuffix(exe, " (deleted)")
		switch {
		case pid == w.Asked:
			seen++
		case err != nil:
			w.Skip(DaemonLeftover, "whether the other daemon, with pid "+itoa(pid)+", is an old one: the kernel tells only root", "ps -o pid,lstart,args -p "+itoa(pid))
		case gone:
			w.Warn(DaemonLeftover, "the daemon with pid "+itoa(pid)+" runs "+path+" as it was before it was replaced or removed", "kill "+itoa(pid)+"  (the next credhelper starts the new one)")
		default:
			seen++
		}
	}
	if seen > 0 {
		w.good(DaemonLeftover, "no other daemon runs a program that was replaced or removed")
	}
}

// daemons are the processes of a user that run credd serve. The daemon's directory in /proc is root's, as it hides its memory.
func daemons(uid int) (pids []int) {
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		line, _ := os.ReadFile(filepath.Join(dir, "cmdline"))
		args := bytes.Split(line, []byte{0})
		if len(args) < 2 || filepath.Base(string(args[0])) != "credd" || string(args[1]) != "serve" {
			continue
		}
		status, _ := os.ReadFile(filepath.Join(dir, "status"))
		if !strings.Contains(string(status), "\nUid:\t"+itoa(uid)+"\t") {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(dir)); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// Stopped reports whether a process is stopped, as by Ctrl-Z.
func Stopped(pid int) bool {
	line, err := os.ReadFile("/proc/" + itoa(pid) + "/stat")
	at := bytes.LastIndexByte(line, ')')
	return err == nil && at >= 0 && len(line) > at+2 && (line[at+2] == 'T' || line[at+2] == 't')
}
