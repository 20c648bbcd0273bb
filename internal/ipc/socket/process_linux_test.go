package socket

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// The tests run as root and start themselves again as other users, one without an entry in passwd.
const (
	unknown  = 12345
	patience = 20 * time.Second // for what has to happen; nothing waits so long
)

func TestMain(m *testing.M) {
	if len(os.Args) == 3 {
		os.Exit(other(os.Args[1], os.Args[2]))
	}
	os.Exit(m.Run())
}

// other is the other end of a test.
func other(role, path string) int {
	switch role {
	case "connect": // and stay until the daemon closes
		c, err := net.Dial("unix", path)
		if err != nil {
			return 1
		}
		c.SetDeadline(time.Now().Add(patience))
		c.Read(make([]byte, 1))
	case "listen": // and fail if the first one who connects sends something
		l, err := net.Listen("unix", path)
		if err != nil || os.Chmod(path, 0o666) != nil {
			return 1
		}
		fmt.Println("ready")
		c, err := l.Accept()
		if err != nil {
			return 1
		}
		c.SetDeadline(time.Now().Add(patience))
		if got, err := io.ReadAll(c); err != nil || len(got) > 0 {
			return 1
		}
	case "inherit": // and serve one caller
		return inherited(path)
	case "dial": // and say how that went
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		c, err := Dial(ctx, path)
		if err == nil {
			c.Close()
		}
		fmt.Println(err)
	case "serve-any": // until killed, without a look at the directory
		l, err := net.Listen("unix", path)
		if err != nil || os.Chmod(path, 0o666) != nil {
			return 1
		}
		fmt.Println("ready")
		return hangUp(l.Accept)
	case "serve all": // until killed
		l, err := ListenForAll(path, lockOf(path))
		if err != nil {
			fmt.Println(err)
			return 1
		}
		fmt.Println("ready")
		return hangUp(func() (net.Conn, error) { return l.Accept() })
	case "serve": // until killed
		l, err := Listen(path)
		if err != nil {
			return 1
		}
		fmt.Println("ready")
		return hangUp(func() (net.Conn, error) { return l.Accept() })
	}
	return 0
}

// hangUp closes all connections until it is killed.
func hangUp(accept func() (net.Conn, error)) int {
	for {
		c, err := accept()
		if err != nil {
			return 1
		}
		c.Close()
	}
}

// start starts this test again as another user.
func start(t *testing.T, uid uint32, role, path string) *exec.Cmd {
	t.Helper()
	cmd := command(uid, role, path)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	endWith(t, cmd)
	return cmd
}

// startReady starts a daemon and waits until it says that it listens.
func startReady(t *testing.T, uid uint32, role, path string) *exec.Cmd {
	t.Helper()
	cmd := command(uid, role, path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	endWith(t, cmd)
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		t.Fatalf("got %q, %v from the daemon", line, err)
	}
	return cmd
}

func command(uid uint32, role, path string) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe", role, path) // its directory is closed to others
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
	cmd.Dir = "/"
	return cmd
}

func endWith(t *testing.T, cmd *exec.Cmd) {
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
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
