package socket

import (
	"bufio"
	"fmt"
	"io"
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

// inherited is the daemon that a manager starts: it says what it got, serves one caller, and says what is left for its children.
func inherited(lock string) int {
	if os.Getenv("LISTEN_PID") == "self" {
		os.Setenv("LISTEN_PID", strconv.Itoa(os.Getpid()))
	}
	ours, _ := os.Readlink("/proc/self/fd/3")
	l, err := Inherited(lock)
	if err != nil || l == nil {
		fmt.Println("got", l, err)
		return 0
	}
	fmt.Println("serving", l.Path())
	c, err := l.Accept()
	if err != nil || c.PeerErr != nil {
		fmt.Println(err, c.PeerErr)
		return 1
	}
	c.Close()
	open, _ := exec.Command("ls", "-l", "/proc/self/fd").Output() // of a child
	env := strings.Join(os.Environ(), "\n")
	fmt.Println("children get it:", strings.Contains(string(open), ours), strings.Contains(env, "LISTEN_"))
	if err := l.Close(); err != nil {
		fmt.Println(err)
	}
	return 0
}

// activate starts a daemon with files as its descriptors from 3 on.
func activate(t *testing.T, lock string, env []string, files ...*os.File) *bufio.Reader {
	t.Helper()
	cmd := exec.Command("/proc/self/exe", "inherit", lock)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "GORACE=atexit_sleep_ms=0"}, env...)
	cmd.ExtraFiles = files
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	endWith(t, cmd)
	return bufio.NewReader(out)
}

// managed is a socket that a manager holds.
func managed(t *testing.T, path string) *os.File {
	t.Helper()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	f, err := l.File()
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	t.Cleanup(func() { f.Close() })
	return f
}

var forUs = []string{"LISTEN_PID=self", "LISTEN_FDS=1", "LISTEN_FDNAMES=credd.socket"}

// Two daemons after each other serve the same socket. Who connects between them waits for the second.
func TestTheManagersSocketOutlivesDaemons(t *testing.T) {
	dir := t.TempDir()
	path, lock := filepath.Join(dir, "s"), filepath.Join(dir, "lock")
	f := managed(t, path)
	for range 2 {
		c, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		out := activate(t, lock, forUs, f)
		c.SetDeadline(time.Now().Add(patience))
		if _, err := c.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("got %v from the daemon, want it to close", err)
		}
		said, err := io.ReadAll(out)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := string(said), "serving "+path+"\nchildren get it: false false\n"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if i, err := os.Lstat(path); err != nil || i.Mode().Type() != os.ModeSocket {
			t.Errorf("the socket does not stay: %v", err)
		}
	}
}

func TestOddInheritancesAreRefused(t *testing.T) {
	dir := t.TempDir()
	abstract, err := net.Listen("unix", "@credd-test-"+strconv.Itoa(os.Getpid()))
	if err != nil {
		t.Fatal(err)
	}
	defer abstract.Close()
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	packet, err := net.Listen("unixpacket", filepath.Join(dir, "packet"))
	if err != nil {
		t.Fatal(err)
	}
	defer packet.Close()
	datagram, err := net.ListenPacket("unixgram", filepath.Join(dir, "datagram"))
	if err != nil {
		t.Fatal(err)
	}
	defer datagram.Close()
	file := func(of any) *os.File {
		f, err := of.(interface{ File() (*os.File, error) }).File()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	connected := os.NewFile(uintptr(pair[0]), "pair")
	defer connected.Close()
	defer syscall.Close(pair[1])
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	good := managed(t, filepath.Join(dir, "s"))

	for name, c := range map[string]struct {
		env   []string
		files []*os.File
		want  string
	}{
		"nothing":                 {nil, nil, "got <nil> <nil>"},
		"another process's":       {[]string{"LISTEN_PID=1", "LISTEN_FDS=1"}, []*os.File{good}, "got <nil> <nil>"},
		"no socket":               {[]string{"LISTEN_PID=self", "LISTEN_FDS=0"}, nil, "got <nil> <nil>"},
		"two":                     {[]string{"LISTEN_PID=self", "LISTEN_FDS=2"}, []*os.File{good, good}, "systemd passed 2 sockets"},
		"more than can be":        {[]string{"LISTEN_PID=self", "LISTEN_FDS=65"}, []*os.File{good}, `LISTEN_FDS is "65"`},
		"less than none":          {[]string{"LISTEN_PID=self", "LISTEN_FDS=-1"}, nil, `LISTEN_FDS is "-1"`},
		"no number":               {[]string{"LISTEN_PID=self", "LISTEN_FDS=one"}, []*os.File{good}, `LISTEN_FDS is "one"`},
		"no number of a process":  {[]string{"LISTEN_PID=me", "LISTEN_FDS=1"}, []*os.File{good}, `LISTEN_PID is "me"`},
		"a number without a pid":  {[]string{"LISTEN_FDS=1"}, []*os.File{good}, `LISTEN_PID is ""`},
		"a closed descriptor":     {forUs, nil, "the socket that systemd passed"},
		"a file":                  {forUs, []*os.File{null}, "socket operation on non-socket"},
		"a connection":            {forUs, []*os.File{connected}, "it does not listen"},
		"of the network":          {forUs, []*os.File{file(tcp)}, "it is no unix stream socket"},
		"of packets":              {forUs, []*os.File{file(packet)}, "it is no unix stream socket"},
		"of datagrams":            {forUs, []*os.File{file(datagram)}, "it does not listen"},
		"not in the file system":  {forUs, []*os.File{file(abstract)}, "it is not in the file system"},
		"with a lock that cannot": {forUs, []*os.File{good}, "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			lock := filepath.Join(dir, "lock")
			if strings.HasPrefix(name, "with a lock") {
				lock = filepath.Join(dir, "missing", "lock")
			}
			said, err := io.ReadAll(activate(t, lock, c.env, c.files...))
			if err != nil || !strings.HasPrefix(string(said), "got <nil> ") || !strings.Contains(string(said), c.want) {
				t.Errorf("got %q, %v, want %q", said, err, c.want)
			}
		})
	}
}

func TestOneDaemonOfTheManager(t *testing.T) {
	dir := t.TempDir()
	f := managed(t, filepath.Join(dir, "s"))
	held, err := lockFile(filepath.Join(dir, "lock"))
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	said, err := io.ReadAll(activate(t, filepath.Join(dir, "lock"), forUs, f))
	if want := "got <nil> " + ErrRunning.Error() + "\n"; err != nil || string(said) != want {
		t.Errorf("got %q, %v, want %q", said, err, want)
	}
}
