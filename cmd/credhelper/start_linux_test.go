package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Users that the tests, which run as root, are or serve as; the second has no entry in passwd.
const (
	nobody  = 65534
	unknown = 12345
)

// installation is a credhelper with a credd beside it, and a user's home.
type installation struct {
	home, helper, socket string
	env                  []string
}

// install makes one. Daemons that its helpers start end with the test.
func install(t *testing.T) installation {
	t.Helper()
	const setChildSubreaper = 36 // prctl(2); without it nobody could wait for the end of what helpers leave behind
	if _, _, e := syscall.RawSyscall(syscall.SYS_PRCTL, setChildSubreaper, 1, 0); e != 0 {
		t.Fatal(e)
	}
	home := t.TempDir()
	in := installation{home: home, helper: filepath.Join(home, "bin", "credhelper"), socket: filepath.Join(home, "run", "credd", "agent.sock")}
	in.env = []string{"HOME=" + home, "XDG_RUNTIME_DIR=" + home + "/run", "PATH=" + os.Getenv("PATH")}
	if err := os.Mkdir(filepath.Dir(in.helper), 0o755); err != nil {
		t.Fatal(err)
	}
	copyFile(t, helper, in.helper)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(home, "bin", "credd")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.endDaemons(t) })
	return in
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, b, 0o755); err != nil {
		t.Fatal(err)
	}
}

