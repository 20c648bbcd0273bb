//go:build !windows

package start

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"credd/internal/ipc/dial"
	"credd/internal/paths"
)

const startMachine = "sudo credd service start --system"

// passed is the environment that a daemon gets. No credential and no AWS setting is in it: the daemon must not be
// another one for each terminal that happens to start it.
var passed = []string{
	"HOME", "USER", "LOGNAME", "PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME",
	"XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS", "SSL_CERT_FILE", "SSL_CERT_DIR", "CREDD_SOCK",
}

// Daemon has the service manager start credd, or else starts the one beside this program, and waits until it listens at path. Programs
// that find no daemon at the same time start one between them. Its errors are *Error, those of package dial, or the system's.
func Daemon(path string, deadline time.Time) error {
	if Abandoned(path) {
		return &Error{"nobody listens at " + path + " any more", ForwardAgain}
	}
	if os.Getenv("CREDD_AUTOSTART") == "0" {
		return dial.ErrNoDaemon
	}
	if paths.IsSystem(path) {
		return NoMachine
	}
	if limit := time.Now().Add(startTimeout); limit.Before(deadline) {
		deadline = limit
	}
	lock, err := startLock(path, deadline)
	if err != nil {
		return err
	}
	defer syscall.Close(lock) // and so unlocks
	if err := dial.Probe(path, deadline); err != dial.ErrNoDaemon {
		return err // somebody else started it, or it cannot be asked
	}
	if byManager(path, deadline) {
		return nil
	}
	log, err := paths.Log()
	if err != nil {
		return &Error{"start credd: " + err.Error(), ""}
	}
	pid, err := spawn(log)
	if err != nil {
		return err
	}
	return await(path, pid, log, deadline)
}

// startLock takes the helpers' lock, beside the socket.
func startLock(path string, deadline time.Time) (int, error) {
	dir := filepath.Dir(path)
	if err := paths.Private(dir); err != nil {
		return -1, &Error{"start credd: " + err.Error(), "check the directory, and CREDD_SOCK"}
	}
	name := filepath.Join(dir, "start.lock")
	fd, err := syscall.Open(name, syscall.O_RDWR|syscall.O_CREAT|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return -1, &Error{"start credd: " + name + ": " + err.Error(), "check the directory, and CREDD_SOCK"}
	}
	for pause := startPoll; ; pause = min(2*pause, lockPoll) {
		err := syscall.Flock(fd, syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return fd, nil
		}
		if err != syscall.EWOULDBLOCK && err != syscall.EINTR {
			syscall.Close(fd)
			return -1, &Error{"start credd: lock " + name + ": " + err.Error(), startByHand}
		}
		if !time.Now().Before(deadline) {
			syscall.Close(fd)
			return -1, &Error{"start credd: another credhelper is at it and does not end", startByHand}
		}
		time.Sleep(pause)
	}
}

// spawn runs `credd serve` in a session of its own, with no descriptor of ours: an SDK waits until all copies of its
// pipes are closed.
func spawn(log string) (pid int, err error) {
	exe, err := program()
	if err != nil {
		return 0, &Error{"start credd: " + err.Error(), startByHand}
	}
	null, errs, err := streams(log)
	if err != nil {
		return 0, &Error{"start credd: " + err.Error(), startByHand}
	}
	defer syscall.Close(null)
	defer syscall.Close(errs)
	if err := keepDescriptors(); err != nil {
		return 0, &Error{"start credd: " + err.Error(), startByHand}
	}
	credd := filepath.Join(filepath.Dir(exe), "credd") // never from PATH
	pid, err = syscall.ForkExec(credd, []string{"credd", "serve"}, &syscall.ProcAttr{
		Dir:   "/",
		Env:   environment(),
		Files: []uintptr{uintptr(null), uintptr(null), uintptr(errs)},
		Sys:   &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		return 0, &Error{"start " + credd + ": " + err.Error(), "install credd beside credhelper, or " + startByHand}
	}
	return pid, nil
}

// streams opens what the daemon gets for stdin and stdout, and for stderr.
func streams(log string) (null, errs int, err error) {
	if err := paths.Make(filepath.Dir(log)); err != nil {
		return -1, -1, err
	}
	errs, err = syscall.Open(log, syscall.O_WRONLY|syscall.O_CREAT|syscall.O_APPEND|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return -1, -1, &os.PathError{Op: "open", Path: log, Err: err}
	}
	null, err = syscall.Open(os.DevNull, syscall.O_RDWR|syscall.O_CLOEXEC, 0)
	if err != nil {
		syscall.Close(errs)
		return -1, -1, &os.PathError{Op: "open", Path: os.DevNull, Err: err}
	}
	return null, errs, nil
}

// keepDescriptors lets no descriptor pass to the daemon, whatever our caller left open in us.
func keepDescriptors() error {
	const dir = "/dev/fd"
	fd, err := syscall.Open(dir, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return &os.PathError{Op: "open", Path: dir, Err: err}
	}
	defer syscall.Close(fd)
	var buf [4096]byte
	for {
		n, err := syscall.ReadDirent(fd, buf[:])
		if err != nil {
			return &os.PathError{Op: "read", Path: dir, Err: err}
		}
		if n == 0 {
			return nil
		}
		_, _, names := syscall.ParseDirent(buf[:n], -1, nil)
		for _, name := range names {
			fd := 0 // strconv would bring 10 KB of error texts
			for _, digit := range []byte(name) {
				fd = fd*10 + int(digit-'0')
			}
			syscall.CloseOnExec(fd) // 0, 1 and 2 too: the daemon's are copied over them
		}
	}
}

func environment() []string {
	var env []string
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		for _, p := range passed {
			if name == p {
				env = append(env, kv)
			}
		}
	}
	return env
}

// await waits until the daemon listens, and notices if it ends instead.
func await(path string, pid int, log string, deadline time.Time) error {
	for time.Now().Before(deadline) {
		if err := dial.Probe(path, deadline); err != dial.ErrNoDaemon {
			return err
		}
		var status syscall.WaitStatus
		if got, _ := syscall.Wait4(pid, &status, syscall.WNOHANG, nil); got == pid {
			if dial.Probe(path, deadline) == nil {
				return nil // it ended because a credd that somebody started by hand was first
			}
			return &Error{"credd ended while it started", "see " + log}
		}
		time.Sleep(startPoll)
	}
	return &Error{"credd was started and does not answer", "see " + log}
}
