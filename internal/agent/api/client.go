package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"

	"credd/internal/ipc"
)

const (
	// CallTimeout bounds one management call: the daemon's longest answer is a flight to STS, 20 s.
	CallTimeout = 30 * time.Second

	// TalkTimeout bounds a call in which a person has something to do. The longest is a login by a device code, which AWS lets
	// live 10 minutes (StartDeviceAuthorization), with the calls before and after it.
	TalkTimeout = 12 * time.Minute
)

// Talk is what may happen before the reply. Its zero value answers no question and hears no event.
type Talk struct {
	Answer func(q ipc.Question, deadline time.Time) ipc.Answer
	Hear   func(Event)
}

// Call sends one request over conn, which it closes, and decodes the reply into out. An error of the daemon is an
// *ipc.Error.
func Call(ctx context.Context, conn net.Conn, req Request, out any) error {
	ctx, cancel := context.WithTimeout(ctx, CallTimeout)
	defer cancel()
	return Talk{}.Call(ctx, conn, req, out)
}

// Call is Call with a person at hand. Its time is that of ctx, up to TalkTimeout.
func (t Talk) Call(ctx context.Context, conn net.Conn, req Request, out any) error {
	defer conn.Close()
	ctx, cancel := context.WithTimeout(ctx, TalkTimeout)
	defer cancel()
	defer context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })()

	body, err := json.Marshal(req)
	if err != nil {
		return fmt.Errorf("encode request: %w", err)
	}
	// A refused caller is answered before it has written, so a failed write does not yet tell the reason.
	_, werr := conn.Write(ipc.Append(nil, ipc.KindManage, ipc.AppendManage(nil, body)))
	for {
		kind, payload, err := ipc.Read(conn, ipc.MaxManaged)
		if err != nil {
			return lost(ctx, err, werr)
		}
		switch kind {
		case ipc.KindQuestion:
			werr = t.answer(ctx, conn, payload) // the reply may be there already: somebody else answered
		case ipc.KindEvent:
			var e Event
			if json.Unmarshal(payload, &e) == nil && t.Hear != nil {
				t.Hear(e)
			}
		default:
			return reply(kind, payload, out)
		}
	}
}

func (t Talk) answer(ctx context.Context, conn net.Conn, payload []byte) error {
	q, err := ipc.ParseQuestion(payload)
	if err != nil {
		return err
	}
	a := ipc.Answer{Status: ipc.NoTerminal}
	if t.Answer != nil {
		deadline, _ := ctx.Deadline()
		a = t.Answer(q, deadline)
	}
	_, err = conn.Write(ipc.Append(nil, ipc.KindAnswer, ipc.AppendAnswer(nil, a)))
	return err
}

// reply decodes the frame that ends a call.
func reply(kind ipc.Kind, payload []byte, out any) error {
	switch kind {
	case ipc.KindManaged:
		if err := json.Unmarshal(payload, out); err != nil {
			return fmt.Errorf("decode reply: %w", err)
		}
		return nil
	case ipc.KindError:
		e, err := ipc.ParseError(payload)
		if err != nil {
			return fmt.Errorf("decode reply: %w", err)
		}
		return e
	}
	return fmt.Errorf("reply of kind %d: %w", kind, ipc.ErrUnsupported)
}

// ErrLost is wrapped by the error for a connection that ended before the reply.
var ErrLost = errors.New("the daemon went away before it answered")

// lost says why no reply came: the caller gave up, or the connection broke.
func lost(ctx context.Context, read, write error) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("no reply from the daemon: %w", err)
	}
	if write != nil {
		read = write
	}
	if read == io.EOF {
		read = io.ErrUnexpectedEOF
	}
	if errors.Is(read, io.ErrUnexpectedEOF) || errors.Is(read, syscall.EPIPE) || errors.Is(read, syscall.ECONNRESET) {
		return ErrLost
	}
	return fmt.Errorf("connection to the daemon: %w", read)
}
