package cli

import (
	"math"
	"runtime/debug"
	"sync"
	"testing"
)

// collects reports how the collector is set now.
func collects() (percent int, limit int64) {
	percent = debug.SetGCPercent(100)
	debug.SetGCPercent(percent)
	return percent, debug.SetMemoryLimit(-1)
}

func TestTheCollectorRestsWhileNothingIsDone(t *testing.T) {
	before, _ := collects()
	defer debug.SetGCPercent(before)
	c := newCollector()
	on := func(when string, want bool) {
		t.Helper()
		percent, limit := collects()
		if on := percent == gcPercent && limit == math.MaxInt64; on != want || !on && (percent != -1 || limit > 1<<30) {
			t.Errorf("%s: got %d %% and a limit of %d, want it on: %v", when, percent, limit, want)
		}
	}
	c.Busy()
	c.look()
	on("there was work", true)
	c.look()
	on("there was none", false)
	c.Busy()
	on("work again", true)
	c.look()
	c.look()
	on("none again", false)
	c.Close()
	on("closed", true)
}

// However looks and work meet, work finds the collector on.
func TestTheCollectorIsOnForAllWork(t *testing.T) {
	before, _ := collects()
	defer debug.SetGCPercent(before)
	c := newCollector()
	defer c.Close()
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() {
			for range 20 {
				c.look()
			}
		})
	}
	for range 2000 {
		c.Busy()
	}
	all.Wait()
	c.Busy()
	if c.off.Load() {
		t.Error("it rests after work began")
	}
}
