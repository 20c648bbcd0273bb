package watch

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"
)

const (
	maxWait   = 250 * time.Millisecond // a storm of changes is told of at least this often
	maxPaths  = 1000                   // more are told of as "any"
	maxRounds = 10                     // directories that change faster than they are looked at send events all the same
)

// batch is what changed since the last delivery.
type batch struct {
	began time.Time // zero while it is empty
	paths map[string]bool
	any   bool // beyond paths, or unknown
	moved bool // the plan may be another now
}

// run gathers events until the backend is closed. Only what matters starts the timer, so a receiver is not woken for
// other files in a directory that is watched for one name.
func (w *Watcher) run(b *fsnotify.Watcher) {
	defer close(w.ended)
	timer := time.NewTimer(maxWait)
	timer.Stop()
	defer timer.Stop()
	now := batch{paths: map[string]bool{}}
	for {
		select {
		case ev, ok := <-b.Events:
			if !ok {
				return
			}
			if !w.note(&now, ev) {
				continue
			}
		case _, ok := <-b.Errors:
			if !ok {
				return
			}
			now.any, now.moved = true, true // events were lost: too many at once, most likely
		case <-timer.C:
			w.flush(now)
			now = batch{paths: map[string]bool{}}
			continue
		}
		if now.began.IsZero() {
			now.began = time.Now()
		}
		timer.Reset(min(w.settle, max(0, maxWait-time.Since(now.began))))
	}
}

// note adds an event to the batch and reports whether it matters. A changed mode does: the file may be readable now.
func (w *Watcher) note(to *batch, ev fsnotify.Event) bool {
	path := filepath.Clean(ev.Name) // it is "//x" in the root
	w.mu.Lock()
	_, watched := w.plan[path]
	in := w.plan[filepath.Dir(path)]
	w.mu.Unlock()

	named := in.names[filepath.Base(path)]
	if !watched && !named && !in.all {
		return false
	}
	if ev.Op != fsnotify.Write && (watched || named) || ev.Has(fsnotify.Create) && isLink(path) {
		to.moved = true
	}
	if len(to.paths) < maxPaths {
		to.paths[path] = true
	} else {
		to.any = true
	}
	return true
}

func isLink(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.Mode()&fs.ModeSymlink != 0
}

// flush delivers a batch. Watches come first: what changes after them is told, what changed before them the receiver
// sees when it reads.
func (w *Watcher) flush(b batch) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return
	}
	if b.moved {
		w.rewatch()
	}
	if b.moved || b.any {
		w.deliver(nil)
		return
	}
	w.deliver(slices.Sorted(maps.Keys(b.paths)))
}
