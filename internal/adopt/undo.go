package adopt

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"credd/internal/agent/roster"
	"credd/internal/awsconfig"
)

// Undone says what an undo could not do.
type Undone struct {
	Files []string // that it wrote or removed
	Lost  []Lost
	Stays []string // roles and sources that others need by now, or whose files it could not edit; a sentence each
	Keys  []string // sources whose key stays in the vault
}

// Lost is a place that was not found again.
type Lost struct {
	File    string
	Line    int // where it may have been; 0: not known
	Profile string
	Text    string // what stood there; "" if it may hold a key
}

// RotatedError says that a key was changed since the import took it out of a file.
type RotatedError struct{ Source string }

func (e *RotatedError) Error() string {
	return "the access key of source " + e.Source + " was changed since the import, so that the one of the files no longer works"
}

// Undo takes an import back: first the files, then roles and sources, keys last. It can be repeated. The run stays in the
// journal only if lines with keys could not be put back, so that they are not lost.
func Undo(ctx context.Context, w World, id string) (*Undone, error) {
	run, unlock, err := w.Journal.take(id)
	if err != nil {
		return &Undone{}, err
	}
	defer unlock()
	return w.undo(ctx, run)
}

func (w World) undo(ctx context.Context, run *Run) (*Undone, error) {
	u := &Undone{}
	if err := w.sameKeys(ctx, run); err != nil {
		return u, err
	}
	kept, err := w.keptOf(ctx, run)
	if err != nil {
		return u, err
	}
	for _, e := range slices.Backward(run.AWS) { // credentials first: a profile that has its key again works
		if err := w.turnBack(e, kept, u); err != nil {
			return u, fmt.Errorf("%s: %w", e.Path, err)
		}
	}
	if err := w.removeFromRoster(run, u); err != nil {
		return u, err
	}
	w.Added(ctx)
	isSecret := func(l Lost) bool { return l.Text == "" }
	if slices.ContainsFunc(u.Lost, isSecret) {
		for _, k := range run.Keys {
			u.Keys = append(u.Keys, k.Source)
		}
		return u, nil
	}
	return u, w.forget(ctx, run, u)
}

// Finish gives up the possibility to undo a run.
func Finish(ctx context.Context, w World, id string) error {
	run, unlock, err := w.Journal.take(id)
	if err != nil {
		return err
	}
	defer unlock()
	return w.finish(ctx, run)
}

func (w World) finish(ctx context.Context, run *Run) error {
	for i := range run.Kept {
		if err := w.Shelf.Keep(ctx, run.item(i), ""); err != nil {
			return err
		}
	}
	return w.Journal.Forget(run)
}

// forget drops the keys of the run, and the run.
func (w World) forget(ctx context.Context, run *Run, u *Undone) error {
	now := roster.Load(w.Config, nil)
	for _, k := range run.Keys {
		if src, stays := now.Source(k.Source); stays && src.Type == "keys" {
			u.Keys = append(u.Keys, k.Source)
			continue
		}
		id, err := w.Keys.KeyID(ctx, k.Source)
		if err == nil && id == k.ID {
			err = w.Keys.Drop(ctx, k.Source)
		}
		if err != nil {
			return err
		}
	}
	return w.finish(ctx, run)
}

// sameKeys refuses what would bring back a key that AWS no longer knows.
func (w World) sameKeys(ctx context.Context, run *Run) error {
	if !run.Done {
		return nil
	}
	for _, k := range run.Keys {
		id, err := w.Keys.KeyID(ctx, k.Source)
		if err != nil {
			return err
		}
		if id != "" && id != k.ID {
			return &RotatedError{k.Source}
		}
	}
	return nil
}

// keptOf returns the texts that the vault has. They are asked for only if a file needs them.
func (w World) keptOf(ctx context.Context, run *Run) ([][]byte, error) {
	needed := false
	for _, e := range run.AWS {
		data, err := readFile(e.Path)
		if err != nil {
			return nil, err
		}
		if !e.Begun {
			continue
		}
		holds := slices.ContainsFunc(e.Places, func(p Place) bool { return p.Kept > 0 })
		needed = needed || holds && hash(data) != e.Before
	}
	if !needed {
		return nil, nil
	}
	text := ""
	for i := range run.Kept {
		part, err := w.Shelf.Kept(ctx, run.item(i))
		if err != nil {
			return nil, err
		}
		text += part
	}
	var kept [][]byte
	if err := json.Unmarshal([]byte(text), &kept); err != nil {
		return nil, errors.New("what the vault kept of the import cannot be read") // json's error may quote it
	}
	return kept, nil
}

