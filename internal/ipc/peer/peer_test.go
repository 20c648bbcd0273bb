//go:build !windows

package peer

import (
	"net"
	"os"
	"path/filepath"
	"testing"
)

// pair returns both ends of a connection through a socket in the file system.
func pair(t testing.TB) (client, server net.Conn) {
	t.Helper()
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err = net.Dial("unix", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	server, err = l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	return client, server
}

func TestOf(t *testing.T) {
	client, server := pair(t)
	for name, c := range map[string]net.Conn{"client": client, "server": server} {
		got, err := Of(c)
		if err != nil {
			t.Fatal(err)
		}
		if int(got.UID) != os.Getuid() || int(got.GID) != os.Getgid() || got.PID != os.Getpid() {
			t.Errorf("%s: got %+v, want this process", name, got)
		}
	}
}

// wrapped hides the file descriptor, as a TLS connection would.
type wrapped struct{ net.Conn }

func TestOfFailsClosed(t *testing.T) {
	closed, conn := pair(t)
	closed.Close()
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	remote, err := net.Dial("tcp", tcp.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer remote.Close()
	pipe, other := net.Pipe()
	defer pipe.Close()
	defer other.Close()
	for name, c := range map[string]net.Conn{"closed": closed, "wrapped": wrapped{conn}, "pipe": pipe, "tcp": remote} {
		if got, err := Of(c); err == nil {
			t.Errorf("%s: got %+v, want an error", name, got)
		}
	}
}
