package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// slow is for what takes seconds: scrypt in a daemon built with -race, beside other tests.
const slow = 90 * time.Second

// pty is a pseudo-terminal, from the side of the person before it.
type pty struct {
	w      *world
	master *os.File
	slave  *os.File // kept open: the terminal outlives what runs at it

	mu   sync.Mutex
	text []byte // all that was shown
	seen int    // up to where see has looked
}

// pty opens one.
func (w *world) pty() *pty {
	w.t.Helper()
	// Not blocking, so that Close ends the read of watch.
	master, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	check(w.t, err)
	check(w.t, unix.IoctlSetPointerInt(master, unix.TIOCSPTLCK, 0))
	n, err := unix.IoctlGetInt(master, unix.TIOCGPTN)
	check(w.t, err)
	slave, err := os.OpenFile(fmt.Sprint("/dev/pts/", n), os.O_RDWR|unix.O_NOCTTY, 0)
	check(w.t, err)
	p := &pty{w: w, master: os.NewFile(uintptr(master), "/dev/ptmx"), slave: slave}
	var watching sync.WaitGroup
	watching.Go(p.watch)
	w.t.Cleanup(func() {
		p.master.Close()
		p.slave.Close()
		watching.Wait()
		if w.t.Failed() {
			w.t.Logf("%s showed %q", slave.Name(), p.text)
		}
	})
	return p
}

// watch collects what is shown.
func (p *pty) watch() {
	var b [1024]byte
	for {
		n, err := p.master.Read(b[:])
		if err != nil {
			return
		}
		p.mu.Lock()
		p.text = append(p.text, b[:n]...)
		p.mu.Unlock()
	}
}

// start runs a command in a new session, with this terminal as its controlling one and for what else it has no file.
func (p *pty) start(cmd *exec.Cmd) {
	p.w.t.Helper()
	cmd.Stdin, cmd.Stdout, cmd.Stderr = p.slave, p.slave, p.slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	check(p.w.t, cmd.Start())
	ended := make(chan struct{})
	go func() { cmd.Wait(); close(ended) }()
	p.w.t.Cleanup(func() {
		if p.w.t.Failed() {
			p.w.killAll()
		}
		select {
		case <-ended:
		case <-time.After(patient):
			p.w.t.Errorf("%s has not ended", cmd)
			cmd.Process.Kill()
			<-ended
		}
	})
}

// killAll ends all that runs in this world but its daemon: a helper that is left would start another.
func (w *world) killAll() {
	daemons := fmt.Sprint(w.daemons())
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		env, _ := os.ReadFile(dir + "/environ")
		var pid int
		fmt.Sscan(filepath.Base(dir), &pid)
		if bytes.Contains(env, []byte("HOME="+w.home+"\x00")) && !strings.Contains(daemons, fmt.Sprint(pid)) {
			syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}

// shown is all that the terminal showed so far.
func (p *pty) shown() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return string(p.text)
}

// see waits until the terminal shows a text, after what was seen before.
func (p *pty) see(text string) {
	p.w.t.Helper()
	p.w.within(slow, fmt.Sprintf("%s shows %q", p.slave.Name(), text), func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		i := bytes.Index(p.text[p.seen:], []byte(text))
		if i >= 0 {
			p.seen += i + len(text)
		}
		return i >= 0
	})
}

// types is what the person does.
func (p *pty) types(keys string) {
	p.w.t.Helper()
	_, err := p.master.WriteString(keys)
	check(p.w.t, err)
}

// echoes reports whether the terminal is as it was: it shows what is typed, and its keys signal.
func (p *pty) echoes() bool {
	p.w.t.Helper()
	a, err := unix.IoctlGetTermios(int(p.slave.Fd()), unix.TCGETS)
	check(p.w.t, err)
	const usual = unix.ECHO | unix.ICANON | unix.ISIG
	return a.Lflag&usual == usual
}

// job is a script that runs the helper for $2, with what comes of it in files named $1.
const job = `sh -c 'echo $$ >"$1.pid"; exec "$BIN/credhelper" "$2" >"$1.out" 2>"$1.err"' - "$1" "$2"
echo $? >"$1.new"
mv "$1.new" "$1.code"
`

// shell is a command with the scripts of these tests at hand.
func (w *world) shell(args ...string) *exec.Cmd {
	w.t.Helper()
	if _, err := os.Stat(w.path("job")); err != nil { // else a shell may be reading it
		w.write("job", job)
	}
	cmd := w.command(args[0], args[1:]...)
	cmd.Dir = w.home
	cmd.Env = append(cmd.Env, "BIN="+bin, "PS1=ready> ", "HISTFILE=", w.atATerminal())
	return cmd
}

// asks runs one helper at the terminal.
func (p *pty) asks(name, role string) { p.start(p.w.shell("sh", "job", name, role)) }

// bash runs a shell with job control at the terminal, until the test ends.
func (p *pty) bash() {
	p.w.t.Helper()
	p.start(p.w.shell("bash", "--norc", "--noprofile", "--noediting", "-i"))
	p.w.t.Cleanup(func() { p.master.WriteString("\nexit\nexit\n") }) // the first exit warns of stopped jobs
	p.see("ready> ")
}

// ended waits for the helper of a job, which nothing may stop meanwhile.
func (w *world) ended(name string) result {
	w.t.Helper()
	w.within(slow, name+" ends", func() bool {
		if s := w.state(name); s == "T" || s == "t" {
			w.t.Fatalf("%s is stopped", name)
		}
		_, err := os.Stat(w.path(name + ".code"))
		return err == nil
	})
	r := result{out: w.read(name + ".out"), err: w.read(name + ".err")}
	_, err := fmt.Sscan(w.read(name+".code"), &r.code)
	check(w.t, err)
	return r
}

// pidOf is that of a job's helper.
func (w *world) pidOf(name string) (pid int) {
	w.t.Helper()
	_, err := fmt.Sscan(w.read(name+".pid"), &pid)
	check(w.t, err)
	return pid
}

// state is a letter as in proc(5), "" for a helper that is not there.
func (w *world) state(name string) string {
	w.t.Helper()
	if _, err := os.Stat(w.path(name + ".pid")); errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	var pid int
	if _, err := fmt.Sscan(w.read(name+".pid"), &pid); err != nil {
		return "" // written just now
	}
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, rest, _ := strings.Cut(string(stat), ") ")
	letter, _, _ := strings.Cut(rest, " ")
	return letter
}

// within is eventually with its own patience.
func (w *world) within(patience time.Duration, what string, so func() bool) {
	w.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patience); !so(); <-tick.C {
		if time.Now().After(end) {
			w.t.Fatalf("not in %v: %s", patience, what)
		}
	}
}

// wantDocument checks that a helper printed a document and nothing else.
func (r result) wantDocument(t *testing.T) {
	t.Helper()
	if _, err := whole(r.out); err != nil || r.code != 0 || r.err != "" || strings.Count(r.out, "\n") > 1 || !strings.HasSuffix(strings.TrimSpace(r.out), "}") {
		t.Errorf("got exit %d, %q, %q, %v, want a document alone", r.code, r.out, r.err, err)
	}
}
