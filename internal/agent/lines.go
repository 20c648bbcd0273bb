package agent

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"credd/internal/agent/api"
	"credd/internal/agent/audit"
	"credd/internal/ipc"
	"credd/internal/ipc/peer"
)

const (
	linesTime = 2 * time.Minute // to send all lines of a log of 128 MiB to a command that reads them
	linesSize = 32 << 10        // bytes that are sent by one write

	mostReaders = 8 // guests for whom it is read at once
)

// lines sends the lines of the audit log that a caller may see and wants: a guest its own, by number and name.
func (a *Agent) lines(ctx context.Context, c *caller, r api.Request) (any, failure) {
	out := sentLines{to: c, until: time.Now().Add(linesTime)}
	var visible audit.Filter
	if !c.manages() {
		if !a.reading.begin(c.Peer.User) {
			return nil, fail(ipc.Unreachable, "the audit log is being read already, for you or for many others", "wait until that has ended")
		}
		defer a.reading.end(c.Peer.User)
		visible.User, out.name = &c.Peer.User, a.holder(ctx, c).name
	}
	if w := r.Audit; w != nil {
		out.wanted = audit.Filter{Role: w.Role, Outcome: w.Outcome, AccessKey: w.AccessKey, Since: w.Since, Until: w.Until}
	}
	skipped, err := a.Audit.Read(visible, func(e audit.Entry) error { return out.add(ctx, e) })
	if err == nil {
		err = out.send()
	}
	switch {
	case out.lost:
		return nil, fail(ipc.Unreachable, "the command does not read the lines", "")
	case errors.Is(err, context.DeadlineExceeded):
		return nil, fail(ipc.Unreachable, "the audit log is too long to be sent in time", "ask for less: credd audit --since 24h")
	case err != nil && ctx.Err() == nil:
		a.Log.Error("read the audit log", "error", err)
		return nil, fail(ipc.Internal, "the audit log cannot be read", "see credd's log")
	}
	end := api.AuditEnd{Oldest: out.oldest}
	if c.manages() {
		end.Skipped = skipped
	}
	return end, failure{}
}

// sentLines are the wanted lines on their way to a caller, many by one write.
type sentLines struct {
	to     *caller
	name   string // in each of them, unless it is ""
	wanted audit.Filter
	until  time.Time

	frames []byte    // that wait for the next write
	oldest time.Time // of all lines, wanted or not
	lost   bool      // the caller takes no more
}

func (l *sentLines) add(ctx context.Context, e audit.Entry) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case time.Now().After(l.until):
		return context.DeadlineExceeded
	}
	if l.name != "" && e.User != l.name { // who had the number before
		return nil
	}
	if l.oldest.IsZero() || e.Time.Before(l.oldest) {
		l.oldest = e.Time
	}
	if !l.wanted.Match(e) {
		return nil
	}
	line, err := e.MarshalJSON()
	if err != nil {
		return err
	}
	event, err := json.Marshal(api.Event{Line: line})
	if err != nil {
		return err
	}
	if l.frames = ipc.Append(l.frames, ipc.KindEvent, event); len(l.frames) < linesSize {
		return nil
	}
	return l.send()
}

// send writes what waits.
func (l *sentLines) send() error {
	if len(l.frames) == 0 {
		return nil
	}
	l.to.SetWriteDeadline(time.Now().Add(ioTimeout))
	_, err := l.to.Write(l.frames)
	l.frames, l.lost = l.frames[:0], err != nil
	return err
}

// readers are the guests who read the audit log: each does so once at a time.
type readers struct {
	mu sync.Mutex
	by map[peer.User]bool
}

func (r *readers) begin(u peer.User) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.by[u] || len(r.by) >= mostReaders {
		return false
	}
	if r.by == nil {
		r.by = map[peer.User]bool{}
	}
	r.by[u] = true
	return true
}

func (r *readers) end(u peer.User) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.by, u)
}