// daemons returns the pids of all that were started.
func (in installation) daemons(t *testing.T) []int {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(in.home, "started"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	var pids []int
	for _, f := range strings.Fields(string(b)) {
		pid, err := strconv.Atoi(f)
		if err != nil {
			t.Fatal(err)
		}
		pids = append(pids, pid)
	}
	return pids
}

func (in installation) endDaemons(t *testing.T) {
	for _, pid := range in.daemons(t) {
		// A helper waits for a daemon that ended while it started; the others have become our children.
		if got, err := syscall.Wait4(pid, nil, syscall.WNOHANG, nil); err != nil || got == pid {
			continue
		}
		syscall.Kill(pid, syscall.SIGKILL)
		if _, err := syscall.Wait4(pid, nil, 0, nil); err != nil {
			t.Errorf("daemon %d: %v", pid, err)
		}
	}
}

// document is what the test's daemon answers.
func (in installation) document(t *testing.T, role string) string {
	t.Helper()
	pids := in.daemons(t)
	return fmt.Sprintf("{\"Version\":1,\"Role\":%q,\"Daemon\":%d}\n", role, pids[len(pids)-1])
}

func TestTenHelpersStartOneDaemon(t *testing.T) {
	in := install(t)
	results := make([]result, 10)
	var all sync.WaitGroup
	for i := range results {
		all.Go(func() { results[i] = call(t, in.helper, in.env, "acme/admin") })
	}
	all.Wait()
	if got := in.daemons(t); len(got) != 1 {
		t.Errorf("got daemons %v, want one", got)
	}
	for _, got := range results {
		if want := (result{0, in.document(t, "acme/admin"), ""}); got != want {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
	}
}

func TestTheDaemonTakesNothingAlong(t *testing.T) {
	in := install(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd := exec.Command(in.helper, "acme/admin")
	passed := append(in.env, "LANG=C.UTF-8", "SSL_CERT_FILE=/nowhere")
	cmd.Env = append(slices.Clone(passed), "AWS_SECRET_ACCESS_KEY=canary", "AWS_PROFILE=acme", "GITHUB_TOKEN=canary", "HTTPS_PROXY=http://u:canary@proxy", "LD_LIBRARY_PATH=/nowhere")
	cmd.ExtraFiles = []*os.File{w, os.Stdin, w} // as a caller that leaves its descriptors open to children
	cmd.Stderr = w                              // and stdout is a pipe of its own
	out, err := cmd.Output()
	w.Close()
	if err != nil || string(out) != in.document(t, "acme/admin") {
		t.Errorf("got %q, %v", out, err)
	}
	// An SDK waits until all copies of its pipes are closed. The daemon lives, so it must have none.
	r.SetReadDeadline(time.Now().Add(patience))
	if rest, err := io.ReadAll(r); err != nil || len(rest) > 0 {
		t.Errorf("got %q, %v, want the end", rest, err)
	}

	pid := in.daemons(t)[0]
	log := filepath.Join(in.home, ".local/state/credd/credd.log")
	for link, want := range map[string]string{"fd/0": "/dev/null", "fd/1": "/dev/null", "fd/2": log, "cwd": "/"} {
		if got, err := os.Readlink(fmt.Sprintf("/proc/%d/%s", pid, link)); got != want {
			t.Errorf("%s: got %q, %v, want %q", link, got, err, want)
		}
	}
	if i, err := os.Stat(log); err != nil || i.Mode() != 0o600 {
		t.Errorf("log: got %v, %v, want mode 0600", i, err)
	}
	if sid, _, e := syscall.RawSyscall(syscall.SYS_GETSID, uintptr(pid), 0, 0); int(sid) != pid {
		t.Errorf("got session %d, %v, want its own", sid, e)
	}
	environ, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Split(strings.TrimSuffix(string(environ), "\x00"), "\x00")
	slices.Sort(got)
	slices.Sort(passed)
	if !slices.Equal(got, passed) {
		t.Errorf("got environment %q\nwant            %q", got, passed)
	}
}

func TestStartsThatFail(t *testing.T) {
	const hint = "\ncredhelper: hint: "
	for _, c := range []struct {
		name    string
		prepare func(in *installation) error
		want    string // of stderr, with HOME for the home directory
	}{
		{"turned off", func(in *installation) error {
			in.env = append(in.env, "CREDD_AUTOSTART=0")
			return nil
		}, "credd is not running" + hint + "start it with: credd serve\n"},
		{"no credd beside it, but one in PATH", func(in *installation) error {
			dir := filepath.Join(in.home, "elsewhere")
			in.env = append(in.env, "PATH="+dir)
			os.Mkdir(dir, 0o755)
			return os.Rename(filepath.Join(in.home, "bin", "credd"), filepath.Join(dir, "credd"))
		}, "start HOME/bin/credd: no such file or directory" + hint + "install credd beside credhelper, or start it with: credd serve\n"},
		{"it ends at once", func(in *installation) error { return os.WriteFile(filepath.Join(in.home, "broken"), nil, 0o600) },
			"credd ended while it started" + hint + "see HOME/.local/state/credd/credd.log\n"},
		{"directory open to others", func(in *installation) error {
			os.MkdirAll(filepath.Dir(in.socket), 0o700)
			return os.Chmod(filepath.Dir(in.socket), 0o777)
		}, "start credd: HOME/run/credd is open to other users: credd needs a directory of its own with mode 0700" + hint + "check the directory, and CREDD_SOCK\n"},
		{"directory of another user", func(in *installation) error {
			os.MkdirAll(filepath.Dir(in.socket), 0o700)
			return os.Chown(filepath.Dir(in.socket), nobody, nobody)
		}, "start credd: HOME/run/credd belongs to another user" + hint + "check the directory, and CREDD_SOCK\n"},
		{"directory that is a link", func(in *installation) error {
			os.MkdirAll(filepath.Join(in.home, "run", "real"), 0o700)
			return os.Symlink("real", filepath.Dir(in.socket))
		}, "start credd: HOME/run/credd is not a directory, or a symbolic link to one" + hint + "check the directory, and CREDD_SOCK\n"},
		{"lock that is a link", func(in *installation) error {
			os.MkdirAll(filepath.Dir(in.socket), 0o700)
			return os.Symlink("elsewhere", filepath.Join(filepath.Dir(in.socket), "start.lock"))
		}, "start credd: HOME/run/credd/start.lock: too many levels of symbolic links" + hint + "check the directory, and CREDD_SOCK\n"},
		{"log that is a link", func(in *installation) error {
			state := filepath.Join(in.home, ".local/state/credd")
			os.MkdirAll(state, 0o700)
			return os.Symlink("elsewhere", filepath.Join(state, "credd.log"))
		}, "start credd: open HOME/.local/state/credd/credd.log: too many levels of symbolic links" + hint + "start it with: credd serve\n"},
		{"no home", func(in *installation) error {
			in.env = []string{"CREDD_SOCK=" + in.socket}
			return nil
		}, "start credd: HOME is not set to an absolute path: set it, or XDG_CONFIG_HOME, XDG_DATA_HOME and XDG_STATE_HOME\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := install(t)
			if err := c.prepare(&in); err != nil {
				t.Fatal(err)
			}
			want := result{3, "", "credhelper: error: " + strings.ReplaceAll(c.want, "HOME/", in.home+"/")}
			if got := call(t, in.helper, in.env, "acme/admin"); got != want {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
			if _, err := os.Lstat(in.socket); !os.IsNotExist(err) {
				t.Errorf("socket: got %v, want none", err)
			}
		})
	}
}

func TestALinkToTheHelperFindsItsDaemon(t *testing.T) {
	in := install(t)
	link := filepath.Join(in.home, "credhelper")
	if err := os.Symlink(in.helper, link); err != nil {
		t.Fatal(err)
	}
	if got := call(t, link, in.env, "acme/admin"); got.code != 0 {
		t.Errorf("got %+v, want a document", got)
	}
}

func TestTheLogSaysWhyADaemonEnded(t *testing.T) {
	in := install(t)
	if err := os.WriteFile(filepath.Join(in.home, "broken"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second start keeps what the first one said
		call(t, in.helper, in.env, "acme/admin")
	}
	got, err := os.ReadFile(filepath.Join(in.home, ".local/state/credd/credd.log"))
	if want := strings.Repeat("credd: error: line 7 is wrong\n", 2); string(got) != want || err != nil {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}
