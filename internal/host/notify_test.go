package host

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func env(values map[string]string) func(string) string {
	return func(name string) string { return values[name] }
}

func TestWhoWantsToHear(t *testing.T) {
	const us = 42
	for name, c := range map[string]struct {
		env    map[string]string
		within time.Duration
		socket string
	}{
		"nobody":                       {map[string]string{}, 0, ""},
		"no watchdog":                  {map[string]string{"NOTIFY_SOCKET": "/run/n"}, 0, "/run/n"},
		"a watchdog":                   {map[string]string{"NOTIFY_SOCKET": "/run/n", "WATCHDOG_USEC": "120000000", "WATCHDOG_PID": "42"}, 2 * time.Minute, "/run/n"},
		"a watchdog of no pid":         {map[string]string{"NOTIFY_SOCKET": "/run/n", "WATCHDOG_USEC": "2000000"}, 2 * time.Second, "/run/n"},
		"a watchdog of another":        {map[string]string{"NOTIFY_SOCKET": "/run/n", "WATCHDOG_USEC": "2000000", "WATCHDOG_PID": "4"}, 0, "/run/n"},
		"a watchdog that hears nobody": {map[string]string{"WATCHDOG_USEC": "2000000"}, 0, ""},
		"no number":                    {map[string]string{"NOTIFY_SOCKET": "/run/n", "WATCHDOG_USEC": "2s"}, 0, "/run/n"},
		"too short":                    {map[string]string{"NOTIFY_SOCKET": "/run/n", "WATCHDOG_USEC": "1"}, 0, "/run/n"},
		"negative":                     {map[string]string{"NOTIFY_SOCKET": "/run/n", "WATCHDOG_USEC": "-1"}, 0, "/run/n"},
		"endless":                      {map[string]string{"NOTIFY_SOCKET": "/run/n", "WATCHDOG_USEC": "18446744073709551615"}, 0, "/run/n"},
		"longer than a Duration":       {map[string]string{"NOTIFY_SOCKET": "/run/n", "WATCHDOG_USEC": "9223372036854775807"}, 0, "/run/n"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := notifiedBy(env(c.env), us); got.socket != c.socket || got.within != c.within {
				t.Errorf("got %+v, want %q, %v", got, c.socket, c.within)
			}
		})
	}
}

// ear is a manager that listens. Its messages come in order.
func ear(t *testing.T, name string) (heard func() string) {
	t.Helper()
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return func() string {
		t.Helper()
		c.SetReadDeadline(time.Now().Add(20 * time.Second))
		buf := make([]byte, 4096)
		n, err := c.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		return string(buf[:n])
	}
}

func TestTheManagerHears(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // it has no such sockets, and no such manager
	}
	dir, err := os.MkdirTemp("", "n") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	names := []string{filepath.Join(dir, "s")}
	if runtime.GOOS == "linux" {
		names = append(names, "@"+filepath.Base(dir))
	}
	for _, name := range names {
		heard := ear(t, name)
		n := notified{socket: name, within: time.Hour}
		if err := n.tell("READY=1\nSTATUS=" + oneLine("Serving\nMAINPID=1")); err != nil {
			t.Fatal(err)
		}
		if got, want := heard(), "READY=1\nSTATUS=Serving MAINPID=1"; got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			n.watch(ctx, func(context.Context) error { return nil }, func(err error) { t.Error(err) })
			close(done)
		}()
		if got := heard(); got != "WATCHDOG=1" {
			t.Errorf("%s: got %q", name, got)
		}
		cancel()
		<-done
	}
	gone := notified{socket: filepath.Join(dir, "none")}
	if err := gone.tell("READY=1"); err == nil {
		t.Error("nobody listens: got no error")
	}
}

func TestWithoutAManagerNothingIsSaid(t *testing.T) {
	n := notified{}
	if err := n.tell("READY=1"); err != nil {
		t.Error(err)
	}
	n.watch(t.Context(), func(context.Context) error { t.Error("asked"); return nil }, nil) // and returns
}

func TestWatch(t *testing.T) {
	heard := 0
	broken := errors.New("stalled")
	for name, c := range map[string]struct {
		alive func(ctx context.Context, call int) error
		want  []error
	}{
		"alive":              {func(context.Context, int) error { heard++; return nil }, nil},
		"broken":             {func(context.Context, int) error { return broken }, []error{broken, broken, broken, broken}},
		"once broken":        {func(_ context.Context, call int) error { return map[bool]error{true: broken}[call == 1] }, []error{broken}},
		"does not come back": {func(ctx context.Context, _ int) error { <-ctx.Done(); return ctx.Err() }, []error{context.DeadlineExceeded, context.DeadlineExceeded, context.DeadlineExceeded}},
	} {
		t.Run(name, func(t *testing.T) { watchTest(t, c.alive, c.want) })
	}
	if heard != 4 {
		t.Errorf("asked %d times in one and a half periods, want 4", heard)
	}
}

// watchTest watches for one and a half periods and a bit.
func watchTest(t *testing.T, alive func(context.Context, int) error, want []error) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute+time.Second)
		defer cancel()
		var got []error
		call := 0
		n := notified{within: 2 * time.Minute} // it has no socket: nothing is sent
		n.watch(ctx, func(ctx context.Context) error { call++; return alive(ctx, call-1) }, func(err error) { got = append(got, err) })
		if d := cmp.Diff(want, got, cmp.Comparer(func(a, b error) bool { return errors.Is(a, b) || errors.Is(b, a) })); d != "" {
			t.Errorf("-want +got:\n%s", d)
		}
	})
}
