package cache

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"credd/internal/agent/cred"
)

var key = Key{Role: "acme/admin", Fingerprint: "1"}

// aws issues sessions of the given life, or fails.
type aws struct {
	life  time.Duration
	slow  time.Duration
	err   error
	calls atomic.Int32
}

func (a *aws) fetch(ctx context.Context) (*cred.Session, error) {
	n := a.calls.Add(1)
	select {
	case <-time.After(a.slow):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if a.err != nil {
		return nil, a.err
	}
	return &cred.Session{
		AccessKeyID: fmt.Sprintf("ASIA%d", n), SecretAccessKey: cred.NewSecret("s"), SessionToken: cred.NewSecret("t"),
		Issued: time.Now(), Expires: time.Now().Add(a.life),
	}, nil
}

var errDown = errors.New("down")

func lasting(error) time.Duration { return MaxPause }
func passing(error) time.Duration { return 4 * time.Second }
func never(error) time.Duration   { return 0 }

// with runs test with a cache in fake time.
func with(t *testing.T, longest func(error) time.Duration, test func(t *testing.T, c *Cache)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c := New(time.Now, longest)
		ctx, stop := context.WithCancel(context.Background())
		var run sync.WaitGroup
		run.Go(func() { c.Run(ctx) })
		test(t, c)
		stop()
		c.Close()
		run.Wait()
	})
}

func TestManyCallersShareOneFlight(t *testing.T) {
	for name, a := range map[string]*aws{
		"success": {life: time.Hour, slow: time.Second},
		"failure": {err: errDown, slow: time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			with(t, lasting, func(t *testing.T, c *Cache) {
				var callers sync.WaitGroup
				var answers sync.Map
				for range 200 {
					callers.Go(func() {
						ans, err := c.Get(t.Context(), key, a.fetch)
						answers.Store(fmt.Sprint(string(ans.Document), err), true)
					})
				}
				callers.Wait()
				different := 0
				answers.Range(func(any, any) bool { different++; return true })
				if a.calls.Load() != 1 || different != 1 {
					t.Errorf("got %d calls and %d different answers, want 1 and 1", a.calls.Load(), different)
				}
			})
		})
	}
}

func TestACallerWhoLeavesDoesNotEndTheFlight(t *testing.T) {
	with(t, lasting, func(t *testing.T, c *Cache) {
		a := &aws{life: time.Hour, slow: 3 * time.Second}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.Get(ctx, key, a.fetch); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the caller's deadline", err)
		}
		if _, err := c.Get(t.Context(), key, a.fetch); err != nil || a.calls.Load() != 1 {
			t.Errorf("got %v after %d calls, want the first flight's session", err, a.calls.Load())
		}
	})
}

func TestAFlightEndsByItself(t *testing.T) {
	with(t, lasting, func(t *testing.T, c *Cache) {
		a := &aws{slow: time.Hour}
		start := time.Now()
		_, err := c.Get(t.Context(), key, a.fetch)
		if took := time.Since(start); !errors.Is(err, context.DeadlineExceeded) || took != flightTimeout {
			t.Errorf("got %v after %v, want a deadline after %v", err, took, flightTimeout)
		}
	})
}

func TestFailuresAreRemembered(t *testing.T) {
	tests := map[string]struct {
		longest func(error) time.Duration
		want    []time.Duration // pauses between the calls of an impatient caller
	}{
		"lasting": {lasting, []time.Duration{2, 4, 8, 16, 30, 30}},
		"passing": {passing, []time.Duration{2, 4, 4, 4, 4, 4}},
		"never":   {never, []time.Duration{1, 1, 1, 1, 1, 1}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			with(t, tt.longest, func(t *testing.T, c *Cache) {
				a := &aws{err: errDown}
				var called []time.Time
				for len(called) < len(tt.want)+1 {
					before := a.calls.Load()
					if _, err := c.Get(t.Context(), key, a.fetch); err != errDown {
						t.Fatalf("got %v, want %v", err, errDown)
					}
					if a.calls.Load() > before {
						called = append(called, time.Now())
					}
					time.Sleep(time.Second)
				}
				for i, want := range tt.want {
					if got := called[i+1].Sub(called[i]); got != want*time.Second {
						t.Errorf("pause %d: got %v, want %v s", i, got, int(want))
					}
				}
			})
		})
	}
}

func TestALiveSessionOutlastsAnOutage(t *testing.T) {
	for name, a := range map[string]*aws{"down": {err: errDown}, "stalled": {slow: time.Hour}} {
		t.Run(name, func(t *testing.T) {
			with(t, passing, func(t *testing.T, c *Cache) {
				good := &aws{life: time.Hour}
				first, err := c.Get(t.Context(), key, good.fetch)
				if err != nil {
					t.Fatal(err)
				}
				end := first.Session.Expires
				for time.Now().Add(patience + time.Second).Before(end) {
					start := time.Now()
					ans, err := c.Get(t.Context(), key, a.fetch)
					if err != nil || ans.Session != first.Session {
						t.Fatalf("with %v left: got %v, want the live session", end.Sub(start), err)
					}
					if took := time.Since(start); took > patience {
						t.Fatalf("waited %v for a session that was alive", took)
					}
					time.Sleep(7 * time.Second)
				}
				time.Sleep(time.Until(end))
				if ans, err := c.Get(t.Context(), key, a.fetch); err == nil {
					t.Errorf("got a session until %v at %v, want an error", ans.Session.Expires, time.Now())
				}
			})
		})
	}
}

