//go:build linux

package wine

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// terminal is a pseudo-terminal, which Wine makes the console of a program that is started at it.
type terminal struct {
	t             *testing.T
	master, slave *os.File

	mu   sync.Mutex
	text []byte
}

func openTerminal(t *testing.T) *terminal {
	t.Helper()
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	check(t, err)
	check(t, unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0))
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	check(t, err)
	slave, err := os.OpenFile(fmt.Sprint("/dev/pts/", n), os.O_RDWR|unix.O_NOCTTY, 0)
	check(t, err)
	check(t, unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 120}))
	p := &terminal{t: t, master: os.NewFile(uintptr(fd), "/dev/ptmx"), slave: slave}
	var watching sync.WaitGroup
	watching.Go(p.watch)
	t.Cleanup(func() {
		p.master.Close()
		p.slave.Close()
		watching.Wait()
		if t.Failed() {
			t.Logf("the console showed %q", p.text)
		}
	})
	return p
}

func (p *terminal) watch() {
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

// start runs a program in a session of its own, with this terminal for what it has no file for.
func (p *terminal) start(cmd *exec.Cmd) <-chan error {
	p.t.Helper()
	cmd.Stdin, cmd.Stderr = p.slave, p.slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	check(p.t, cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	return ended
}

func (p *terminal) types(keys string) {
	p.t.Helper()
	_, err := io.WriteString(p.master, keys)
	check(p.t, err)
}

// see waits until a text is shown.
func (p *terminal) see(text string) {
	p.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patient); ; <-tick.C {
		p.mu.Lock()
		shown := strings.Contains(string(p.text), text)
		p.mu.Unlock()
		if shown {
			return
		}
		if time.Now().After(end) {
			p.t.Fatalf("not in %v: %q", patient, text)
		}
	}
}
