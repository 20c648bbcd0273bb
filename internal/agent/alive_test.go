package agent

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"credd/internal/agent/api"
	"credd/internal/agent/cache"
	"credd/internal/agent/cred"
)

// A lock that is never given back is a daemon that answers nobody: then alive does not come back either, and the manager ends it.
func TestAliveFailsWhileALockIsHeld(t *testing.T) {
	a := &Agent{cache: cache.New(time.Now, longest), memory: newMemory(t.TempDir(), time.Now), desk: newDesk(time.Now)}
	a.people = newPeople(Options{Now: time.Now}, a.warn)
	t.Cleanup(a.cache.Close)
	a.cache.Get(t.Context(), cache.Key{Role: "acme/admin"}, func(context.Context) (*cred.Session, error) { return nil, errors.New("denied") })
	of := func(mu *sync.Mutex) func(func()) {
		return func(held func()) {
			mu.Lock()
			defer mu.Unlock()
			held()
		}
	}
	for name, hold := range map[string]func(held func()){
		"cache":             func(held func()) { a.cache.Drop(func(cache.Key, *cred.Session) bool { held(); return false }) },
		"health of roles":   of(&a.health.mu),
		"health of sources": of(&a.sources.mu),
		"warnings":          of(&a.notes),
		"news of roles":     of(&a.memory.queue),
		"names of users":    of(&a.people.mu),
		"refusals":          of(&a.refused.mu),
		"fetches":           of(&a.fetches.mu),
		"readers":           of(&a.reading.mu),
		"prompts":           of(&a.desk.mu),
	} {
		t.Run(name, func(t *testing.T) {
			answered := make(chan failure, 1)
			was := false
			hold(func() {
				was = true
				go func() {
					_, f := a.alive(t.Context(), nil, api.Request{})
					answered <- f
				}()
				select {
				case <-answered:
					t.Error("it is answered")
				case <-time.After(50 * time.Millisecond): // which it would be in microseconds
				}
			})
			if !was {
				t.Fatal("the lock was not held")
			}
			if f := <-answered; f != (failure{}) {
				t.Errorf("after it: got %+v", f)
			}
		})
	}
}
