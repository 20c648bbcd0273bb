package cli

import (
	"context"
	"log/slog"

	"credd/internal/agent/api"
	"credd/internal/host"
	"credd/internal/ipc/socket"
)

// inherited is the socket that the service manager holds, and else the one that open opens. lock is that of the daemon's life.
func inherited(lock string, open func() (*socket.Listener, error)) (*socket.Listener, error) {
	if l, err := socket.Inherited(lock); l != nil || err != nil {
		return l, err
	}
	return open()
}

// ready tells the service manager that the daemon serves. It is called before anybody is answered: what the environment says of the
// manager is gone after it, and so not for the programs of sources.
func ready(log *slog.Logger, l *socket.Listener) { notTold(log, host.Ready("Serving "+l.Path())) }

// report tells it that the daemon lives as long as it does, and that it ends.
func report(ctx context.Context, log *slog.Logger, l *socket.Listener) {
	host.Watch(ctx, func(ctx context.Context) error { return alive(ctx, l) }, func(err error) {
		log.Error("no answer to a request of our own", "error", err)
	})
	<-ctx.Done()
	notTold(log, host.Stopping())
}

func notTold(log *slog.Logger, err error) {
	if err != nil {
		log.Warn("the service manager was not told", "error", err)
	}
}

// alive asks the daemon the way that every caller does: what is stuck anywhere on it leaves this without an answer, too. While nobody
// calls and nobody waits there is nothing that could be: an idle daemon sleeps.
func alive(ctx context.Context, l *socket.Listener) error {
	if l.Quiet() {
		return nil
	}
	c, err := socket.Dial(ctx, l.Path())
	if err != nil {
		return err
	}
	err = api.Call(ctx, c, api.Request{Do: api.DoAlive}, &api.Done{})
	l.Quiet() // so that our own call is none
	return err
}
