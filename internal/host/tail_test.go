package host

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestTail(t *testing.T) {
	many := strings.Repeat("a line of the log\n", 20000) // more than a block
	for _, c := range []struct {
		name, text string
		lines      int
		want       string
	}{
		{"nothing", "", 5, ""},
		{"all", "a\nb\n", 5, "a\nb\n"},
		{"the last", "a\nb\nc\n", 1, "c\n"},
		{"two", "a\nb\nc\n", 2, "b\nc\n"},
		{"no last line end", "a\nb\nc", 2, "b\nc"},
		{"empty lines", "a\n\n\n", 2, "\n\n"},
		{"one line", "a", 3, "a"},
		{"over blocks", many, 10000, many[len(many)/2:]},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "log")
			if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			if err := Tail(t.Context(), path, c.lines, false, &out); err != nil || out.String() != c.want {
				t.Errorf("got %q, %v, want %q", out.String(), err, c.want)
			}
		})
	}
	if err := Tail(t.Context(), filepath.Join(t.TempDir(), "log"), 1, false, nil); !os.IsNotExist(err) {
		t.Errorf("no file: got %v", err)
	}
}

// shared is what one goroutine writes and another reads.
type shared struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (s *shared) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.Write(p)
}

func (s *shared) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.String()
}

func TestTailFollows(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	put := func(text string, flags int) {
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|flags, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString(text); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	put("old\n", 0)
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var out shared
		done := make(chan error)
		go func() { done <- Tail(ctx, path, 9, true, &out) }()
		for _, step := range []struct {
			do   func()
			want string
		}{
			{func() {}, "old\n"},
			{func() { put("appended\n", os.O_APPEND) }, "appended\n"},
			{func() { put("cut\n", os.O_TRUNC) }, "cut\n"},
			{func() { os.Remove(path); put("another\n", os.O_EXCL) }, "another\n"},
		} {
			step.do()
			time.Sleep(3 * tailPoll) // of the test's own clock
			if !strings.HasSuffix(out.text(), step.want) {
				t.Errorf("got %q, want %q at its end", out.text(), step.want)
			}
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
