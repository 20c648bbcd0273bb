//go:build linux

// Package box boots a real systemd for tests, in a throw-away copy of this machine's own root: nothing is written to the machine,
// and all of it ends with the test, whatever ends the test. Only root can boot one. Many can run beside each other.
//
// A box shares this machine's network, so that what a test serves on 127.0.0.1 is reached from inside. MemoryMax and IPAddressDeny
// are not enforced in it, and `journalctl --user` shows nothing: ask for _UID=1500 instead.
package box

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

const (
	patient = 30 * time.Second // for what takes a second or two, on a busy machine
	poll    = 20 * time.Millisecond
)

//go:embed boot.sh
var script string

// Box is a machine that runs.
type Box struct {
	Root string // its file system, as seen from here: /tmp and /run are its own
	PID  int    // of its PID 1, as seen from here

	supervisor *exec.Cmd // boot.sh, which becomes systemd-nspawn
	lifeline   io.Closer // the machine ends once nobody holds it
	log        *bytes.Buffer
	groups     []string
}

var booted atomic.Int32

// Up boots a machine for one test.
func Up(t testing.TB) *Box {
	t.Helper()
	b, err := boot()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Down(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// boot boots a machine, which ends with Down.
func boot() (*Box, error) {
	name := fmt.Sprintf("box%d-%d", os.Getpid(), booted.Add(1))
	groups, err := makeGroups(name)
	if err != nil {
		return nil, err
	}
	hold, lifeline, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer hold.Close()
	b := &Box{lifeline: lifeline, log: new(bytes.Buffer), groups: groups}
	b.supervisor = exec.Command("unshare", append([]string{"--mount", "sh", "-c", script, "box", name}, groups...)...)
	b.supervisor.Stdin, b.supervisor.Stdout, b.supervisor.Stderr = hold, b.log, b.log
	b.supervisor.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // ^C is for the test, which then ends the machine
	b.supervisor.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"}
	if err := b.supervisor.Start(); err != nil {
		lifeline.Close()
		return nil, err
	}
	if err := b.await(); err != nil {
		err = errors.Join(err, b.Down())
		return nil, fmt.Errorf("boot systemd: %w\n%s", err, b.log)
	}
	return b, nil
}

// await waits until all that starts with the machine has started. A unit of this machine that fails in the box is not our concern.
func (b *Box) await() error {
	for end := time.Now().Add(patient); time.Now().Before(end); time.Sleep(poll) {
		if b.PID == 0 {
			b.PID = b.first()
			b.Root = fmt.Sprintf("/proc/%d/root", b.PID)
			continue
		}
		out, _ := b.Command("systemctl", "is-system-running").Output()
		if state := strings.TrimSpace(string(out)); state == "running" || state == "degraded" {
			return nil
		}
	}
	return fmt.Errorf("not up in %v", patient)
}

// first returns the machine's PID 1: the child of systemd-nspawn that is first in its own namespace. It is 0 until that is there.
func (b *Box) first() int {
	for _, pid := range children(b.supervisor.Process.Pid) {
		status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		exe, _ := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
		if strings.Contains(string(status), "\nNSpid:\t"+strconv.Itoa(pid)+"\t1\n") && filepath.Base(exe) == "systemd" {
			return pid
		}
	}
	return 0
}

func children(pid int) []int {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	var out []int
	for _, f := range strings.Fields(string(text)) {
		if n, err := strconv.Atoi(f); err == nil {
			out = append(out, n)
		}
	}
	return out
}

// Down ends all that runs inside. Its files are gone with it.
func (b *Box) Down() error {
	b.lifeline.Close()
	if err := gone(b.groups); err != nil {
		return err
	}
	b.supervisor.Wait() // killed, so an error
	return nil
}
