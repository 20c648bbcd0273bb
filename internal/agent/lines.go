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

	mostReaders = 8 // users of the machine for whom it is read at once
)

// lines sends the lines of the audit log that a caller may see and wants: a user of the machine its own, by number and name.
func (a *Agent) lines(ctx context.Context, c *caller, r api.Request) (any, failure) {
	if !c.manages() {
		if !a.reading.begin(c.Peer.User) {
			return nil, fail(ipc.Unreachable, "the audit log is being read already, for you or for many others", "wait until that has ended")
		}
		defer a.reading.end(c.Peer.User)
	}
	var visible, f audit.Filter
	var name string
	if !c.manages() {
		visible.User, name = &c.Peer.User, a.holder(ctx, c).name
	}
	if w := r.Audit; w != nil {
		f = audit.Filter{Role: w.Role, Outcome: w.Outcome, AccessKey: w.AccessKey, Since: w.Since, Until: w.Until}
	}
	until := time.Now().Add(linesTime)
	var out api.AuditEnd
	var frames []byte
	var sent error
	send := func() error {
		c.SetWriteDeadline(time.Now().Add(ioTimeout))
		_, sent = c.Write(frames)
		frames = frames[:0]
		return sent
	}
	skipped, err := a.Audit.Read(visible, func(e audit.Entry) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case time.Now().After(until):
			return context.DeadlineExceeded
		}
		if name != "" && e.User != name { // who had the number before
			return nil
		}
		if out.Oldest.IsZero() || e.Time.Before(out.Oldest) {
			out.Oldest = e.Time
		}
		if !f.Match(e) {
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
		if frames = ipc.Append(frames, ipc.KindEvent, event); len(frames) < linesSize {
			return nil
		}
		return send()
	})
	if err == nil && len(frames) > 0 {
		err = send()
	}
	switch {
	case sent != nil:
		return nil, fail(ipc.Unreachable, "the command does not read the lines", "")
	case errors.Is(err, context.DeadlineExceeded):
		return nil, fail(ipc.Unreachable, "the audit log is too long to be sent in time", "ask for less: credd audit --since 24h")
	case err != nil && ctx.Err() == nil:
		a.Log.Error("read the audit log", "error", err)
		return nil, fail(ipc.Internal, "the audit log cannot be read", "see credd's log")
	}
	if c.manages() {
		out.Skipped = skipped
	}
	return out, failure{}
}

// readers are the users of the machine who read the audit log: each does so once at a time.
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
