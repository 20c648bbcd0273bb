package adopt

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"credd/internal/agent/roster"
	"credd/internal/awsconfig"
)

// desk is a home with a fake vault, whose steps can be made to end the process.
type desk struct {
	t     *testing.T
	home  string
	keys  map[string]string // IDs by source
	kept  map[string]string
	fails string // a source whose key is refused

	steps  int // that were made
	killAt int // a step, from 1; 0: none
}

type killed struct{}

// step is made before and after each thing that is done to the outside.
func (d *desk) step() {
	if d.steps++; d.steps == d.killAt {
		panic(killed{})
	}
}

func newDesk(t *testing.T, config, creds []byte) *desk {
	t.Helper()
	d := &desk{t: t, home: t.TempDir(), keys: map[string]string{}, kept: map[string]string{}}
	for name, data := range map[string][]byte{".aws/config": config, ".aws/credentials": creds} {
		if data != nil {
			d.write(name, data)
		}
	}
	return d
}

func (d *desk) write(name string, data []byte) {
	d.t.Helper()
	path := filepath.Join(d.home, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, data, 0o600)); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) world() World {
	return World{
		Config: filepath.Join(d.home, "credd"), Keys: d, Shelf: d, Added: func(context.Context) {}, Now: time.Now,
		Journal: Journal{filepath.Join(d.home, "state/import.json"), func(path string, data []byte) error {
			d.step()
			err := writeFile(path, data)
			d.step()
			return err
		}},
		Update: func(path string, change func([]byte) ([]byte, error)) error {
			d.step()
			err := awsconfig.Update(path, change)
			d.step()
			return err
		},
	}
}

func (d *desk) Store(_ context.Context, s NewSource) error {
	d.step()
	if s.Name == d.fails {
		return errors.New("AWS does not accept the key")
	}
	d.keys[s.Name] = s.Key.ID
	d.step()
	return nil
}

func (d *desk) KeyID(_ context.Context, source string) (string, error) { return d.keys[source], nil }

func (d *desk) Drop(_ context.Context, source string) error {
	d.step()
	delete(d.keys, source)
	d.step()
	return nil
}

func (d *desk) Keep(_ context.Context, name, text string) error {
	d.step()
	if d.kept[name] = text; text == "" {
		delete(d.kept, name)
	}
	d.step()
	return nil
}

func (d *desk) Kept(_ context.Context, name string) (string, error) {
	if d.kept[name] == "" {
		return "", errors.New("nothing is kept")
	}
	return d.kept[name], nil
}

func (d *desk) plan(o Options) *Plan {
	d.t.Helper()
	files, err := awsconfig.Read(awsconfig.In(filepath.Join(d.home, ".aws")))
	if err != nil {
		d.t.Fatal(err)
	}
	o.Helper = helper
	p, err := Make(files, roster.Load(d.world().Config, nil), o)
	if err != nil {
		d.t.Fatal(err)
	}
	return p
}

// mortal runs something and reports whether it was killed on the way.
func (d *desk) mortal(do func() error) (wasKilled bool, err error) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(killed); !ok {
				panic(r)
			}
			wasKilled = true
		}
	}()
	return false, do()
}

func (d *desk) undo() (*Undone, error) {
	runs, err := d.world().Journal.Runs()
	if err != nil || len(runs) == 0 {
		return nil, err
	}
	return Undo(context.Background(), d.world(), runs[len(runs)-1].ID)
}

// tree is all that is in the home, without directories.
func (d *desk) tree() map[string]string {
	d.t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(d.home, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || strings.HasSuffix(path, ".lock") {
			return err
		}
		data, err := os.ReadFile(path)
		all[strings.TrimPrefix(path, d.home+"/")] = string(data)
		return err
	})
	if err != nil {
		d.t.Fatal(err)
	}
	maps.Copy(all, d.keys)
	maps.Copy(all, d.kept)
	return all
}

// corpus are pairs of files as people have them: of tools and of hands.
func corpus(t *testing.T) map[string][2][]byte {
	t.Helper()
	all := map[string][2][]byte{}
	names, err := filepath.Glob("testdata/*.c*")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		base := strings.TrimSuffix(strings.TrimSuffix(name, ".config"), ".credentials")
		var pair [2][]byte
		for i, end := range []string{".config", ".credentials"} {
			if data, err := os.ReadFile(base + end); err == nil {
				pair[i] = data
			}
		}
		all[filepath.Base(base)] = pair
	}
	if len(all) < 16 {
		t.Fatalf("only %d pairs", len(all))
	}
	return all
}
