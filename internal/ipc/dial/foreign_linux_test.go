package dial

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"credd/internal/ipc"
)

// The tests run as root and start themselves again as other users, one without an entry in passwd.
const (
	nobody  = 65534
	unknown = 12345
)

func TestMain(m *testing.M) {
	if len(os.Args) == 3 {
		switch os.Args[1] {
		case "listen":
			os.Exit(listen(os.Args[2]))
		case "ask":
			_, got, err := Ask(os.Args[2], []byte("secret question"), time.Now().Add(patience), nil)
			fmt.Printf("%s %v\n", got, err)
			os.Exit(0)
		}
	}
	os.Exit(m.Run())
}

// listen says "ready", takes one connection, answers it and prints what it sent.
func listen(path string) int {
	l, err := net.Listen("unix", path)
	if err != nil {
		fmt.Println(err)
		return 1
	}
	if err := os.Chmod(path, 0o666); err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println("ready")
	c, err := l.Accept()
	if err != nil {
		fmt.Println(err)
		return 1
	}
	c.SetDeadline(time.Now().Add(patience))
	buf := make([]byte, 64)
	n, err := c.Read(buf)
	if err == nil {
		c.Write(ipc.Append(nil, ipc.KindDocument, []byte("answer")))
	}
	fmt.Printf("%q %v\n", buf[:n], err)
	c.Close()
	return 0
}

// as starts this test again as another user. What it prints comes line by line.
func as(t *testing.T, uid uint32, args ...string) (line func() string) {
	t.Helper()
	cmd := exec.Command("/proc/self/exe", args...) // its directory is closed to others
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
	cmd.Dir = "/"
	cmd.Stderr = os.Stderr
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
	return func() string {
		s, err := lines.ReadString('\n')
		if err != nil {
			t.Fatalf("got %q, %v, want a line", s, err)
		}
		return strings.TrimSuffix(s, "\n")
	}
}

// open returns a directory that every user may use.
func open(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for d, mode := range map[string]os.FileMode{dir: 0o777 | os.ModeSticky, filepath.Dir(dir): 0o755} {
		if err := os.Chmod(d, mode); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestNothingIsSentToAnotherUser(t *testing.T) {
	for _, server := range []uint32{nobody, unknown} {
		for _, client := range []uint32{0, nobody, unknown} {
			if client == server {
				continue
			}
			t.Run(fmt.Sprintf("%d asks %d", client, server), func(t *testing.T) {
				path := filepath.Join(open(t), "s")
				daemon := as(t, server, "listen", path)
				if got := daemon(); got != "ready" {
					t.Fatal(got)
				}
				if got, want := as(t, client, "ask", path)(), " "+ErrForeign.Error(); got != want {
					t.Errorf("got %q, want %q", got, want)
				}
				if got, want := daemon(), `"" EOF`; got != want {
					t.Errorf("daemon got %s, want %s", got, want)
				}
			})
		}
	}
}

func TestRootMayServe(t *testing.T) {
	for _, client := range []uint32{0, nobody, unknown} {
		t.Run(fmt.Sprint(client), func(t *testing.T) {
			path := filepath.Join(open(t), "s")
			daemon := as(t, 0, "listen", path)
			if got := daemon(); got != "ready" {
				t.Fatal(got)
			}
			if got, want := as(t, client, "ask", path)(), "answer <nil>"; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
			if got, want := daemon(), `"secret question" <nil>`; got != want {
				t.Errorf("daemon got %s, want %s", got, want)
			}
		})
	}
}

func TestAClosedSocketSaysSo(t *testing.T) {
	path := filepath.Join(open(t), "s")
	if got := as(t, nobody, "listen", path)(); got != "ready" {
		t.Fatal(got)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, want := as(t, unknown, "ask", path)(), " "+syscall.EACCES.Error(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
