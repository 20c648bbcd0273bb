package roster

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"credd/internal/agent/cred"
)

// TestEditorTellsBeforeItWrites keeps each file's bytes, and brings them back.
func TestEditorTellsBeforeItWrites(t *testing.T) {
	dir := t.TempDir()
	type change struct{ old, data []byte }
	told := map[string][]change{}
	w := Editor{Dir: dir, NoDefault: true, Before: func(path string, old, data []byte) error {
		if now, err := os.ReadFile(path); err == nil && !bytes.Equal(now, old) || err != nil && old != nil {
			t.Errorf("%s is %q when %q is told", path, now, old)
		}
		told[path] = append(told[path], change{old, data})
		return nil
	}}
	if _, err := w.AddSources(Source{Name: "work", Type: "imds"}, Source{Name: "other", Type: "container"}); err != nil {
		t.Fatal(err)
	}
	for _, n := range []NewRole{
		{Name: "acme/a", ARN: "arn:aws:iam::012345678901:role/A", Source: "work", ExternalID: cred.NewSecret("one"), OwnID: true, SessionName: "ana"},
		{Name: "acme/b", ARN: "arn:aws:iam::012345678901:role/B", Source: "acme/a"},
	} {
		if _, err := w.AddRole(n); err != nil {
			t.Fatal(err)
		}
	}
	now := Load(dir, nil)
	a, errA := now.Role("acme/a")
	b, errB := now.Role("acme/b")
	if errA != nil || errB != nil || a.ExternalID.Reveal() != "one" || a.SessionName != "ana" || !b.ExternalID.IsZero() || now.Settings.Defaults.Source != "" {
		t.Errorf("got %+v, %v, %+v, %v, defaults %+v", a, errA, b, errB, now.Settings.Defaults)
	}
	if len(told) != 2 {
		t.Fatalf("told of %d files", len(told))
	}
	for path, all := range told {
		last := all[len(all)-1].data
		if done, err := Restore(dir, path, all[0].old, func([]byte) bool { return false }); done || err != nil {
			t.Errorf("got %v, %v of a file that changed", done, err)
		}
		if done, err := Restore(dir, path, all[0].old, func(now []byte) bool { return bytes.Equal(now, last) }); !done || err != nil {
			t.Errorf("got %v, %v", done, err)
		}
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s is still there", path)
		}
	}
	if _, err := Restore(dir, filepath.Join(dir, "..", "x.toml"), nil, func([]byte) bool { return true }); err == nil {
		t.Error("a file of elsewhere is removed")
	}
}

func TestEditorIsStopped(t *testing.T) {
	dir := t.TempDir()
	stop := errors.New("stop")
	w := Editor{Dir: dir, Before: func(string, []byte, []byte) error { return stop }}
	if _, err := w.AddSources(Source{Name: "work", Type: "imds"}); !errors.Is(err, stop) {
		t.Errorf("got %v", err)
	}
	if names, _ := os.ReadDir(dir); len(names) > 0 {
		t.Errorf("written: %v", names)
	}
}

func TestChecksOfWhatIsNew(t *testing.T) {
	const arn = "arn:aws:iam::012345678901:role/A"
	for name, tt := range map[string]struct {
		role NewRole
		want string // "" is none
	}{
		"good":         {NewRole{Name: "a/b", ARN: arn, Source: "x"}, ""},
		"own session":  {NewRole{Name: "a/b", Source: "x", AccountID: "012345678901"}, ""},
		"name":         {NewRole{Name: "a b/c", ARN: arn}, "is not a role's name"},
		"ARN":          {NewRole{Name: "a/b", ARN: "arn"}, "is not the ARN of an IAM role"},
		"external ID":  {NewRole{Name: "a/b", ARN: arn, ExternalID: cred.NewSecret("canary canary")}, "external_id is not"},
		"duration":     {NewRole{Name: "a/b", ARN: arn, Duration: "1m"}, "duration is outside"},
		"session name": {NewRole{Name: "a/b", ARN: arn, SessionName: "{x}"}, "session_name holds"},
	} {
		err := tt.role.Check()
		if (err == nil) != (tt.want == "") || err != nil && (!strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "canary")) {
			t.Errorf("%s: got %v, want %s", name, err, tt.want)
		}
	}
	for name, tt := range map[string]struct {
		source Source
		want   string
	}{
		"good": {Source{Name: "a", Type: "keys"}, ""},
		"name": {Source{Name: "a/b", Type: "keys"}, "cannot be the name of a source"},
		"type": {Source{Name: "a", Type: "x"}, "unknown type"},
		"path": {Source{Name: "a", Type: "web-identity", TokenFile: "t", RoleARN: arn}, "token_file is not an absolute path"},
	} {
		if err := tt.source.Check(); (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %s", name, err, tt.want)
		}
	}
}
