package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"credd/internal/ipc"
	"credd/internal/ipc/dial"
)

func TestAStoppedDaemonIsGivenUp(t *testing.T) {
	in := install(t)
	if got := call(t, in.helper, in.env, "acme/admin"); got.code != 0 {
		t.Fatalf("got %+v", got)
	}
	pid := in.daemons(t)[0]
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if _, err := syscall.Wait4(pid, nil, syscall.WUNTRACED, nil); err != nil { // until it has stopped
		t.Fatal(err)
	}
	if _, _, err := ask(in.socket, "acme/admin", time.Now().Add(200*time.Millisecond)); err != dial.ErrTimeout {
		t.Errorf("got %v, want %v", err, dial.ErrTimeout)
	}
	if err := syscall.Kill(pid, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if got, want := call(t, in.helper, in.env, "acme/admin"), (result{0, in.document(t, "acme/admin"), ""}); got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestKilledDaemonsLeaveNoTornDocument(t *testing.T) {
	in := install(t)
	const helpers, kills = 40, 5
	results := make([]result, helpers)
	var all sync.WaitGroup
	next := make(chan int)
	for range 8 {
		all.Go(func() {
			for i := range next {
				results[i] = call(t, in.helper, in.env, "acme/admin")
			}
		})
	}
	for i := range helpers {
		next <- i
		if pids := in.daemons(t); len(pids) > 0 && i%(helpers/kills) == 0 {
			syscall.Kill(pids[len(pids)-1], syscall.SIGKILL) // a child of ours or of a helper that waits for it
		}
	}
	close(next)
	all.Wait()
	pids := in.daemons(t)
	for _, got := range results {
		whole := slices.ContainsFunc(pids, func(pid int) bool {
			return got.stdout == fmt.Sprintf("{\"Version\":1,\"Role\":\"acme/admin\",\"Daemon\":%d}\n", pid)
		})
		clear := got.code == 3 && got.stdout == "" && strings.HasPrefix(got.stderr, "credhelper: error: ")
		if !clear && (got.code != 0 || !whole || got.stderr != "") {
			t.Errorf("got %+v, want a document or an error", got)
		}
	}
}

func TestAFullDiskIsAnError(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	path, _ := answer(t, always(frame(ipc.KindDocument, document)))
	cmd := exec.Command(helper, "acme/admin")
	cmd.Env = []string{"CREDD_SOCK=" + path}
	var stderr strings.Builder
	cmd.Stdout, cmd.Stderr = full, &stderr
	err = cmd.Run()
	if got := cmd.ProcessState.ExitCode(); got != 1 || !strings.HasPrefix(stderr.String(), "credhelper: error: stdout: ") {
		t.Errorf("got exit code %d, %v, %q, want 1 and an error", got, err, stderr.String())
	}
}

func TestNothingIsSentToAnotherUsersDaemon(t *testing.T) {
	for _, uid := range []uint32{0, nobody} {
		t.Run(fmt.Sprint(uid), func(t *testing.T) {
			dir := t.TempDir()
			for d, mode := range map[string]os.FileMode{dir: 0o777 | os.ModeSticky, filepath.Dir(dir): 0o755} {
				if err := os.Chmod(d, mode); err != nil {
					t.Fatal(err)
				}
			}
			program, path := filepath.Join(dir, "credhelper"), filepath.Join(dir, "s")
			copyFile(t, helper, program)
			said := squat(t, path)
			cmd := exec.Command(program, "acme/admin")
			cmd.Env = []string{"CREDD_SOCK=" + path}
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
			var stderr strings.Builder
			cmd.Stderr = &stderr
			stdout, _ := cmd.Output()
			got := result{cmd.ProcessState.ExitCode(), string(stdout), stderr.String()}
			want := result{8, "", "credhelper: error: the socket is served by another user: nothing was sent to it\n" +
				"credhelper: hint: check " + path + ", and CREDD_SOCK\n"}
			if got != want {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
			if got, want := said(), "\"\" <nil>\n"; got != want {
				t.Errorf("the other daemon got %s, want %s", got, want)
			}
		})
	}
}

// squat runs a daemon of another user at path, which says what it is sent.
func squat(t *testing.T, path string) (said func() string) {
	t.Helper()
	cmd := exec.Command("/proc/self/exe", "eavesdrop", path) // its directory is closed to others
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: unknown, Gid: unknown}}
	cmd.Dir = "/"
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	lines := bufio.NewReader(out)
	said = func() string {
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatalf("got %q, %v from the other daemon", line, err)
		}
		return line
	}
	if got := said(); got != "ready\n" {
		t.Fatal(got)
	}
	return said
}
