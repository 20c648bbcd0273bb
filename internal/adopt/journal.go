package adopt

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"credd/internal/agent/roster"
	"credd/internal/awsconfig"
	"credd/internal/disk"
)

// Run is one import in the journal.
type Run struct {
	ID      string     `json:"id"`
	Time    time.Time  `json:"time"`
	Done    bool       `json:"done"` // false: it broke off, or is under way
	AWS     []Edited   `json:"aws"`  // in the order of writing
	Kept    int        `json:"kept"` // items of the vault, with the texts that may hold keys
	Config  []Written  `json:"config"`
	Roles   []string   `json:"roles"`
	Sources []string   `json:"sources"`
	Keys    []KeyAdded `json:"keys"`

	Replaced []roster.Source `json:"replaced,omitempty"` // as they were
}

// Edited is a file of ~/.aws. Its hash is "" if there was no file.
type Edited struct {
	Path   string         `json:"path"`
	Kind   awsconfig.Kind `json:"kind"`
	Before string         `json:"before"`
	After  string         `json:"after"`
	Places []Place        `json:"places"`
	Begun  bool           `json:"begun"` // it may be written
}

// Written is a file of credd's own configuration: as it was, and what the import made of it, one hash a change.
type Written struct {
	Path   string   `json:"path"`
	Absent bool     `json:"absent,omitempty"`
	Before []byte   `json:"before,omitempty"`
	Hashes []string `json:"hashes"`
}

// KeyAdded is a key that was put into the vault. The ID of an access key is no secret.
type KeyAdded struct {
	Source string `json:"source"`
	ID     string `json:"id"`
}

// item is what the vault calls a part of the texts of the run.
func (r *Run) item(part int) string { return fmt.Sprintf("import.%s.%d", r.ID, part) }

// Journal is a file with the imports that can be taken back.
type Journal struct {
	Path  string
	Write func(path string, data []byte) error // atomically, for the owner alone
}

// JournalIn returns the journal of a state directory.
func JournalIn(dir string) Journal { return Journal{filepath.Join(dir, "import.json"), writeFile} }

type journalFile struct {
	Version int    `json:"version"`
	Runs    []*Run `json:"runs"`
}

// Runs returns the imports, the oldest first. An undo writes what the journal says, wherever it says: one that others can write is
// refused.
func (j Journal) Runs() ([]*Run, error) {
	data, err := readOwn(j.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var f journalFile
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, fmt.Errorf("%s is not a journal of imports: %w", j.Path, err)
	}
	if f.Version != 1 {
		return nil, fmt.Errorf("%s is of another version of credd", j.Path)
	}
	return f.Runs, nil
}

// lock keeps other imports of this user away, until unlock or the end of the process.
func (j Journal) lock() (unlock func(), err error) {
	if err := os.MkdirAll(filepath.Dir(j.Path), 0o700); err != nil {
		return nil, err
	}
	f, err := disk.TryLock(j.Path + ".lock")
	switch {
	case errors.Is(err, disk.ErrLocked):
		return nil, ErrBusy
	case err != nil:
		return nil, err
	}
	return func() { f.Close() }, nil
}

// take returns a run for the one who holds the lock.
func (j Journal) take(id string) (run *Run, unlock func(), err error) {
	if unlock, err = j.lock(); err != nil {
		return nil, nil, err
	}
	j.tidy()
	runs, err := j.Runs()
	if i := slices.IndexFunc(runs, func(r *Run) bool { return r.ID == id }); i >= 0 {
		return runs[i], unlock, nil
	}
	unlock()
	if err == nil {
		err = errors.New("somebody else has taken the import back meanwhile")
	}
	return nil, nil, err
}

// save puts a run into the journal, in the place of the one with its ID.
func (j Journal) save(run *Run) error {
	return j.change(run, func(runs []*Run, i int) []*Run {
		if i < 0 {
			return append(runs, run)
		}
		runs[i] = run
		return runs
	})
}

// Forget takes a run out of the journal.
func (j Journal) Forget(run *Run) error {
	return j.change(run, func(runs []*Run, i int) []*Run {
		if i < 0 {
			return runs
		}
		return append(runs[:i], runs[i+1:]...)
	})
}

func (j Journal) change(run *Run, to func(runs []*Run, i int) []*Run) error {
	runs, err := j.Runs()
	if err != nil {
		return err
	}
	at := -1
	for i, r := range runs {
		if r.ID == run.ID {
			at = i
		}
	}
	if runs = to(runs, at); len(runs) == 0 {
		if err := os.Remove(j.Path); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	data, err := json.MarshalIndent(journalFile{1, runs}, "", " ")
	if err != nil {
		return err
	}
	return j.Write(j.Path, append(data, '\n'))
}

// newRun is the journal's entry for a plan, and the texts that are for the vault alone.
func newRun(p *Plan, now time.Time) (run *Run, kept [][]byte) {
	run = &Run{ID: rand.Text()[:12], Time: now.UTC().Truncate(time.Second)}
	for _, f := range p.Files {
		e := Edited{Path: f.Path, Kind: f.Kind, Before: hash(f.Before), After: hash(f.After)}
		for _, place := range f.Places {
			if place.old != "" && (f.Kind == awsconfig.Credentials || place.secret) {
				kept = append(kept, []byte(place.old))
				place.Kept = len(kept)
			} else {
				place.Old = []byte(place.old)
			}
			e.Places = append(e.Places, place)
		}
		run.AWS = append(run.AWS, e)
	}
	run.Kept = len(parts(kept))
	for _, r := range p.Roles {
		run.Roles = append(run.Roles, r.Name)
	}
	for _, s := range p.Sources {
		if s.Was == nil {
			run.Sources = append(run.Sources, s.Name)
		} else {
			run.Replaced = append(run.Replaced, *s.Was)
		}
		if s.Key != nil {
			run.Keys = append(run.Keys, KeyAdded{s.Name, s.Key.ID})
		}
	}
	return run, kept
}

// tidy removes what an import that was killed has left of a journal. We have the lock: nobody else is writing one.
func (j Journal) tidy() {
	left, _ := filepath.Glob(disk.Unfinished(j.Path)) // a pattern in the path finds nothing
	for _, path := range left {
		os.Remove(path)
	}
}

func writeFile(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return disk.Replace(path, data, 0o600)
}

// parts are texts as the vault gets them. A request to the daemon is up to 64 KiB.
func parts(kept [][]byte) []string {
	const most = 48 << 10
	if len(kept) == 0 {
		return nil
	}
	data, err := json.Marshal(kept)
	if err != nil {
		panic(err) // bytes always marshal
	}
	var out []string
	for part := range slices.Chunk(data, most) {
		out = append(out, string(part))
	}
	return out
}

// hash tells bytes apart; "" is that of no file.
func hash(data []byte) string {
	if data == nil {
		return ""
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
