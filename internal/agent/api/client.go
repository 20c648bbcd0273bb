package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"time"

	"credd/internal/ipc"
)

// CallTimeout bounds one management call: the daemon's longest answer is a flight to STS, 20 s.
const CallTimeout = 30 * time.Second

// Call sends one request over conn, which it closes, and decodes the reply into out. An error of the daemon is an
// *ipc.Error.
func Call(ctx context.Context, conn net.Conn, req Request, out any) error {
	defer conn.Close()
	ctx, cancel := context.WithTimeout(ctx, CallTimeout)
	defer cancel()
	defer context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })()

	body, err := json.Marshal(req)
	if err != nil {
		return fmt.Errorf("encode request: %w", err)
	}
	// A refused caller is answered before it has written, so a failed write does not yet tell the reason.
	_, werr := conn.Write(ipc.Append(nil, ipc.KindManage, ipc.AppendManage(nil, body)))
	kind, payload, err := ipc.Read(conn, ipc.MaxManaged)
	if err != nil {
		return lost(ctx, err, werr)
	}
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
	return fmt.Errorf("connection to the daemon: %w", read)
}
