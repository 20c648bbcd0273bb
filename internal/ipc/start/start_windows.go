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

const (
	startMachine = "credd service start --system"

	taken = syscall.Errno(32) // ERROR_SHARING_VIOLATION: somebody has the file open for itself alone
)

// Flags of CreateProcess.
const (
	newGroup = 0x200      // CREATE_NEW_PROCESS_GROUP: Ctrl-C at our console is not for the daemon
	noWindow = 0x8000000  // CREATE_NO_WINDOW: a console that nobody sees, which the programs that the daemon runs get too
	breakOut = 0x01000000 // CREATE_BREAKAWAY_FROM_JOB: an editor that ends its job takes the daemon along otherwise
)

// passed is the environment that a daemon gets. No credential and no AWS setting is in it: the daemon must not be another one for
// each terminal that happens to start it.
var passed = []string{
	"ALLUSERSPROFILE", "APPDATA", "COMPUTERNAME", "COMSPEC", "CREDD_SOCK", "HOMEDRIVE", "HOMEPATH", "LOCALAPPDATA", "OS", "PATH", "PATHEXT",
	"PROCESSOR_ARCHITECTURE", "PROGRAMDATA", "PROGRAMFILES", "PROGRAMFILES(X86)", "PROGRAMW6432", "PUBLIC", "SYSTEMDRIVE", "SYSTEMROOT",
	"TEMP", "TMP", "USERDOMAIN", "USERNAME", "USERPROFILE", "WINDIR",
}

// Daemon starts the credd beside this program and waits until it serves the pipe. Programs that find no daemon at the same time start
// one between them. The logon task runs the same program, so it is not asked. Errors are *Error, those of package dial, or the system's.
func Daemon(path string, deadline time.Time) error {
	if os.Getenv("CREDD_AUTOSTART") == "0" {
		return dial.ErrNoDaemon
	}
	if paths.IsSystem(path) {
		return NoMachine
	}
	if limit := time.Now().Add(startTimeout); limit.Before(deadline) {
		deadline = limit
	}
	log, err := paths.Log()
	if err == nil {
		err = paths.Private(filepath.Dir(log))
	}
	if err != nil {
		return &Error{"start credd: " + err.Error(), ""}
	}
	lock, err := startLock(filepath.Join(filepath.Dir(log), "start.lock"), deadline)
	if err != nil {
		return err
	}
	defer syscall.CloseHandle(lock) // and so unlocks
	if err := dial.Probe(path, deadline); err != dial.ErrNoDaemon {
		return err // somebody else started it, or it cannot be asked
	}
	process, err := spawn(log)
	if err != nil {
		return err
	}
	defer syscall.CloseHandle(process)
	return await(path, process, log, deadline)
}

// startLock takes the helpers' lock: a file that is open for nobody else.
func startLock(name string, deadline time.Time) (syscall.Handle, error) {
	wide, err := syscall.UTF16PtrFromString(name)
	if err != nil {
		return 0, &Error{"start credd: " + name + ": " + err.Error(), ""}
	}
	for pause := startPoll; ; pause = min(2*pause, lockPoll) {
		h, err := syscall.CreateFile(wide, syscall.GENERIC_READ|syscall.GENERIC_WRITE, 0, nil, syscall.OPEN_ALWAYS, syscall.FILE_ATTRIBUTE_NORMAL, 0)
		switch {
		case err == nil:
			return h, nil
		case err != taken:
			return 0, &Error{"start credd: lock " + name + ": " + err.Error(), startByHand}
		case !time.Now().Before(deadline):
			return 0, &Error{"start credd: another credhelper is at it and does not end", startByHand}
		}
		time.Sleep(pause)
	}
}

// spawn runs `credd serve` with no console and no handle of ours but the three it gets.
func spawn(log string) (syscall.Handle, error) {
	exe, err := os.Executable()
	if err == nil {
		exe, err = filepath.EvalSymlinks(exe)
	}
	if err != nil {
		return 0, &Error{"start credd: " + err.Error(), startByHand}
	}
	null, errs, err := streams(log)
	if err != nil {
		return 0, &Error{"start credd: " + err.Error(), startByHand}
	}
	defer syscall.CloseHandle(null)
	defer syscall.CloseHandle(errs)
	credd := filepath.Join(filepath.Dir(exe), "credd.exe") // never from PATH
	attr := &syscall.ProcAttr{
		Dir:   filepath.Dir(exe), // it exists, and is not the caller's, which could then not be deleted
		Env:   environment(os.Environ()),
		Files: []uintptr{uintptr(null), uintptr(null), uintptr(errs)},
		Sys:   &syscall.SysProcAttr{CreationFlags: newGroup | noWindow | breakOut},
	}
	_, process, err := syscall.StartProcess(credd, []string{"credd", "serve"}, attr)
	if err == syscall.ERROR_ACCESS_DENIED { // the job lets nobody out
		attr.Sys.CreationFlags &^= breakOut
		_, process, err = syscall.StartProcess(credd, []string{"credd", "serve"}, attr)
	}
	if err != nil {
		return 0, &Error{"start " + credd + ": " + err.Error(), "install credd.exe beside credhelper.exe, or " + startByHand}
	}
	return syscall.Handle(process), nil
}

// streams opens what the daemon gets for stdin and stdout, and for stderr.
func streams(log string) (null, errs syscall.Handle, err error) {
	errs, err = syscall.Open(log, syscall.O_WRONLY|syscall.O_CREAT|syscall.O_APPEND|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return 0, 0, &os.PathError{Op: "open", Path: log, Err: err}
	}
	null, err = syscall.Open(os.DevNull, syscall.O_RDWR|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		syscall.CloseHandle(errs)
		return 0, 0, &os.PathError{Op: "open", Path: os.DevNull, Err: err}
	}
	return null, errs, nil
}

// environment returns what a daemon gets of env. Windows writes its names as it likes.
func environment(env []string) []string {
	var out []string
	for _, kv := range env {
		name, _, _ := strings.Cut(kv, "=")
		for _, p := range passed {
			if strings.EqualFold(name, p) {
				out = append(out, kv)
			}
		}
	}
	return out
}

// await waits until the daemon serves, and notices if it ends instead.
func await(path string, process syscall.Handle, log string, deadline time.Time) error {
	for time.Now().Before(deadline) {
		if err := dial.Probe(path, deadline); err != dial.ErrNoDaemon {
			return err
		}
		if ended, _ := syscall.WaitForSingleObject(process, uint32(startPoll.Milliseconds())); ended == syscall.WAIT_OBJECT_0 {
			if dial.Probe(path, deadline) == nil {
				return nil // it ended because a credd that somebody started by hand was first
			}
			return &Error{"credd ended while it started", "see " + log}
		}
	}
	return &Error{"credd was started and does not answer", "see " + log}
}

// Abandoned reports nothing here: a pipe goes with its daemon.
func Abandoned(string) bool { return false }
