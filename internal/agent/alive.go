package agent

import (
	"context"
	"sync"

	"credd/internal/agent/api"
)

// alive takes each lock that a request takes and that nobody holds while waiting for a disk, AWS or a person, one after the other, and so is
// answered only while requests are: a slow disk or AWS is no reason to start again.
func (a *Agent) alive(context.Context, *caller, api.Request) (any, failure) {
	a.state.Load()
	a.cache.Live()
	a.health.failing()
	a.sources.failing()
	a.desk.mark()
	for _, mu := range []*sync.Mutex{&a.notes, &a.memory.queue, &a.people.mu, &a.refused.mu, &a.fetches.mu, &a.reading.mu} {
		mu.Lock()
		mu.Unlock() //lint:ignore SA2001 it is whether it can be had
	}
	return api.Done{}, failure{}
}
