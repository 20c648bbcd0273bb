package host

import (
	"context"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// notifyTimeout is for a message to the manager, which is on this machine and may be busy.
const notifyTimeout = 5 * time.Second

// Ready tells the service manager that the daemon serves (sd_notify READY=1), with a line for those who ask how it is. Without one
// that listens it does nothing.
func Ready(status string) error { return theManager().tell("READY=1\nSTATUS=" + oneLine(status)) }

// Stopping tells it that the daemon ends (sd_notify STOPPING=1).
func Stopping() error { return theManager().tell("STOPPING=1\nSTATUS=Answering the last requests") }

// Watch tells it, as often as it wants to hear (WATCHDOG_USEC), that alive said yes, until ctx ends. Without a watchdog it returns.
// Who is not told in time ends the daemon and starts it again. Failures of alive go to tell.
func Watch(ctx context.Context, alive func(context.Context) error, tell func(error)) {
	theManager().watch(ctx, alive, tell)
}

// notified is the manager that wants to hear of this process, as sd_notify(3) and sd_watchdog_enabled(3) say.
type notified struct {
	socket string        // "" if none does
	within time.Duration // a sign of life has to come; 0 if none is wanted
}

// theManager is the one of this process. What says so in the environment is not for our children.
var theManager = sync.OnceValue(func() notified {
	n := notifiedBy(os.Getenv, os.Getpid())
	for _, name := range []string{"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"} {
		os.Unsetenv(name)
	}
	return n
})

func notifiedBy(getenv func(string) string, us int) notified {
	n := notified{socket: getenv("NOTIFY_SOCKET")}
	usec, err := strconv.ParseInt(getenv("WATCHDOG_USEC"), 10, 64)
	pid := getenv("WATCHDOG_PID")
	if n.socket != "" && err == nil && usec >= int64(minWatchdog/time.Microsecond) && usec < int64(maxWatchdog/time.Microsecond) && (pid == "" || pid == strconv.Itoa(us)) {
		n.within = time.Duration(usec) * time.Microsecond
	}
	return n
}

const (
	minWatchdog = 100 * time.Millisecond // shorter would leave time for nothing else, and fill the log
	maxWatchdog = 365 * 24 * time.Hour   // longer is no watchdog, and would overflow
)

// tell sends a message.
func (n notified) tell(message string) error {
	if n.socket == "" {
		return nil
	}
	c, err := n.dial()
	if err != nil {
		return err
	}
	defer c.Close()
	c.SetWriteDeadline(time.Now().Add(notifyTimeout))
	_, err = c.Write([]byte(message))
	return err
}

// dial connects to the manager. A socket whose name begins with @ has no file (net takes it so).
func (n notified) dial() (*net.UnixConn, error) {
	return net.DialUnix("unixgram", nil, &net.UnixAddr{Name: n.socket, Net: "unixgram"})
}

// watch asks alive twice in the time within which a sign has to come, so that one slow answer is not the end.
func (n notified) watch(ctx context.Context, alive func(context.Context) error, tell func(error)) {
	if n.within <= 0 {
		return
	}
	every := time.NewTicker(n.within / 2)
	defer every.Stop()
	var sign pulse
	defer sign.close()
	for {
		if err := n.check(ctx, alive, &sign); err != nil && ctx.Err() == nil {
			tell(err)
		}
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
	}
}

func (n notified) check(ctx context.Context, alive func(context.Context) error, sign *pulse) error {
	ctx, cancel := context.WithTimeout(ctx, n.within/2)
	defer cancel()
	if err := alive(ctx); err != nil {
		return err
	}
	if sign.send(n) {
		return nil
	}
	return n.tell(living)
}

const living = "WATCHDOG=1"

// oneLine is a text that begins no other field of a message.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
