// Package watch tells when files in a set of directories change. The directories may not exist yet, may be deleted and
// made again, and may be reached through symbolic links, as may the files in them.
//
// Two things it does not see: a directory that moves because one further up is renamed, and what other machines write on
// a network file system. After those the user reloads.
package watch

import (
	"errors"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"
)

// Watcher watches until it is closed. While nothing changes it does not run.
type Watcher struct {
	settle  time.Duration
	changes chan []string // holds one delivery; sent to with mu held, so there is room after taking back what is there

	mu       sync.Mutex
	closed   bool
	backend  *fsnotify.Watcher // nil where the system gives none
	ended    chan struct{}     // closed when the backend's goroutine has ended
	dirs     []string
	plan     plan
	degraded error
}

// New returns a watcher of nothing. Changes that follow each other within settle are told together: an editor's save is
// several.
func New(settle time.Duration) *Watcher {
	w := &Watcher{settle: settle, changes: make(chan []string, 1)}
	w.degraded = w.start()
	return w
}

// Set says which directories matter from now on, by absolute paths. Of each it is all that is directly in it. New ones
// are told of at once as a change, for files may have changed since the caller read them. What could not be watched
// before is tried again.
func (w *Watcher) Set(dirs []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	dirs = normal(dirs)
	same := slices.Equal(dirs, w.dirs)
	if w.closed || same && w.degraded == nil {
		return
	}
	w.dirs = dirs
	w.rewatch()
	if !same || w.degraded == nil {
		w.deliver(nil)
	}
}

func normal(dirs []string) []string {
	out := make([]string, 0, len(dirs))
	for _, d := range dirs {
		out = append(out, filepath.Clean(d))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Changes gives the paths that changed, links resolved and sorted, or nil if that may be any. What the receiver has not
// taken yet is joined with what comes later. It is never closed.
func (w *Watcher) Changes() <-chan []string { return w.changes }

// Degraded returns why something is not watched, with the remedy, or nil. The caller has to read such files on use.
func (w *Watcher) Degraded() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.degraded
}

// Close ends the watching and waits for it.
func (w *Watcher) Close() error {
	w.mu.Lock()
	was := w.closed
	w.closed = true
	w.mu.Unlock()
	if was || w.backend == nil {
		return nil
	}
	err := w.backend.Close()
	<-w.ended
	return err
}

// start asks the system for its means of watching.
func (w *Watcher) start() error {
	b, err := fsnotify.NewWatcher()
	if err != nil {
		return explain("", err)
	}
	w.backend, w.ended = b, make(chan struct{})
	go w.run(b)
	return nil
}

// place watches what found names. For a directory that may not be read it watches the one above, where a changed mode
// shows.
func (w *Watcher) place(found plan) error {
	var failed error
	for _, dir := range slices.Sorted(maps.Keys(found)) {
		err := w.backend.Add(dir)
		if errors.Is(err, fs.ErrPermission) {
			w.backend.Add(filepath.Dir(dir))
		}
		if err != nil && failed == nil {
			failed = explain(dir, err)
		}
	}
	return failed
}

// deliver hands over paths that changed, nil for any. The caller holds mu.
func (w *Watcher) deliver(paths []string) {
	select {
	case before := <-w.changes:
		if before == nil || paths == nil {
			paths = nil
			break
		}
		paths = slices.Compact(slices.Sorted(slices.Values(slices.Concat(before, paths))))
	default:
	}
	w.changes <- paths
}

// rewatch finds out anew what to watch, and watches that. All watches are made again: a directory that moved away has
// one that nothing else would end. The caller holds mu and then tells of a change, for events are lost.
func (w *Watcher) rewatch() {
	if w.backend == nil {
		if w.degraded = w.start(); w.degraded != nil {
			return
		}
	}
	for range maxRounds {
		for _, dir := range w.backend.WatchList() {
			w.backend.Remove(dir) // fails for what is gone, and then there is nothing to remove
		}
		found := trace(w.dirs)
		w.degraded = w.place(found)
		// What came while the watches were made, no event tells: so look again.
		w.plan = trace(w.dirs)
		if w.plan.equal(found) {
			return
		}
	}
}
