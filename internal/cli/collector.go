package cli

import (
	"math"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

const (
	gcPercent  = 25          // less memory for work that is mostly waiting
	collectFor = time.Minute // without work before the collector rests
	restGrowth = 8 << 20     // bytes; if the daemon grows by so much all the same, it collects
)

// collector keeps Go from waking an idle daemon: every two minutes it would look for garbage where there is none, which costs up to 60
// wake-ups. Before it rests, what the work needed is given back to the system.
type collector struct {
	jobs atomic.Int64
	off  atomic.Bool

	mu    sync.Mutex
	seen  int64 // jobs at the last look
	timer *time.Timer
}

func newCollector() *collector {
	debug.SetGCPercent(gcPercent)
	c := &collector{}
	c.timer = time.AfterFunc(collectFor, c.look)
	return c
}

// Busy is called before any work.
func (c *collector) Busy() {
	c.jobs.Add(1)
	if c.off.Load() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.work()
	}
}

// work is at it again. c.mu is held.
func (c *collector) work() {
	if !c.off.Load() {
		return
	}
	c.off.Store(false)
	debug.SetMemoryLimit(math.MaxInt64)
	debug.SetGCPercent(gcPercent)
	c.timer.Reset(collectFor)
}

// look rests if there was no work since the last look.
func (c *collector) look() {
	c.mu.Lock()
	defer c.mu.Unlock()
	jobs := c.jobs.Load()
	if jobs != c.seen {
		c.seen = jobs
		c.timer.Reset(collectFor)
		return
	}
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	debug.SetMemoryLimit(int64(m.Sys-m.HeapReleased) + restGrowth)
	debug.SetGCPercent(-1)
	if c.off.Store(true); c.jobs.Load() != jobs {
		c.work() // it came meanwhile, and saw that the collector was on
	}
}

// Close leaves the collector on.
func (c *collector) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.work()
	c.timer.Stop()
}
