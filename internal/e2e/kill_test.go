//go:build linux

package e2e

import (
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// One hundred helpers wait for a role when the daemon dies. No document is torn, and each helper ends with a document, from
// the daemon that one of them starts, or with a clear error.
func TestKillUnderLoad(t *testing.T) {
	t.Parallel()
	for name, signal := range map[string]syscall.Signal{"SIGKILL": syscall.SIGKILL, "SIGTERM": syscall.SIGTERM} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			arn := w.customer("acme", "admin")
			w.aws.SetLatency(arn, 4*time.Second)
			d := w.serve()
			done := make(chan []result, 1)
			go func() { done <- w.helpers(100, "acme/admin") }()
			check(t, w.aws.WaitInFlight(t.Context(), 1))
			w.eventually("helpers wait", func() bool { return connections(t, w.sock) >= 50 })
			w.aws.SetLatency(arn, 0)
			check(t, d.cmd.Process.Signal(signal))
			good := 0
			for _, r := range <-done {
				_, err := whole(r.out)
				switch {
				case r.code == 0 && err == nil && r.err == "":
					good++
				case r.code != 0 && r.out == "" && strings.Contains(r.err, "credhelper: error: "):
					t.Log(r.code, r.err)
				default:
					t.Errorf("got %d, %v\n%s%s", r.code, err, r.out, r.err)
				}
			}
			if good < 90 {
				t.Errorf("%d of 100 helpers got a document, want nearly all", good)
			}
			w.eventually("one daemon runs, and the old one has ended", func() bool { return len(w.daemons()) == 1 })
		})
	}
}

// connections counts the open connections to a socket.
func connections(t *testing.T, sock string) int {
	t.Helper()
	b, err := os.ReadFile("/proc/net/unix")
	check(t, err)
	return strings.Count(string(b), sock+"\n") - 1
}

func TestTenHelpersStartOneDaemon(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.customer("acme", "admin")
	w.env = append(w.env, "AWS_ACCESS_KEY_ID=poison", "AWS_PROFILE=poison", "SECRET=canary-environment")
	for _, r := range w.helpers(10, "acme/admin") {
		if _, err := whole(r.out); err != nil || r.code != 0 || r.err != "" {
			t.Errorf("got %d, %v\n%s", r.code, err, r.err)
		}
	}
	pids := w.daemons()
	if len(pids) != 1 {
		t.Fatalf("%d daemons run, want 1", len(pids))
	}
	proc := filepath.Join("/proc", strconv.Itoa(pids[0]))
	env, err := os.ReadFile(proc + "/environ")
	check(t, err)
	if contains(string(env), "poison") || contains(string(env), "canary") {
		t.Errorf("the daemon inherited %q", env)
	}
	if cwd, _ := os.Readlink(proc + "/cwd"); cwd != "/" {
		t.Errorf("the daemon's directory is %s, want /", cwd)
	}
	if got := w.aws.Calls("AssumeRole"); got != 1 {
		t.Errorf("got %d AssumeRole calls, want 1", got)
	}
}

// SDKs read a credential process's stdout and stderr until all copies of the pipes are closed.
func TestTheDaemonHoldsNoPipeOfItsCaller(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.customer("acme", "admin")
	cmd := w.command("credhelper", "acme/admin")
	out, err := cmd.StdoutPipe()
	check(t, err)
	errs, err := cmd.StderrPipe()
	check(t, err)
	extra, toExtra, err := os.Pipe()
	check(t, err)
	cmd.ExtraFiles = []*os.File{toExtra}
	check(t, cmd.Start())
	toExtra.Close()
	var reading sync.WaitGroup
	for _, r := range []io.Reader{out, errs, extra} {
		reading.Go(func() { io.Copy(io.Discard, r) })
	}
	ended := make(chan struct{})
	go func() { reading.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(patient):
		t.Error("a pipe is still open: the daemon holds it")
	}
	check(t, cmd.Wait())
	if len(w.daemons()) != 1 {
		t.Error("the daemon should still run")
	}
}

func TestNoDaemonAndNoStart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.env = append(w.env, "CREDD_AUTOSTART=0")
	if r := w.helper("acme/admin"); r.code != 3 || r.out != "" || !contains(r.err, "credhelper: error: ", "credhelper: hint: start it with: credd serve") {
		t.Errorf("got %d\n%s%s", r.code, r.out, r.err)
	}
}

// A stopped daemon answers nobody, and a second one is refused: the helper's deadline is what ends it.
func TestASecondDaemonIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.serve()
	if r := w.credd("serve"); r.code != 2 || !contains(r.err, "already running", "hint: see: credd status") {
		t.Errorf("got %d\n%s", r.code, r.err)
	}
	if !w.answers() {
		t.Error("the first daemon no longer answers")
	}
}
