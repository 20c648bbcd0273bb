// Package loopback serves one browser of this machine: AWS's redirect at the end of a login, and the hand-over of an address.
package loopback

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	Timeout    = 5 * time.Second        // for a browser to send its request
	maxHeaders = 32 << 10               // bytes; a browser sends some hundred
	linger     = 500 * time.Millisecond // for a browser to read the last answer
)

// Serve serves ln, and calls closed, unless it is nil, for each connection that has ended. stop ends that and returns when nothing of
// it is left. An answer may take as long as the handler lets it.
func Serve(ln net.Listener, h http.Handler, closed func()) (stop func()) {
	var running, accepting sync.WaitGroup
	srv := &http.Server{
		Handler:        h,
		ReadTimeout:    Timeout,
		IdleTimeout:    Timeout,
		MaxHeaderBytes: maxHeaders,
		ErrorLog:       log.New(io.Discard, "", 0), // it may quote a request
		ConnState: func(_ net.Conn, s http.ConnState) {
			switch s {
			case http.StateNew:
				running.Add(1)
			case http.StateClosed:
				if closed != nil {
					closed()
				}
				running.Done()
			}
		},
	}
	accepting.Go(func() { srv.Serve(ln) }) // ends with ErrServerClosed
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), linger)
		defer cancel()
		srv.Shutdown(ctx)
		accepting.Wait()
		srv.Close() // what did not end by itself, such as a connection on which a browser sent nothing
		running.Wait()
	}
}
