//go:build !windows

package dial

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"credd/internal/ipc"
)

const patience = 20 * time.Second // for what has to happen; nothing waits so long

// request is larger than what a socket holds, so that its sender is still at it when the daemon decides.
var request = ipc.Append(nil, ipc.KindCredentials, make([]byte, 8<<20))

// serve answers each connection with answer until the test ends, and returns the socket.
func serve(t *testing.T, answer func(*net.UnixConn)) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.AcceptUnix()
			if err != nil {
				return
			}
			c.SetDeadline(time.Now().Add(patience))
			answer(c)
			c.Close()
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-done
	})
	return path
}

// after reads the request and then sends text.
func after(text string) func(*net.UnixConn) {
	return func(c *net.UnixConn) {
		ipc.Read(c, len(request))
		io.WriteString(c, text)
	}
}

func TestAsk(t *testing.T) {
	document := string(ipc.Append(nil, ipc.KindDocument, []byte(`{"Version":1}`)))
	refusal := string(ipc.Append(nil, ipc.KindError, ipc.AppendError(nil, &ipc.Error{Code: ipc.Refused, Message: "no"})))
	large := strings.Repeat("d", ipc.MaxDocument)
	for _, c := range []struct {
		name   string
		answer func(*net.UnixConn)
		want   string // the reply's payload
		err    error
	}{
		{"document", after(document), `{"Version":1}`, nil},
		{"in pieces", func(c *net.UnixConn) {
			ipc.Read(c, len(request))
			for i := range document {
				io.WriteString(c, document[i:i+1])
			}
		}, `{"Version":1}`, nil},
		{"largest document", after(string(ipc.Append(nil, ipc.KindDocument, []byte(large)))), large, nil},
		{"half a document", after(document[:len(document)-3]), "", ErrLost},
		{"half a header", after(document[:3]), "", ErrLost},
		{"closed before the reply", after(""), "", ErrLost},
		{"closed before the request is read", func(*net.UnixConn) {}, "", ErrLost},
		{"refused before the request is read", func(c *net.UnixConn) { io.WriteString(c, refusal) }, "\x08\x00\x02no\x00\x00", nil},
		{"refused while the request is sent", func(c *net.UnixConn) {
			c.CloseRead()
			io.WriteString(c, refusal)
		}, "\x08\x00\x02no\x00\x00", nil},
		{"too large", after(string(ipc.Append(nil, ipc.KindDocument, []byte(large+"d")))), "", ipc.ErrTooLarge},
		{"another protocol", after("HTTP/1.1 400 Bad Request\r\n\r\n"), "", ipc.ErrTooLarge},
		{"length 0", after("\x00\x00\x00\x00\x40"), "", ipc.ErrMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := serve(t, c.answer)
			_, got, err := Ask(path, request, time.Now().Add(patience), nil)
			if string(got) != c.want || err != c.err {
				t.Errorf("got %.40q, %v, want %.40q, %v", got, err, c.want, c.err)
			}
		})
	}
}

func TestTheDeadlineIsForAllTogether(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer func(c *net.UnixConn, gone <-chan struct{})
	}{
		{"the request is not read", func(_ *net.UnixConn, gone <-chan struct{}) { <-gone }},
		{"no reply", func(c *net.UnixConn, gone <-chan struct{}) {
			ipc.Read(c, len(request))
			<-gone
		}},
		{"a reply of a byte now and then", func(c *net.UnixConn, _ <-chan struct{}) {
			ipc.Read(c, len(request))
			every := time.NewTicker(10 * time.Millisecond)
			defer every.Stop()
			for _, err := c.Write([]byte{0, 0, 9, 0, 64}); err == nil; _, err = c.Write([]byte{'x'}) {
				<-every.C
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			gone := make(chan struct{})
			path := serve(t, func(conn *net.UnixConn) { c.answer(conn, gone) })
			defer close(gone)
			const limit = 200 * time.Millisecond
			start := time.Now()
			_, _, err := Ask(path, request, start.Add(limit), nil)
			if err != ErrTimeout {
				t.Errorf("got %v, want %v", err, ErrTimeout)
			}
			if took := time.Since(start); took < limit || took > patience/2 {
				t.Errorf("took %v, want %v", took, limit)
			}
		})
	}
}

func TestNobodyAccepts(t *testing.T) {
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd)
	path := filepath.Join(t.TempDir(), "s")
	if err := syscall.Bind(fd, &syscall.SockaddrUnix{Name: path}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	// The first waits in the queue for a reply, the next ones for a place in the queue.
	for i := range 3 {
		if _, _, err := Ask(path, request[:64], time.Now().Add(100*time.Millisecond), nil); err != ErrTimeout {
			t.Errorf("call %d: got %v, want %v", i, err, ErrTimeout)
		}
	}
}

func TestNoDaemon(t *testing.T) {
	dir := t.TempDir()
	stale := filepath.Join(dir, "stale")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: stale, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, path string
		want       error
	}{
		{"nothing there", filepath.Join(dir, "missing"), ErrNoDaemon},
		{"no directory", filepath.Join(dir, "a", "b"), ErrNoDaemon},
		{"left by a killed daemon", stale, ErrNoDaemon},
		{"below a file", filepath.Join(file, "s"), syscall.ENOTDIR},
		{"path too long", "/" + strings.Repeat("s", 200), syscall.EINVAL},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, _, err := Ask(c.path, request, time.Now().Add(patience), nil); err != c.want {
				t.Errorf("ask: got %v, want %v", err, c.want)
			}
			if err := Probe(c.path, time.Now().Add(patience)); err != c.want {
				t.Errorf("probe: got %v, want %v", err, c.want)
			}
		})
	}
}

func TestDeadlineInThePast(t *testing.T) {
	path := serve(t, func(*net.UnixConn) {})
	if _, _, err := Ask(path, request, time.Now().Add(-time.Second), nil); err != ErrTimeout {
		t.Errorf("got %v, want %v", err, ErrTimeout)
	}
}

// FuzzReply holds that whatever a daemon sends, the helper gets a whole frame within its limit or an error.
func FuzzReply(f *testing.F) {
	for _, seed := range []string{"", "\x00", "\x00\x00\x00\x00\x40", "\x00\x00\x00\x03\x40{}", "\x00\x00\x00\x03\x40{", "\x00\x01\x00\x02\x40", "\xff\xff\xff\xffHTTP"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, sent []byte) {
		fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer syscall.Close(fds[0])
		written := make(chan struct{})
		go func() {
			defer close(written)
			within(fds[1], time.Now().Add(patience)).send(sent)
			syscall.Close(fds[1])
		}()
		kind, payload, err := receive(within(fds[0], time.Now().Add(patience)))
		syscall.Shutdown(fds[0], syscall.SHUT_RDWR)
		<-written
		switch {
		case err == nil:
			if frame := ipc.Append(nil, kind, payload); len(payload) > ipc.MaxDocument || !strings.HasPrefix(string(sent), string(frame)) {
				t.Errorf("got %.40q, which was not sent", frame)
			}
		case err != ErrLost && err != ipc.ErrMalformed && err != ipc.ErrTooLarge:
			t.Errorf("got %v", err)
		case payload != nil:
			t.Errorf("got a payload with error %v", err)
		}
	})
}