func TestNothingBelowTheFloorWhileAWSAnswers(t *testing.T) {
	with(t, lasting, func(t *testing.T, c *Cache) {
		a := &aws{life: time.Hour, slow: 100 * time.Millisecond}
		for range 3000 {
			ans, err := c.Get(t.Context(), key, a.fetch)
			if err != nil {
				t.Fatal(err)
			}
			if left := ans.Session.Left(time.Now()); left < Floor {
				t.Fatalf("got a session with %v left, want at least %v", left, Floor)
			}
			time.Sleep(17 * time.Second)
		}
	})
}

func TestRefreshAhead(t *testing.T) {
	tests := []struct {
		life   time.Duration
		window time.Duration
	}{
		{15 * time.Minute, 5 * time.Minute},
		{time.Hour, 15 * time.Minute},
		{90 * time.Minute, time.Hour},
		{12 * time.Hour, time.Hour},
	}
	for _, tt := range tests {
		t.Run(tt.life.String(), func(t *testing.T) {
			with(t, lasting, func(t *testing.T, c *Cache) {
				a := &aws{life: tt.life}
				if _, err := c.Get(t.Context(), key, a.fetch); err != nil {
					t.Fatal(err)
				}
				time.Sleep(tt.life - tt.window)
				synctest.Wait()
				if got := a.calls.Load(); got != 2 {
					t.Errorf("got %d calls when the SDKs' window opens, want 2", got)
				}
				ans, err := c.Get(t.Context(), key, a.fetch)
				if err != nil || ans.Fresh || ans.Session.AccessKeyID != "ASIA2" {
					t.Errorf("got %v, %v; want the session refreshed ahead, from memory", ans.Session, err)
				}
			})
		})
	}
}

func TestAnIdleRoleCostsNoCall(t *testing.T) {
	with(t, lasting, func(t *testing.T, c *Cache) {
		a := &aws{life: time.Hour}
		if _, err := c.Get(t.Context(), key, a.fetch); err != nil {
			t.Fatal(err)
		}
		time.Sleep(24 * time.Hour)
		if got := a.calls.Load(); got != 2 { // its own, and the one refresh that its asking paid for
			t.Errorf("got %d calls in a day, want 2", got)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		if n := len(c.entries); n != 0 {
			t.Errorf("%d entries are left in memory, want 0", n)
		}
	})
}

func TestDropWhileAFlightIsUnderWay(t *testing.T) {
	with(t, lasting, func(t *testing.T, c *Cache) {
		a := &aws{life: time.Hour, slow: time.Second}
		var waiting sync.WaitGroup
		waiting.Go(func() {
			if _, err := c.Get(t.Context(), key, a.fetch); err != nil {
				t.Errorf("the waiter got %v, want its session", err)
			}
		})
		synctest.Wait()
		c.Drop(func(Key, *cred.Session) bool { return true })
		waiting.Wait()
		if live := c.Live(); len(live) != 0 {
			t.Errorf("got %d sessions after a drop, want 0", len(live))
		}
	})
}

func TestRefreshIgnoresTheMemoryOfFailures(t *testing.T) {
	with(t, lasting, func(t *testing.T, c *Cache) {
		a := &aws{err: errDown, life: time.Hour}
		c.Get(t.Context(), key, a.fetch)
		a.err = nil
		if _, err := c.Refresh(t.Context(), key, a.fetch); err != nil {
			t.Errorf("got %v, want a session", err)
		}
		a.err = errDown
		c.Refresh(t.Context(), key, a.fetch)
		if _, err := c.Get(t.Context(), key, a.fetch); err != nil {
			t.Errorf("got %v after a failed refresh, want the good session", err)
		}
	})
}

func TestForgive(t *testing.T) {
	with(t, lasting, func(t *testing.T, c *Cache) {
		a := &aws{err: errDown, life: time.Hour}
		c.Get(t.Context(), key, a.fetch)
		a.err = nil
		c.Forgive(func(Key, error) bool { return true })
		if _, err := c.Get(t.Context(), key, a.fetch); err != nil {
			t.Errorf("got %v, want a session at once", err)
		}
	})
}

// A laptop that sleeps moves the wall clock past the end of a session while no timer fires.
func TestSleepingLaptop(t *testing.T) {
	now := time.Now()
	c := New(func() time.Time { return now }, lasting)
	defer c.Close()
	fetch := func(context.Context) (*cred.Session, error) {
		return &cred.Session{AccessKeyID: "ASIA", SecretAccessKey: cred.NewSecret("s"), SessionToken: cred.NewSecret("t"),
			Issued: now, Expires: now.Add(time.Hour)}, nil
	}
	if _, err := c.Get(t.Context(), key, fetch); err != nil {
		t.Fatal(err)
	}
	now = now.Add(9 * time.Hour)
	ans, err := c.Get(t.Context(), key, fetch)
	if err != nil || !ans.Fresh || ans.Session.Left(now) != time.Hour {
		t.Errorf("got %v, %v; want a new session", ans.Session, err)
	}
}
