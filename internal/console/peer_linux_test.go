package console

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// dialAs connects as another user: a socket is of the user as whom its thread acts.
func dialAs(t *testing.T, uid int, network, address string) net.Conn {
	t.Helper()
	type dialled struct {
		net.Conn
		err error
	}
	made := make(chan dialled)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with this goroutine
		if err := syscall.Setfsuid(uid); err != nil {
			made <- dialled{nil, err}
			return
		}
		c, err := net.Dial(network, address)
		made <- dialled{c, err}
	}()
	d := <-made
	if d.err != nil {
		t.Fatal(d.err)
	}
	t.Cleanup(func() { d.Close() })
	return d.Conn
}

// Another user who has read the address gets not a byte, and the browser still gets it all.
func TestHandoverToAnotherUser(t *testing.T) {
	const stranger = 65534
	h := offer(t)
	request := "GET " + h.path + " HTTP/1.1\r\nHost: " + h.host + "\r\n\r\n"
	for range 3 {
		c := dialAs(t, stranger, "tcp4", h.host)
		io.WriteString(c, request) // may be refused before
		c.SetDeadline(time.Now().Add(10 * time.Second))
		if got, _ := io.ReadAll(c); len(got) > 0 || isTaken(h) {
			t.Errorf("another user got %q", got)
		}
	}
	c := dialAs(t, os.Getuid(), "tcp4", h.host)
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(c); err != nil || !bytes.Contains(got, []byte(secretURL)) {
		t.Errorf("our own user got %q, %v", got, err)
	}
}

// Some browsers use one socket of IPv6 for both.
func TestHandoverToASocketOfIPv6(t *testing.T) {
	h := offer(t)
	host := strings.Replace(h.host, "127.0.0.1", "[::ffff:127.0.0.1]", 1)
	fd, err := syscall.Socket(syscall.AF_INET6, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	to := netip.MustParseAddrPort(host)
	if err := syscall.Connect(fd, &syscall.SockaddrInet6{Port: int(to.Port()), Addr: to.Addr().As16()}); err != nil {
		t.Fatal(err)
	}
	f := os.NewFile(uintptr(fd), "socket")
	defer f.Close()
	fmt.Fprintf(f, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", h.path, h.host)
	if got, err := io.ReadAll(f); err != nil || !bytes.Contains(got, []byte(secretURL)) {
		t.Errorf("got %q, %v", got, err)
	}
}

const tcpTable = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uuid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 23456 1 0000000000000000 100 0 0 10 0
   1: 0100007F:C350 0100007F:1F90 06 00000000:00000000 03:00001770 00000000     0        0 0 3 0000000000000000
   2: 0100007F:C351 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1001        0 23458 1 0000000000000000 20 4 30 10 -1
   3: 0100007F:1F90 0100007F:C351 01 00000000:00000000 00:00000000 00000000  1000        0 23459 1 0000000000000000 20 4 30 10 -1
`

func TestOwnerIn(t *testing.T) {
	for name, c := range map[string]struct {
		local, remote string
		uid           int
		ok            bool
	}{
		"established":          {"0100007F:C351", "0100007F:1F90", 1001, true},
		"our own end":          {"0100007F:1F90", "0100007F:C351", 1000, true},
		"closing, seen as 0":   {"0100007F:C350", "0100007F:1F90", 0, false},
		"listening":            {"0100007F:1F90", "00000000:0000", 0, false},
		"not there":            {"0100007F:C352", "0100007F:1F90", 0, false},
		"part of an address":   {"0100007F:C35", "0100007F:1F90", 0, false},
		"nothing asked, so no": {"", "", 0, false},
	} {
		if uid, ok := ownerIn(tcpTable, c.local, c.remote); uid != c.uid || ok != c.ok {
			t.Errorf("%s: got %d, %v, want %d, %v", name, uid, ok, c.uid, c.ok)
		}
	}
}

func FuzzOwnerIn(f *testing.F) {
	f.Add(tcpTable)
	f.Add("x: 0100007F:C351 0100007F:1F90 01 a b c -1")
	f.Add("0100007F:C351")
	f.Add("0: 0100007F:C351 0100007F:1F90 01 a b c 99999999999999999999 0 0")
	f.Fuzz(func(t *testing.T, table string) {
		if uid, ok := ownerIn(table, "0100007F:C351", "0100007F:1F90"); !ok && uid != 0 {
			t.Errorf("got %d of nobody", uid)
		}
	})
}
