package source

import (
	"context"
	"errors"
	"sync"
)

// shared is a call that is made once for all who want its outcome, by the first of them.
type shared[T any] struct {
	mu  sync.Mutex
	now *flight[T] // nil if none is under way
}

type flight[T any] struct {
	done    chan struct{}
	outcome T
	err     error
	stale   bool // set before done is closed: what it brought is not wanted any more
}

// do returns the outcome of the call under way, or makes it. A caller that left is no reason for the others to fail, and an
// outcome of before abandon is given to nobody: it is then made again.
func (s *shared[T]) do(ctx context.Context, call func(context.Context) (T, error)) (T, error) {
	for {
		s.mu.Lock()
		f, mine := s.now, false
		if f == nil {
			f, mine = &flight[T]{done: make(chan struct{})}, true
			s.now = f
		}
		s.mu.Unlock()
		if mine {
			f.outcome, f.err = call(ctx)
			s.land(f)
		} else {
			select {
			case <-f.done:
			case <-ctx.Done():
				var none T
				return none, ctx.Err()
			}
		}
		left := !mine && (errors.Is(f.err, context.Canceled) || errors.Is(f.err, context.DeadlineExceeded))
		if (f.stale || left) && ctx.Err() == nil {
			continue
		}
		return f.outcome, f.err
	}
}

func (s *shared[T]) land(f *flight[T]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now == f {
		s.now = nil
	} else {
		f.stale = true
	}
	close(f.done)
}

// abandon makes the outcome of a call under way wanted by nobody.
func (s *shared[T]) abandon() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = nil
}
