package source

import (
	"context"
	"time"
)

// turn is a lock that is waited for no longer than a context lives.
type turn chan struct{}

func newTurn() turn { return make(turn, 1) }

func (t turn) take(ctx context.Context) error {
	select {
	case t <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t turn) leave() { <-t }

// linger is how long work that must not break off goes on after its caller left: one attempt of an AWS call. A stopping
// daemon waits for it.
const linger = 5 * time.Second

// outlast returns a context that lives on for linger when ctx ends, and for most from now at the longest.
func outlast(ctx context.Context, most time.Duration) (context.Context, context.CancelFunc) {
	long, cancel := context.WithTimeout(context.WithoutCancel(ctx), most)
	stop := context.AfterFunc(ctx, func() {
		t := time.NewTimer(linger)
		defer t.Stop()
		select {
		case <-t.C:
			cancel()
		case <-long.Done():
		}
	})
	return long, func() {
		stop()
		cancel()
	}
}
