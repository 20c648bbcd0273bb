package agent

import (
	"context"
	"sync"
	"time"
)

// terminals lets one question at a time be asked at each terminal: of two, an answer could go to the wrong one.
type terminals struct {
	mu    sync.Mutex
	taken map[uint64]chan struct{} // closed when the terminal is free again
}

// take waits until a terminal is free; 0 is one that is not known, and always is. ok is false if over is closed or the time
// has passed before that.
func (t *terminals) take(ctx context.Context, terminal uint64, over <-chan struct{}, until time.Time) (free func(), ok bool) {
	if terminal == 0 {
		return func() {}, true
	}
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	for {
		mine := make(chan struct{})
		t.mu.Lock()
		taken := t.taken[terminal]
		if taken == nil {
			if t.taken == nil {
				t.taken = map[uint64]chan struct{}{}
			}
			t.taken[terminal] = mine
		}
		t.mu.Unlock()
		if taken == nil {
			return func() { t.free(terminal, mine) }, true
		}
		select {
		case <-taken:
		case <-over:
			return nil, false
		case <-ctx.Done():
			return nil, false
		case <-timer.C:
			return nil, false
		}
	}
}

func (t *terminals) free(terminal uint64, mine chan struct{}) {
	t.mu.Lock()
	delete(t.taken, terminal)
	t.mu.Unlock()
	close(mine)
}
