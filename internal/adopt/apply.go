package adopt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"credd/internal/agent/roster"
)

// Keys puts access keys into the vault and takes them out.
type Keys interface {
	Store(ctx context.Context, s NewSource) error // proved first
	KeyID(ctx context.Context, source string) (id string, err error)
	Drop(ctx context.Context, source string) error
}

// Shelf keeps texts in the vault.
type Shelf interface {
	Keep(ctx context.Context, name, text string) error // without a text what is there goes
	Kept(ctx context.Context, name string) (text string, err error)
}

// World is what an import works on.
type World struct {
	Config  string // credd's configuration directory
	Journal Journal
	Keys    Keys
	Shelf   Shelf
	Update  func(path string, change func(old []byte) ([]byte, error)) error // a file of ~/.aws, in one step
	Added   func(context.Context)                                            // the roles are there, before profiles ask for them
	Now     func() time.Time
}

// ErrChanged is returned where a file is another than the one that was planned for.
var ErrChanged = errors.New("changed since it was read")

// ErrUnfinished is returned while an import in the journal is not done.
var ErrUnfinished = errors.New("an earlier import did not finish")

// ErrBusy is returned while another import is under way.
var ErrBusy = errors.New("another credd import is under way")

// Apply carries a plan out. What it did before an error is taken back; where that fails too, or it is killed, Undo does it later.
func Apply(ctx context.Context, w World, p *Plan) error {
	unlock, err := w.Journal.lock()
	if err != nil {
		return err
	}
	defer unlock()
	w.Journal.tidy()
	runs, err := w.Journal.Runs()
	if err != nil {
		return err
	}
	if slices.ContainsFunc(runs, func(r *Run) bool { return !r.Done }) {
		return ErrUnfinished
	}
	run, kept := newRun(p, w.Now())
	if err := w.Journal.save(run); err != nil {
		return fmt.Errorf("write the journal: %w", err)
	}
	if err := w.carryOut(ctx, p, run, kept); err != nil {
		if _, undo := w.undo(context.WithoutCancel(ctx), run); undo != nil {
			return errors.Join(err, fmt.Errorf("it could not be taken back: %w", undo))
		}
		return err
	}
	return nil
}

func (w World) carryOut(ctx context.Context, p *Plan, run *Run, kept [][]byte) error {
	for i, text := range parts(kept) {
		if err := w.Shelf.Keep(ctx, run.item(i), text); err != nil {
			return err
		}
	}
	for _, s := range p.Keys() {
		if err := w.Keys.Store(ctx, s); err != nil {
			return err
		}
	}
	if err := w.addToRoster(p, run); err != nil {
		return err
	}
	w.Added(ctx)
	for i, f := range p.Files {
		run.AWS[i].Begun = true
		if err := w.Journal.save(run); err != nil {
			return err
		}
		err := w.Update(f.Path, func(old []byte) ([]byte, error) {
			if !bytes.Equal(old, f.Before) || (old == nil) != (f.Before == nil) {
				run.AWS[i].Begun = false
				return nil, ErrChanged
			}
			return f.After, nil
		})
		if err != nil {
			return fmt.Errorf("%s: %w", f.Path, err)
		}
	}
	run.Done = true
	return w.Journal.save(run)
}

// addToRoster adds sources and roles. Each file is in the journal before it is written.
func (w World) addToRoster(p *Plan, run *Run) error {
	to := roster.Editor{Dir: w.Config, NoDefault: true, Before: func(path string, old, data []byte) error {
		i := slices.IndexFunc(run.Config, func(f Written) bool { return f.Path == path })
		if i < 0 {
			i = len(run.Config)
			run.Config = append(run.Config, Written{Path: path, Absent: old == nil, Before: old})
		}
		run.Config[i].Hashes = append(run.Config[i].Hashes, hash(data))
		return w.Journal.save(run)
	}}
	var sources []roster.Source
	for _, s := range p.Sources {
		if s.Was == nil {
			sources = append(sources, s.Source)
		} else if _, err := to.ReplaceSource(s.Source); err != nil {
			return err
		}
	}
	if len(sources) > 0 {
		if _, err := to.AddSources(sources...); err != nil {
			return err
		}
	}
	for _, r := range p.Roles {
		if _, err := to.AddRole(r); err != nil {
			return err
		}
	}
	return nil
}
