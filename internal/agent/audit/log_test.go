package audit

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func openTest(t testing.TB, path string, limit int64) *Log {
	t.Helper()
	l, err := open(path, limit)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// record writes an entry whose PID is n.
func record(t testing.TB, l *Log, n int) {
	t.Helper()
	e := sample()
	e.PID = n
	if err := l.Record(e); err != nil {
		t.Fatal(err)
	}
}

// pids reads the log and returns the PIDs in their order, and how many lines were skipped.
func pids(t testing.TB, path string) (all []int, skipped int) {
	t.Helper()
	skipped, err := Read(path, Filter{}, func(e Entry) error { all = append(all, e.PID); return nil })
	if err != nil {
		t.Fatal(err)
	}
	return all, skipped
}

func wantPIDs(t testing.TB, path string, skipped int, want ...int) {
	t.Helper()
	got, gotSkipped := pids(t, path)
	if len(got) != len(want) || gotSkipped != skipped {
		t.Fatalf("got %v, %d skipped; want %v, %d skipped", got, gotSkipped, want, skipped)
	}
	for i := range got {
		if got[i] != want[i] {
			t.Fatalf("got %v, want %v", got, want)
		}
	}
}

// Whoever reads the log slowly keeps nobody's line from being written.
func TestReadingDoesNotBlockRecording(t *testing.T) {
	l, err := Open(filepath.Join(t.TempDir(), "audit.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for range 3 {
		if err := l.Record(sample()); err != nil {
			t.Fatal(err)
		}
	}
	read := 0
	if _, err := l.Read(Filter{}, func(Entry) error {
		read++
		if read > 3 {
			return nil
		}
		return l.Record(sample()) // it would hang here
	}); err != nil || read < 3 {
		t.Errorf("got %d entries, %v", read, err)
	}
}

func TestModes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state", "credd")
	path := filepath.Join(dir, "audit.log")
	l := openTest(t, path, maxSize)
	record(t, l, 1)
	l.Close()
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	record(t, openTest(t, path, maxSize), 2)
	for name, want := range map[string]fs.FileMode{dir: fs.ModeDir | 0o700, path: 0o600} {
		if got, err := os.Stat(name); err != nil || got.Mode() != want {
			t.Errorf("%s: got %v, %v; want %v", name, got.Mode(), err, want)
		}
	}
	wantPIDs(t, path, 0, 1, 2)
	if err := l.Record(sample()); !errors.Is(err, os.ErrClosed) {
		t.Errorf("closed: got %v", err)
	}
}

func TestOnlyRegularFiles(t *testing.T) {
	for name, test := range map[string]func(path string) error{
		"link to a file":    func(p string) error { return errors.Join(os.WriteFile(p+"x", nil, 0o600), os.Symlink(p+"x", p)) },
		"link to nothing":   func(p string) error { return os.Symlink(p+"x", p) },
		"directory":         func(p string) error { return os.Mkdir(p, 0o700) },
		"link to a device":  func(p string) error { return os.Symlink(os.DevNull, p) },
		"link to a missing": func(p string) error { return os.Symlink("/nonexistent/x", p) },
	} {
		path := filepath.Join(t.TempDir(), "audit.log")
		if err := test(path); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path); !errors.Is(err, ErrNotFile) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %v, want %v", name, err, ErrNotFile)
		}
		if _, err := os.Stat(path + "x"); name == "link to nothing" && err == nil {
			t.Errorf("%s: its target was made", name)
		}
		if _, err := Read(path, Filter{}, nil); !errors.Is(err, ErrNotFile) {
			t.Errorf("%s: Read: got %v, want %v", name, err, ErrNotFile)
		}
	}
}

// A link that takes the file's place later is not followed either.
func TestReplacedByALink(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	l := openTest(t, path, maxSize)
	record(t, l, 1)
	if err := errors.Join(os.Rename(path, path+".old"), os.WriteFile(path+".target", nil, 0o600), os.Symlink(path+".target", path)); err != nil {
		t.Fatal(err)
	}
	if err := l.Record(sample()); !errors.Is(err, ErrNotFile) {
		t.Errorf("got %v, want %v", err, ErrNotFile)
	}
	if b, err := os.ReadFile(path + ".target"); err != nil || len(b) > 0 {
		t.Errorf("the link's target got %q, %v", b, err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	record(t, l, 2)
	wantPIDs(t, path, 0, 2)
}

func TestTornLine(t *testing.T) {
	e := sample()
	line := string(e.append(nil))
	for name, test := range map[string]struct {
		before  string
		skipped int
		want    []int
	}{
		"half a line":         {line + "\n" + line[:57], 1, []int{e.PID, 1, 2}},
		"a line without end":  {line, 0, []int{e.PID, 1, 2}},
		"zeros of a crash":    {line + "\n\x00\x00\x00", 1, []int{e.PID, 1, 2}},
		"whole":               {line + "\n", 0, []int{e.PID, 1, 2}},
		"empty":               {"", 0, []int{1, 2}},
		"only an end of line": {"\n", 0, []int{1, 2}},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "audit.log")
			if err := os.WriteFile(path, []byte(test.before), 0o600); err != nil {
				t.Fatal(err)
			}
			l := openTest(t, path, maxSize)
			record(t, l, 1)
			record(t, l, 2)
			wantPIDs(t, path, test.skipped, test.want...)
		})
	}
}

func TestTheFileGoesAway(t *testing.T) {
	for name, test := range map[string]struct {
		do   func(path string) error
		want []int
	}{
		"deleted":             {os.Remove, []int{2, 3}},
		"renamed":             {func(p string) error { return os.Rename(p, p+".old") }, []int{2, 3}},
		"replaced":            {func(p string) error { return errors.Join(os.WriteFile(p+"x", nil, 0o600), os.Rename(p+"x", p)) }, []int{2, 3}},
		"truncated":           {func(p string) error { return os.Truncate(p, 0) }, []int{2, 3}},
		"directory deleted":   {func(p string) error { return os.RemoveAll(filepath.Dir(p)) }, []int{2, 3}},
		"renamed as rotation": {func(p string) error { return os.Rename(p, p+".1") }, []int{1, 2, 3}},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "state", "audit.log")
			l := openTest(t, path, maxSize)
			record(t, l, 1)
			if err := test.do(path); err != nil {
				t.Fatal(err)
			}
			record(t, l, 2)
			record(t, l, 3)
			wantPIDs(t, path, 0, test.want...)
		})
	}
}

func TestManyAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	logs := []*Log{openTest(t, path, maxSize), openTest(t, path, maxSize)} // two, as if two daemons ran
	const goroutines, each = 16, 100
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			for i := range each {
				e := sample()
				e.PID = 1 + g*each + i
				if err := logs[g%2].Record(e); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	seen := map[int]bool{}
	got, skipped := pids(t, path)
	for _, n := range got {
		seen[n] = true
	}
	if len(got) != goroutines*each || len(seen) != goroutines*each || skipped != 0 {
		t.Errorf("got %d lines, %d different, %d skipped; want %d", len(got), len(seen), skipped, goroutines*each)
	}
}

func BenchmarkRecord(b *testing.B) {
	l := openTest(b, filepath.Join(b.TempDir(), "audit.log"), maxSize)
	e := sample()
	b.ReportAllocs()
	for b.Loop() {
		if err := l.Record(e); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	e := sample()
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = e.append(buf[:0])
	}
}
