package socket

import (
	"context"
	"errors"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/windows"

	"credd/internal/ipc/peer"
)

const patience = 40 * time.Second // for what has to happen; nothing waits so long

func pipeOf(t *testing.T) string { return `\\.\pipe\credd-` + strings.ToLower(t.Name()) }

func serve(t *testing.T, listen func() (*Listener, error)) *Listener {
	t.Helper()
	l, err := listen()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	if c, err := Dial(t.Context(), l.Path()); err == nil { // Wine gives the first client an instance that nobody serves
		c.Close()
	}
	return l
}

// open is serve that lets everybody in, and closes.
func open(t *testing.T, listen func() (*Listener, error)) *Listener {
	t.Helper()
	l := serve(t, listen)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.Close()
		}
	}()
	return l
}

// accessOf returns owner and access list of a pipe.
func accessOf(t *testing.T, path string) string {
	t.Helper()
	c, err := Dial(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	h := windows.Handle(c.(interface{ Fd() uintptr }).Fd())
	d, err := windows.GetSecurityInfo(h, windows.SE_KERNEL_OBJECT, windows.OWNER_SECURITY_INFORMATION|windows.DACL_SECURITY_INFORMATION)
	if err != nil {
		t.Fatal(err)
	}
	return d.String()
}

func TestThePipeIsForItsUserAlone(t *testing.T) {
	self, err := peer.Self()
	if err != nil {
		t.Fatal(err)
	}
	l := open(t, func() (*Listener, error) { return Listen(pipeOf(t)) })
	got := accessOf(t, l.Path())
	if !strings.HasPrefix(got, "O:"+self.SID) || strings.Count(got, "(") != 1 || !strings.Contains(got, "(A;;") || !strings.Contains(got, ";;;"+self.SID+")") {
		t.Errorf("got %s, want one entry, for %s", got, self.SID)
	}
}

func TestOthersDoNotServeTheMachinesPipe(t *testing.T) {
	l := open(t, func() (*Listener, error) { return ListenForAll(pipeOf(t), "") })
	got := accessOf(t, l.Path())
	if !strings.Contains(got, ";;;AU)") || strings.Contains(got, "(A;;FA;;;AU)") || strings.Contains(got, "(A;;GA;;;AU)") || strings.Contains(got, ";;;WD)") {
		t.Errorf("got %s, want users who read and write alone", got)
	}
}

func TestWhoAsksIsKnown(t *testing.T) {
	self, err := peer.Self()
	if err != nil {
		t.Fatal(err)
	}
	l := serve(t, func() (*Listener, error) { return Listen(pipeOf(t)) })
	accepted := make(chan *Conn, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			t.Error(err)
		}
		accepted <- c
	}()
	client, err := Dial(t.Context(), l.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	c := <-accepted
	defer c.Close()
	if c.PeerErr != nil || c.Peer.User != self || c.Peer.PID != os.Getpid() {
		t.Errorf("got %+v, %v, want %v, pid %d", c.Peer, c.PeerErr, self, os.Getpid())
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if f := peer.FactsOf(c.Conn, c.Peer); !strings.EqualFold(f.Exe, exe) {
		t.Errorf("got %+v, want %s", f, exe)
	}
	server, err := peer.Of(client)
	if err != nil || server.User != self || server.PID != os.Getpid() {
		t.Errorf("the server: got %+v, %v, want %v, pid %d", server, err, self, os.Getpid())
	}
	if _, err := peer.GroupsOf(c.Conn, c.Peer); err != nil {
		t.Error(err)
	}
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	if got, err := peer.Of(a); err == nil {
		t.Errorf("no pipe of Windows: got %+v, want an error", got)
	}
}

func TestOneDaemonAtATime(t *testing.T) {
	l := open(t, func() (*Listener, error) { return Listen(pipeOf(t)) })
	_, err := Listen(l.Path())
	if want := "pid " + strconv.Itoa(os.Getpid()); !errors.Is(err, ErrRunning) || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %v and %s", err, ErrRunning, want)
	}
	l.Close()
	again := serve(t, func() (*Listener, error) { return Listen(pipeOf(t)) })
	again.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if _, err := Dial(ctx, again.Path()); err != ErrNoDaemon {
		t.Errorf("after Close: got %v, want %v", err, ErrNoDaemon)
	}
}

func TestCloseEndsAccept(t *testing.T) {
	l := serve(t, func() (*Listener, error) { return Listen(pipeOf(t)) })
	ended := make(chan error, 1)
	go func() { _, err := l.Accept(); ended <- err }()
	l.Close()
	select {
	case err := <-ended:
		if !errors.Is(err, net.ErrClosed) {
			t.Errorf("got %v, want %v", err, net.ErrClosed)
		}
	case <-time.After(patience):
		t.Error("Accept goes on")
	}
}

func TestAForeignPipeIsNotAsked(t *testing.T) {
	l := open(t, func() (*Listener, error) { return listen(pipeOf(t), "O:S-1-5-21-1-2-3-1001D:P(A;;GA;;;WD)") })
	if _, err := Dial(t.Context(), l.Path()); err != ErrForeign {
		t.Errorf("got %v, want %v", err, ErrForeign)
	}
}
