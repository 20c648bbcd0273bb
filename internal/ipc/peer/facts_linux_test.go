package peer

import (
	"bufio"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

const patience = 20 * time.Second

// TestMain starts the other end of a test: a process that connects and waits until it is let go.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "connect" {
		c, err := net.Dial("unix", os.Args[2])
		if err != nil {
			os.Exit(1)
		}
		c.SetDeadline(time.Now().Add(patience))
		c.Read(make([]byte, 1))
		os.Exit(0)
	}
	if len(os.Args) == 2 && os.Args[1] == "accept" {
		acceptOne()
	}
	os.Exit(m.Run())
}

// callers listens where every user may connect.
func callers(t testing.TB) *net.UnixListener {
	t.Helper()
	dir := t.TempDir()
	for _, d := range []string{dir, filepath.Dir(dir)} {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, "s"), Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	if err := os.Chmod(l.Addr().String(), 0o666); err != nil {
		t.Fatal(err)
	}
	l.SetDeadline(time.Now().Add(patience))
	return l
}

// caller starts a process of uid that connects.
func caller(t testing.TB, uid uint32) (*exec.Cmd, net.Conn) {
	t.Helper()
	return callerAs(t, &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}})
}

// callerAs is caller with more that the process is to be.
func callerAs(t testing.TB, who *syscall.SysProcAttr) (*exec.Cmd, net.Conn) {
	t.Helper()
	l := callers(t)
	cmd := exec.Command("/proc/self/exe", "connect", l.Addr().String()) // its directory is closed to others
	cmd.SysProcAttr = who
	cmd.Dir = "/"
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return cmd, c
}

func self(t testing.TB) string {
	t.Helper()
	name, err := os.Readlink("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	return name
}

func TestProcessesOfOtherUsers(t *testing.T) {
	for _, uid := range []uint32{0, 65534, 12345} {
		t.Run(strconv.Itoa(int(uid)), func(t *testing.T) {
			cmd, c := caller(t, uid)
			p, err := Of(c)
			if err != nil {
				t.Fatal(err)
			}
			if p.UID != uid || p.GID != uid || p.PID != cmd.Process.Pid {
				t.Errorf("got %+v, want uid and gid %d, pid %d", p, uid, cmd.Process.Pid)
			}
			if got, want := p.facts(), (Facts{self(t), os.Getpid(), self(t)}); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

func TestNoFactsOfSomebodyElse(t *testing.T) {
	cmd, c := caller(t, 0)
	p, err := Of(c)
	if err != nil {
		t.Fatal(err)
	}
	later := p
	later.seen = 1 // accepted soon after boot: the process cannot be the one that connected
	if got := later.facts(); got != (Facts{}) {
		t.Errorf("younger than the connection: got %+v, want nothing", got)
	}
	if got := (Peer{seen: p.seen}).facts(); got != (Facts{}) {
		t.Errorf("no pid: got %+v, want nothing", got)
	}
	cmd.Process.Kill()
	cmd.Wait()
	if got := p.facts(); got != (Facts{}) {
		t.Errorf("ended: got %+v, want nothing", got)
	}
}

// TestAnOpenStatIsOfOneProcess holds what Facts relies on: the file of a process that has ended does not turn into one of
// the next process with its pid.
func TestAnOpenStatIsOfOneProcess(t *testing.T) {
	cmd, _ := caller(t, 0)
	fd, err := syscall.Open(proc(cmd.Process.Pid, "stat"), syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd)
	if parent, _, ok := stat(fd); !ok || parent != os.Getpid() {
		t.Errorf("got parent %d, %v, want %d", parent, ok, os.Getpid())
	}
	cmd.Process.Kill()
	cmd.Wait()
	if parent, _, ok := stat(fd); ok {
		t.Errorf("after its end: got parent %d, want nothing", parent)
	}
}

func TestAParentThatEndedIsLeftOut(t *testing.T) {
	l := callers(t)
	// The shell ends once the caller, in the background, has connected: its input is closed then.
	sh := exec.Command("/bin/sh", "-c", `"$0" connect "$1" </dev/null & read line; echo gone`, self(t), l.Addr().String())
	in, err := sh.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := sh.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := sh.Start(); err != nil {
		t.Fatal(err)
	}
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close() // ends the caller
	p, err := Of(c)
	if err != nil {
		t.Fatal(err)
	}
	if got := p.facts(); got.ParentPID != sh.Process.Pid || !filepath.IsAbs(got.ParentExe) {
		t.Errorf("got %+v, want parent %d", got, sh.Process.Pid)
	}
	in.Close()
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatalf("got %q, %v", line, err)
	}
	sh.Process.Wait() // not until its pipes are closed: the caller holds them
	if got := p.facts(); got.ParentPID == sh.Process.Pid || got.Exe != self(t) {
		t.Errorf("after its end: got %+v, want another parent", got)
	}
}

func TestParseStat(t *testing.T) {
	rest := " S 41 7 7 34816 7 4194560 1 2 3 4 5 6 7 8 20 0 1 0 123456 8192 100"
	for _, c := range []struct {
		name, line string
		parent     int
		start      uint64
		ok         bool
	}{
		{"plain", "42 (credhelper)" + rest, 41, 123456, true},
		{"parentheses and blanks in the name", "42 (a) S 1 (b) " + ")" + rest, 41, 123456, true},
		{"empty name", "42 ()" + rest, 41, 123456, true},
		{"no name", "42" + rest, 0, 0, false},
		{"empty", "", 0, 0, false},
		{"cut in the start time", "42 (x) S 41 7 7 34816 7 4194560 1 2 3 4 5 6 7 8 20 0 1 0 1234", 0, 0, false},
		{"cut before it", "42 (x) S 41 7", 0, 0, false},
		{"no number", "42 (x) S me" + rest[5:], 0, 0, false},
		{"negative parent", "42 (x) S -1" + rest[5:], 0, 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			parent, start, ok := parseStat([]byte(c.line))
			if ok != c.ok || ok && (parent != c.parent || start != c.start) {
				t.Errorf("got %d, %d, %v, want %d, %d, %v", parent, start, ok, c.parent, c.start, c.ok)
			}
		})
	}
}

func FuzzParseStat(f *testing.F) {
	own, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{string(own), "", ")", "1 (x) S 1", "1 (x) S " + strings.Repeat("9 ", 30), "1 (" + strings.Repeat(") ", 30)} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		parent, start, ok := parseStat(line)
		if parent < 0 || ok && !strings.Contains(string(line), strconv.FormatUint(start, 10)+" ") {
			t.Errorf("got %d, %d, %v from %q", parent, start, ok, line)
		}
	})
}

func BenchmarkFacts(b *testing.B) {
	_, c := caller(b, 0)
	p, err := Of(c)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if p.facts().ParentExe == "" {
			b.Fatal("no facts")
		}
	}
}

func BenchmarkOf(b *testing.B) {
	_, c := pair(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Of(c); err != nil {
			b.Fatal(err)
		}
	}
}

// Both ways to the facts say the same, on a kernel that has both.
func TestPidfdSaysWhatProcSays(t *testing.T) {
	in, _ := pair(t)
	p, err := Of(in)
	if err != nil {
		t.Fatal(err)
	}
	want := p.facts()
	if got := FactsOf(in, p); got != want || got.Exe == "" {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got, ok := viaPidfd(in, p.PID); ok && got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func BenchmarkFactsOf(b *testing.B) {
	in, _ := pair(b)
	p, err := Of(in)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		FactsOf(in, p)
	}
}
