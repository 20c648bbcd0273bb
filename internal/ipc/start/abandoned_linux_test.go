package start

import (
	"net"
	"os"
	"testing"
)

func TestAbandoned(t *testing.T) {
	for _, c := range []struct {
		name, sock string
		make       func(path string) error
		want       bool
	}{
		{"nothing there", "set", func(string) error { return nil }, false},
		{"a file", "set", func(path string) error { return os.WriteFile(path, nil, 0o600) }, false},
		{"a socket without a lock", "set", socketAt, true},
		{"a socket where CREDD_SOCK is not set", "", socketAt, false},
		{"a daemon's socket", "set", func(path string) error {
			if err := os.WriteFile(path+".lock", nil, 0o600); err != nil {
				return err
			}
			return socketAt(path)
		}, false},
	} {
		path := socketPath(t)
		if c.sock != "" {
			c.sock = path
		}
		t.Setenv("CREDD_SOCK", c.sock)
		if err := c.make(path); err != nil {
			t.Fatal(err)
		}
		if got := Abandoned(path); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

// socketAt leaves a socket that nobody serves.
func socketAt(path string) error {
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return err
	}
	l.SetUnlinkOnClose(false)
	return l.Close()
}