func readFile(path string) ([]byte, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return append([]byte{}, data...), err
}

// turnBack gives a file of ~/.aws its lines again.
func (w World) turnBack(e Edited, kept [][]byte, u *Undone) error {
	e.fill(kept)
	data, err := readFile(e.Path)
	if err != nil || !e.Begun || hash(data) == e.Before {
		return err
	}
	if e.Before == "" && hash(data) == e.After {
		path, err := filepath.EvalSymlinks(e.Path) // a link that led to nothing does so again
		if err != nil {
			return err
		}
		u.Files = append(u.Files, e.Path)
		return os.Remove(path)
	}
	var lost []Lost
	err = w.Update(e.Path, func(now []byte) (out []byte, err error) { // more than once, if others write too
		if lost = nil; hash(now) == e.Before {
			return now, nil
		}
		out, lost = e.undone(append([]byte{}, now...))
		return out, nil
	})
	for i := range lost {
		lost[i].File = e.Path
	}
	u.Lost = append(u.Lost, lost...)
	if err == nil {
		u.Files = append(u.Files, e.Path)
	}
	return err
}

// fill gives the places their texts, of which the vault has kept some.
func (e *Edited) fill(kept [][]byte) {
	for i := range e.Places {
		p := &e.Places[i]
		if p.old = string(p.Old); p.Kept > 0 && p.Kept <= len(kept) {
			p.old = string(kept[p.Kept-1])
		}
	}
}

// undone is the file with the places turned back: exactly as it was if nobody else changed it.
func (e *Edited) undone(now []byte) ([]byte, []Lost) {
	if hash(now) != e.After {
		return merge(now, e.Kind, e.Places)
	}
	var edits []awsconfig.Edit
	shift := 0
	for _, p := range e.Places {
		at := p.Start + shift
		edits = append(edits, awsconfig.Edit{Start: at, End: at + len(p.New), Text: p.old})
		shift += len(p.New) - p.Length
	}
	return awsconfig.Apply(now, edits...), nil
}

// isNeeded says whether something that the import did not add has come to need what it did.
func (r *Run) isNeeded(now *roster.Roster) bool {
	for _, role := range now.Roles() {
		if !slices.Contains(r.Roles, role.Name) && (slices.Contains(r.Roles, role.Source) || slices.Contains(r.Sources, role.Source)) {
			return true
		}
	}
	by := now.Settings.Defaults.Source
	return slices.Contains(r.Sources, by) || slices.Contains(r.Roles, by)
}

// removeFromRoster gives credd's files their bytes again, or where they changed takes out what the import added.
func (w World) removeFromRoster(run *Run, u *Undone) error {
	for _, f := range slices.Backward(run.Config) { // customers before credd.toml
		if run.isNeeded(roster.Load(w.Config, nil)) {
			break // what can go is told one by one
		}
		was := f.Before
		if f.Absent {
			was = nil
		} else if was == nil {
			was = []byte{}
		}
		still := func(now []byte) bool { return slices.Contains(f.Hashes, hash(now)) }
		if _, err := roster.Restore(w.Config, f.Path, was, still); err != nil {
			return err
		}
	}
	now := roster.Load(w.Config, nil)
	for _, was := range run.Replaced {
		if src, there := now.Source(was.Name); !there || src.Type != "keys" {
			continue
		}
		if _, err := (roster.Editor{Dir: w.Config}).ReplaceSource(was); err != nil {
			u.Stays = append(u.Stays, "source "+was.Name+": "+err.Error())
		}
	}
	for _, name := range slices.Backward(run.Roles) {
		if _, err := now.Role(name); errors.Is(err, roster.ErrUnknownRole) {
			continue
		}
		if _, err := roster.RemoveRole(w.Config, name); err != nil {
			u.Stays = append(u.Stays, "role "+name+": "+err.Error())
		}
	}
	for _, name := range run.Sources {
		if _, err := now.FindSource(name); errors.Is(err, roster.ErrUnknownSource) {
			continue
		}
		if _, err := roster.RemoveSource(w.Config, name); err != nil {
			u.Stays = append(u.Stays, "source "+name+": "+err.Error())
		}
	}
	return nil
}
