package audit

import (
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
)

// small is a limit that holds ten lines.
func small() int64 {
	e := sample()
	return int64(10 * (len(e.append(nil)) + 2))
}

func TestRotation(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	l := openTest(t, path, small())
	const n = 1000
	for i := range n {
		record(t, l, 1000+i) // numbers of one length
	}
	got, skipped := pids(t, path)
	if len(got) < maxOld*10 || len(got) > (maxOld+1)*11 || skipped != 0 {
		t.Fatalf("%d entries are left, %d skipped", len(got), skipped)
	}
	for i := range got {
		if want := 1000 + n - len(got) + i; got[i] != want {
			t.Fatalf("entry %d: got %d, want %d", i, got[i], want)
		}
	}
	files, err := filepath.Glob(path + "*")
	if err != nil || len(files) != maxOld+1 {
		t.Errorf("got %v, %v", files, err)
	}
	for _, f := range files {
		if info, err := os.Stat(f); err != nil || info.Size() > small() || info.Mode() != 0o600 {
			t.Errorf("%s: %d bytes, %v, %v", f, info.Size(), info.Mode(), err)
		}
	}
}

// A crash within a rotation leaves a gap. The next rotation fills it and gives up no file.
func TestRotationAfterACrash(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	l := openTest(t, path, small())
	for i := range (maxOld + 1) * 10 {
		record(t, l, 1000+i)
	}
	before, _ := pids(t, path)
	if err := os.Remove(generation(path, maxOld)); err != nil {
		t.Fatal(err)
	}
	for n := maxOld; n > 3; n-- { // as far as a rotation came
		if err := os.Rename(generation(path, n-1), generation(path, n)); err != nil {
			t.Fatal(err)
		}
	}
	left, skipped := pids(t, path)
	if !slices.Equal(left, before[len(before)-len(left):]) || skipped != 0 {
		t.Fatalf("got %v, %d skipped", left, skipped)
	}
	record(t, l, 2000) // the file is full: this rotates
	got, _ := pids(t, path)
	if want := append(left, 2000); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// A file that cannot be rotated is written on, and Record says so.
func TestRotationFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	l := openTest(t, path, small())
	if err := os.MkdirAll(filepath.Join(generation(path, 1), "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	for n := 2; n <= maxOld; n++ {
		if err := os.Mkdir(generation(path, n), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(generation(path, n), "x"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	failed := 0
	for i := range 30 {
		e := sample()
		e.PID = 1000 + i
		if l.Record(e) != nil {
			failed++
		}
	}
	if failed == 0 {
		t.Error("no error")
	}
	for n := 1; n <= maxOld; n++ {
		if err := os.RemoveAll(generation(path, n)); err != nil {
			t.Fatal(err)
		}
	}
	record(t, l, 1030)
	got, skipped := pids(t, path)
	if len(got) != 31 || got[0] != 1000 || got[30] != 1030 || skipped != 0 {
		t.Errorf("got %v, %d skipped", got, skipped)
	}
}

// While a rotation is under way a reader can meet a file under two numbers.
func TestAFileMetTwice(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	l := openTest(t, path, maxSize)
	record(t, l, 1)
	record(t, l, 2)
	if err := os.Link(path, generation(path, 1)); err != nil {
		t.Fatal(err)
	}
	wantPIDs(t, path, 0, 1, 2)
}

// Readers see each line once and in order, however many rotations happen meanwhile.
func TestReadDuringRotation(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	l := openTest(t, path, 20*small())
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for stop := false; !stop; {
				select {
				case <-done:
					stop = true
				default:
				}
				last := 0
				_, err := Read(path, Filter{}, func(e Entry) error {
					if last != 0 && e.PID != last+1 {
						t.Errorf("after %d comes %d", last, e.PID)
					}
					last = e.PID
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	for i := range 4000 {
		record(t, l, 1000+i)
	}
	close(done)
	readers.Wait()
}
