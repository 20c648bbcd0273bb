package agent_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"credd/internal/agent/api"
	"credd/internal/agent/audit"
	"credd/internal/ipc"
)

// shelf is the items of a vault.
type shelf struct{ items sync.Map }

func (s *shelf) Get(_ context.Context, name string) (item []byte, ok bool, err error) {
	text, ok := s.items.Load(name)
	if ok {
		item = []byte(text.(string))
	}
	return item, ok, nil
}

func (s *shelf) Put(_ context.Context, name string, item []byte) error {
	s.items.Store(name, string(item))
	return nil
}

func (s *shelf) Drop(_ context.Context, names ...string) error {
	for _, name := range names {
		s.items.Delete(name)
	}
	return nil
}

func TestWhatAnImportKeeps(t *testing.T) {
	w := newWorld(t, nil)
	const text = "aws_secret_access_key = canary\n"
	if err := w.call(t, api.Request{Do: api.DoKeep, Name: "import.x.0", Text: text}, &api.Done{}); err != nil {
		t.Fatal(err)
	}
	var out api.Kept
	if err := w.call(t, api.Request{Do: api.DoKept, Name: "import.x.0"}, &out); err != nil || out.Text != text {
		t.Errorf("got %+v, %v", out, err)
	}
	if e := w.trail.last(); e.Role != "import.x.0" || e.Outcome != "ok" || e.From != "vault" || e.PID == 0 {
		t.Errorf("got %+v", e)
	}
	if err := w.call(t, api.Request{Do: api.DoKeep, Name: "import.x.0"}, &api.Done{}); err != nil {
		t.Fatal(err)
	}
	var gone *ipc.Error
	if err := w.call(t, api.Request{Do: api.DoKept, Name: "import.x.0"}, &out); !errors.As(err, &gone) || gone.Code != ipc.UnknownRole {
		t.Errorf("got %v", err)
	}
	if e := w.trail.last(); e.Outcome != "unknown_role" {
		t.Errorf("got %+v", e)
	}
}

// Nothing else of the vault can be had, or changed, by these requests.
func TestOnlyImportsAreHandedOut(t *testing.T) {
	w := newWorld(t, nil)
	for _, name := range []string{"key/work", "", "import", "imports/x", "session/work", "totp/import.", " import.x.0", "IMPORT.x.0", "import.x", "import.x.0000", "import.x.0\n", "import.x.y.0", "import..0", "import." + strings.Repeat("x", 60_000) + ".0"} {
		for _, do := range []string{api.DoKept, api.DoKeep} {
			var refused *ipc.Error
			if err := w.call(t, api.Request{Do: do, Name: name, Text: "x"}, &api.Kept{}); !errors.As(err, &refused) || refused.Code != ipc.Refused {
				t.Errorf("%s %q: got %v", do, name, err)
			}
		}
	}
	w.trail.mu.Lock()
	defer w.trail.mu.Unlock()
	refusals := slices.DeleteFunc(slices.Clone(w.trail.entries), func(e audit.Entry) bool { return e.Outcome != "refused" })
	if len(refusals) != 14 {
		t.Errorf("the trail has %d refusals", len(refusals))
	}
	for _, e := range refusals {
		if len(e.Role) > ipc.MaxRole {
			t.Errorf("a line of the trail is %d bytes long", len(e.Role))
		}
	}
}

func TestKeyIDs(t *testing.T) {
	w := newWorld(t, nil)
	w.shelf.items.Store("key/broken", "canary")
	w.shelf.items.Store("key/work", `{"id":"AKIAWORK","secret":"canary","arn":"","account":"","added":"2026-01-01T00:00:00Z"}`)
	for name, want := range map[string]string{"work": "AKIAWORK", "broken": "", "none": ""} {
		var out api.KeyID
		if err := w.call(t, api.Request{Do: api.DoKeyID, Name: name}, &out); err != nil || out.ID != want {
			t.Errorf("%s: got %+v, %v", name, out, err)
		}
	}
}

func TestTriedKeys(t *testing.T) {
	w := newWorld(t, nil)
	for id, want := range map[string]bool{"AKIAON": true, "AKIAOFF": false} {
		var out api.Tried
		if err := w.call(t, api.Request{Do: api.DoTryKey, Key: &api.NewKey{ID: id, Secret: "canary"}}, &out); err != nil || out.Accepted != want || out.Created.IsZero() == want {
			t.Errorf("%s: got %+v, %v", id, out, err)
		}
	}
	var failed *ipc.Error
	if err := w.call(t, api.Request{Do: api.DoTryKey}, &api.Tried{}); !errors.As(err, &failed) || failed.Code != ipc.Usage {
		t.Errorf("without a key: got %v", err)
	}
	w.shelf.items.Range(func(name, _ any) bool {
		t.Errorf("%s was stored", name)
		return true
	})
}
