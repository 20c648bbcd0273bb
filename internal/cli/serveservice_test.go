//go:build !windows

package cli

import (
	"context"
	"net"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"credd/internal/ipc"
	"credd/internal/ipc/socket"
)

// A daemon is alive while nobody calls, while it answers, and not when somebody waits for it, or all that it says is that it is busy.
func TestAlive(t *testing.T) {
	path := filepath.Join(t.TempDir(), "credd", "s")
	l, err := socket.Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ask := func(limit time.Duration) error {
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		defer cancel()
		return alive(ctx, l)
	}
	const patient, impatient = 20 * time.Second, 50 * time.Millisecond
	if err := ask(patient); err != nil {
		t.Errorf("nobody calls: got %v", err)
	}
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := ask(impatient); err == nil {
		t.Error("somebody waits: got no error")
	}
	busy := ipc.Append(nil, ipc.KindError, ipc.AppendError(nil, &ipc.Error{Code: ipc.Unreachable, Message: "credd is busy"}))
	done := ipc.Append(nil, ipc.KindManaged, []byte("{}"))
	var answer atomic.Pointer[[]byte]
	answer.Store(&busy)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				if _, _, err := ipc.Read(c, ipc.MaxRequest); err == nil {
					c.Write(*answer.Load())
				}
			}()
		}
	}()
	if err := ask(patient); err == nil {
		t.Error("busy: got no error")
	}
	answer.Store(&done)
	d, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := ask(patient); err != nil {
		t.Errorf("it answers: got %v", err)
	}
	if !l.Quiet() {
		t.Error("its own call is taken for somebody's")
	}
}
