//go:build !windows

package start

import (
	"os"
	"syscall"
	"time"

	"credd/internal/ipc/dial"
)

const managerTimeout = 5 * time.Second // for a service manager to start what is installed

// byManager has the user's service manager start the service, if that is installed for the socket at path, and reports whether somebody
// listens there then. Where it fails for whatever reason, credd starts without it.
func byManager(path string, deadline time.Time) bool {
	if os.Getenv("CREDD_SOCK") != "" {
		return false
	}
	argv, env := installed(path)
	if argv == nil {
		return false
	}
	if limit := time.Now().Add(managerTimeout); limit.Before(deadline) {
		deadline = limit
	}
	if !runs(argv, env, deadline) {
		return false
	}
	if dial.Probe(path, deadline) == nil {
		return true
	}
	again := anew(argv)
	return again != nil && runs(again, env, deadline) && dial.Probe(path, deadline) == nil
}

// runs runs a program and reports whether it ended well in time. It gets no descriptor of ours.
func runs(argv, env []string, deadline time.Time) bool {
	null, err := syscall.Open(os.DevNull, syscall.O_RDWR|syscall.O_CLOEXEC, 0)
	if err != nil || keepDescriptors() != nil {
		return false
	}
	defer syscall.Close(null)
	fd := uintptr(null)
	pid, err := syscall.ForkExec(argv[0], argv, &syscall.ProcAttr{Dir: "/", Env: env, Files: []uintptr{fd, fd, fd}, Sys: &syscall.SysProcAttr{Setsid: true}})
	if err != nil {
		return false
	}
	var status syscall.WaitStatus
	for time.Now().Before(deadline) {
		if got, _ := syscall.Wait4(pid, &status, syscall.WNOHANG, nil); got == pid {
			return status.Exited() && status.ExitStatus() == 0
		}
		time.Sleep(startPoll)
	}
	syscall.Kill(pid, syscall.SIGKILL)
	syscall.Wait4(pid, &status, 0, nil)
	return false
}

func there(path string) bool {
	var st syscall.Stat_t
	return syscall.Lstat(path, &st) == nil
}
