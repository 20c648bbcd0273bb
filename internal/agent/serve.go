package agent

import (
	"bufio"
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"credd/internal/ipc"
	"credd/internal/ipc/peer"
	"credd/internal/ipc/socket"
)

const (
	maxConns     = 1024 // a terminal's worth of Terraform is 10 to 100 at once
	maxOfOne     = 256  // … of one user of the machine, so that others are served as well
	keptConns    = 64   // … that only root and the daemon's own user have: the watchdog, and who looks what is wrong
	usualRequest = 512  // bytes that one read takes: a credentials request whole

	ioTimeout = 5 * time.Second // one read or write of a frame; both ends are on this machine
	drain     = 3 * time.Second // how long a stopping daemon lets requests under way end
)

// Serve answers connections until ctx ends, then lets those under way end for a moment. Sessions are refreshed ahead
// and roles are looked after meanwhile.
func (a *Agent) Serve(ctx context.Context, l *socket.Listener) error {
	var work sync.WaitGroup
	background, stop := context.WithCancel(context.Background())
	defer stop()
	work.Go(func() { a.cache.Run(background) })
	work.Go(func() { a.memory.run(background) })
	work.Go(func() { a.testWeekly(background) })
	closing := context.AfterFunc(ctx, func() { l.Close() })
	defer closing()

	conns := newConns()
	var err error
	for {
		var c *socket.Conn
		if c, err = l.Accept(); err != nil {
			break
		}
		r := a.rankOf(c)
		if !conns.add(c, r) {
			a.send(c, refusal(fail(ipc.Unreachable, "credd is busy: too many connections at once", "try again")))
			c.Close()
			continue
		}
		conns.work.Go(func() {
			defer conns.remove(c)
			a.handle(background, &caller{Conn: c, rank: r, in: bufio.NewReaderSize(c, usualRequest)})
		})
	}
	conns.finish(drain, stop)
	stop()
	work.Wait()
	if errors.Is(err, net.ErrClosed) && ctx.Err() != nil {
		return nil
	}
	return err
}

// handle is one request: from the caller's identity to the reply.
func (a *Agent) handle(ctx context.Context, c *caller) {
	a.Busy()
	if f, ok := a.admit(c); !ok {
		a.send(c.Conn, refusal(f))
		return
	}
	c.SetReadDeadline(time.Now().Add(ioTimeout))
	kind, payload, err := ipc.Read(c.in, ipc.MaxRequest)
	if err != nil {
		a.Log.Debug("no request", "pid", c.Peer.PID, "error", err)
		return
	}
	var out reply
	switch kind {
	case ipc.KindCredentials:
		out = a.credentials(ctx, c, payload)
	case ipc.KindManage:
		out = a.manage(ctx, c, payload)
	default:
		out = refusal(fail(ipc.Usage, "unsupported request: this credd is older than what asks it", "restart credd after an upgrade"))
	}
	// A stopping daemon closes without a reply: the caller then asks the next daemon.
	if out.kind != 0 {
		a.send(c.Conn, out)
	}
}

// reply is a frame to send; its zero value is none.
type reply struct {
	kind    ipc.Kind
	payload []byte
}

func (a *Agent) send(c *socket.Conn, r reply) {
	c.SetWriteDeadline(time.Now().Add(ioTimeout))
	frame := net.Buffers{ipc.AppendHeader(nil, r.kind, len(r.payload)), r.payload}
	if _, err := frame.WriteTo(c.Conn); err != nil {
		a.Log.Debug("reply not sent", "error", err)
	}
}

// conns are the open connections.
type conns struct {
	work sync.WaitGroup
	mu   sync.Mutex
	open map[*socket.Conn]rank
	of   map[peer.User]int // how many each has who does not manage the daemon
	all  int               // theirs together
}

func newConns() *conns {
	return &conns{open: map[*socket.Conn]rank{}, of: map[peer.User]int{}}
}

// add counts a connection in, unless there are too many, or too many of its user.
func (s *conns) add(c *socket.Conn, r rank) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.open) >= maxConns || r < owner && (s.all >= maxConns-keptConns || s.of[c.Peer.User] >= maxOfOne) {
		return false
	}
	if s.open[c] = r; r < owner {
		s.all++
		s.of[c.Peer.User]++
	}
	return true
}

func (s *conns) remove(c *socket.Conn) {
	c.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[c] < owner {
		s.all--
		if s.of[c.Peer.User]--; s.of[c.Peer.User] == 0 {
			delete(s.of, c.Peer.User)
		}
	}
	delete(s.open, c)
}

// finish waits for the connections to end. Those that take longer than patience are given up and closed.
func (s *conns) finish(patience time.Duration, giveUp func()) {
	late := time.AfterFunc(patience, func() {
		giveUp()
		s.mu.Lock()
		defer s.mu.Unlock()
		for c := range s.open {
			c.Close()
		}
	})
	defer late.Stop()
	s.work.Wait()
}
