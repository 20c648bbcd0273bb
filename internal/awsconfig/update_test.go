package awsconfig

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// add is a change that appends a line.
func add(line string) func([]byte) ([]byte, error) {
	return func(old []byte) ([]byte, error) {
		if bytes.Contains(old, []byte(line+"\n")) {
			return old, nil
		}
		return append(bytes.Clone(old), line+"\n"...), nil
	}
}

// home is a home of its own, so that there is a lock of its own.
func home(t *testing.T) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	check(t, err)
	t.Setenv("HOME", dir)
	t.Setenv("XDG_STATE_HOME", "")
	t.Setenv("LocalAppData", dir)
	return dir
}

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	check(t, os.MkdirAll(filepath.Dir(path), 0o700))
	check(t, os.WriteFile(path, []byte(text), mode))
	check(t, os.Chmod(path, mode))
}

func wantFile(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	got, err := os.ReadFile(path)
	check(t, err)
	info, err := os.Lstat(path)
	check(t, err)
	if string(got) != text || info.Mode() != mode {
		t.Errorf("%s: got %q, %v, want %q, %v", path, got, info.Mode(), text, mode)
	}
}

func wantNoLitter(t *testing.T, dir string) {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(dir, prefix+"*"))
	check(t, err)
	if len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestUpdateKeepsTheMode(t *testing.T) {
	for _, mode := range []os.FileMode{0o600, 0o640, 0o644, 0o664, 0o700} {
		file := filepath.Join(home(t), ".aws", "config")
		write(t, file, "a\n", mode)
		check(t, Update(file, add("b")))
		wantFile(t, file, "a\nb\n", mode)
		wantNoLitter(t, filepath.Dir(file))
	}
}

func TestUpdateMakesTheFile(t *testing.T) {
	file := filepath.Join(home(t), ".aws", "config")
	check(t, Update(file, func(old []byte) ([]byte, error) {
		if old != nil {
			t.Errorf("got %q of a file that is not there", old)
		}
		return nil, nil
	}))
	if _, err := os.Stat(filepath.Dir(file)); err == nil {
		t.Error("a directory was made for nothing")
	}
	check(t, Update(file, add("b")))
	wantFile(t, file, "b\n", 0o600)
	if info, err := os.Stat(filepath.Dir(file)); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("got %v, %v", info.Mode(), err)
	}
}

// Nothing is written if nothing changes, or if the change is refused.
func TestUpdateLeavesTheFile(t *testing.T) {
	file := filepath.Join(home(t), ".aws", "config")
	write(t, file, "a\n", 0o600)
	before, err := os.Stat(file)
	check(t, err)
	check(t, Update(file, add("a")))
	refused := errors.New("no")
	if err := Update(file, func([]byte) ([]byte, error) { return []byte("lost"), refused }); !errors.Is(err, refused) {
		t.Errorf("got %v", err)
	}
	after, err := os.Stat(file)
	check(t, err)
	if !os.SameFile(before, after) || !before.ModTime().Equal(after.ModTime()) {
		t.Error("the file was written")
	}
	wantFile(t, file, "a\n", 0o600)
}

func TestUpdateFollowsLinks(t *testing.T) {
	for name, tt := range map[string]struct {
		links  map[string]string // below home, with what they hold
		target string
		exists bool
	}{
		"to a file":          {map[string]string{".aws/config": "HOME/dotfiles/aws"}, "dotfiles/aws", true},
		"relative":           {map[string]string{".aws/config": "../dotfiles/aws"}, "dotfiles/aws", true},
		"a chain":            {map[string]string{".aws/config": "../one/hop", "one/hop": "./hop2", "one/hop2": "../dotfiles/aws"}, "dotfiles/aws", true},
		"of the directory":   {map[string]string{".aws": "dotfiles/deep/aws.d"}, "dotfiles/deep/aws.d/config", true},
		"up from a link":     {map[string]string{".aws": "dotfiles/deep/aws.d", "dotfiles/deep/aws.d/config": "../config"}, "dotfiles/deep/config", true},
		"to nothing":         {map[string]string{".aws/config": "../dotfiles/aws"}, "dotfiles/aws", false},
		"to no directory":    {map[string]string{".aws/config": "HOME/other/deep/aws"}, "other/deep/aws", false},
		"a chain to nothing": {map[string]string{".aws/config": "hop", ".aws/hop": "../dotfiles/aws"}, "dotfiles/aws", false},
	} {
		t.Run(name, func(t *testing.T) {
			dir := home(t)
			check(t, os.MkdirAll(filepath.Join(dir, "dotfiles/deep/aws.d"), 0o700))
			want := "b\n"
			if tt.exists {
				write(t, filepath.Join(dir, tt.target), "a\n", 0o640)
				want = "a\nb\n"
			}
			for link, to := range tt.links {
				check(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, link)), 0o700))
				check(t, os.Symlink(strings.Replace(to, "HOME", dir, 1), filepath.Join(dir, link)))
			}
			check(t, Update(filepath.Join(dir, ".aws", "config"), add("b")))
			mode := os.FileMode(0o600)
			if tt.exists {
				mode = 0o640
			}
			wantFile(t, filepath.Join(dir, tt.target), want, mode)
			for link, to := range tt.links {
				if got, err := os.Readlink(filepath.Join(dir, link)); err != nil || got != strings.Replace(to, "HOME", dir, 1) {
					t.Errorf("link %s: got %s, %v", link, got, err)
				}
			}
		})
	}
}

func TestUpdateRefuses(t *testing.T) {
	dir := home(t)
	file := func(name string) string { return filepath.Join(dir, name) }
	write(t, file("readonly"), "a\n", 0o400)
	write(t, file("a-file"), "a\n", 0o600)
	check(t, os.Mkdir(file("directory"), 0o700))
	check(t, os.Symlink("loop2", file("loop")))
	check(t, os.Symlink("loop", file("loop2")))
	check(t, fifo(file("fifo")))
	for name, part := range map[string]string{
		"readonly":     "read-only",
		"directory":    "it is a directory",
		"fifo":         "it is no file",
		"loop":         "leads to itself",
		"a-file/below": "",
	} {
		err := Update(file(name), func(old []byte) ([]byte, error) { return append(old, "b\n"...), nil })
		var e *Error
		if !errors.As(err, &e) || e.Hint == "" || !strings.Contains(e.Error(), part) {
			t.Errorf("%s: got %v, want %s and a remedy", name, err, part)
		}
	}
	wantFile(t, file("readonly"), "a\n", 0o400)
	wantNoLitter(t, dir)
}

// Somebody saves the file while it is changed: theirs and ours are both in it.
func TestUpdateBesideAnEditor(t *testing.T) {
	for name, save := range map[string]func(t *testing.T, file, text string){
		"rename": func(t *testing.T, file, text string) {
			write(t, file+"~", text, 0o640)
			check(t, os.Rename(file+"~", file))
		},
		"in place": func(t *testing.T, file, text string) { write(t, file, text, 0o600) },
		"appended": func(t *testing.T, file, text string) {
			f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
			check(t, err)
			_, err = f.WriteString(strings.TrimPrefix(text, "a\n"))
			check(t, errors.Join(err, f.Close()))
		},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(home(t), ".aws", "config")
			write(t, file, "a\n", 0o600)
			calls := 0
			check(t, Update(file, func(old []byte) ([]byte, error) {
				if calls++; calls == 1 {
					save(t, file, "a\ntheirs\n")
				}
				return add("ours")(old)
			}))
			got, err := os.ReadFile(file)
			check(t, err)
			if string(got) != "a\ntheirs\nours\n" || calls != 2 {
				t.Errorf("got %q in %d calls", got, calls)
			}
			wantNoLitter(t, filepath.Dir(file))
		})
	}
}

// The file goes, or comes, while it is changed.
func TestUpdateOfAFileThatComesAndGoes(t *testing.T) {
	file := filepath.Join(home(t), ".aws", "config")
	write(t, file, "a\n", 0o600)
	calls := 0
	check(t, Update(file, func(old []byte) ([]byte, error) {
		if calls++; calls == 1 {
			check(t, os.Remove(file))
		}
		return add("ours")(old)
	}))
	wantFile(t, file, "ours\n", 0o600)
	check(t, os.Remove(file))
	calls = 0
	check(t, Update(file, func(old []byte) ([]byte, error) {
		if calls++; calls == 1 {
			write(t, file, "theirs\n", 0o600)
		}
		return add("ours")(old)
	}))
	wantFile(t, file, "theirs\nours\n", 0o600)
}

// A change that is refused for what somebody saved meanwhile gives theirs back.
func TestUpdateRefusedLate(t *testing.T) {
	file := filepath.Join(home(t), ".aws", "config")
	write(t, file, "a\n", 0o600)
	refused := errors.New("no")
	err := Update(file, func(old []byte) ([]byte, error) {
		if string(old) != "a\n" {
			return nil, refused
		}
		write(t, file, "theirs\n", 0o600)
		return add("ours")(old)
	})
	if !errors.Is(err, refused) {
		t.Errorf("got %v", err)
	}
	wantFile(t, file, "theirs\n", 0o600)
}

// What a credd that was killed has left goes; what may be another's work stays.
func TestTidy(t *testing.T) {
	dir := filepath.Join(home(t), ".aws")
	file := filepath.Join(dir, "config")
	write(t, file, "a\n", 0o600)
	write(t, filepath.Join(dir, mine()+"123"), "half", 0o600)
	write(t, filepath.Join(dir, prefix+"00000000-1"), "of another", 0o600)
	check(t, os.Mkdir(filepath.Join(dir, mine()+"dir"), 0o700))
	check(t, Update(file, add("a")))
	entries, err := os.ReadDir(dir)
	check(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	want := []string{prefix + "00000000-1", mine() + "dir", "config"}
	slices.Sort(want)
	if slices.Sort(names); !slices.Equal(names, want) {
		t.Errorf("got %v, want %v", names, want)
	}
}

func TestMerge(t *testing.T) {
	for name, tt := range map[string]struct{ base, ours, theirs, want string }{
		"ours only":          {"a\nb\n", "a\nx\nb\n", "a\nb\n", "a\nx\nb\n"},
		"theirs only":        {"a\nb\n", "a\nb\n", "a\nb\ny\n", "a\nb\ny\n"},
		"both, apart":        {"a\nb\nc\n", "x\na\nb\nc\n", "a\nb\nc\ny\n", "x\na\nb\nc\ny\n"},
		"both, at one place": {"a\n", "a\nx\n", "a\ny\n", "a\nx\ny\n"},
		"the same and more":  {"a\n", "a\nx\ny\n", "a\nx\nz\ny\nw\n", "a\nx\nz\ny\nw\n"},
		"the same":           {"a\n", "a\nx\n", "a\nx\n", "a\nx\n"},
		"one drops":          {"a\nb\nc\n", "a\nc\n", "a\nb\nc\ny\n", "a\nc\ny\n"},
		"both drop":          {"a\nb\nc\n", "a\nc\n", "c\n", "c\n"},
		"both change a line": {"a\nb\nc\n", "a\nx\nc\n", "a\ny\nc\n", "a\nx\ny\nc\n"},
		"no end":             {"a", "a\nx", "a\ny", "a\nx\ny"},
		"theirs has no end":  {"a\n", "x\na\n", "a\ny", "x\na\ny"},
		"all goes":           {"a\nb\n", "", "a\nb\ny\n", "y\n"},
		"from nothing":       {"", "x\n", "y\n", "x\ny\n"},
	} {
		if got := string(merge([]byte(tt.base), []byte(tt.ours), []byte(tt.theirs))); got != tt.want {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
}

// Whatever both do, no line that one of them added is lost, and none comes from nowhere.
func FuzzMerge(f *testing.F) {
	f.Add("a\nb\n", "a\n", "a\nb\nc\n")
	f.Add("", "x", "y")
	f.Add("a\r\nb", "b\na", "a\n\n\nb\n")
	f.Fuzz(func(t *testing.T, base, ours, theirs string) {
		count := func(text string) map[string]int {
			n := map[string]int{}
			for l := range strings.Lines(text) {
				n[strings.TrimRight(l, "\r\n")]++
			}
			return n
		}
		was, a, b, got := count(base), count(ours), count(theirs), count(string(merge([]byte(base), []byte(ours), []byte(theirs))))
		for line := range a {
			if was[line] == 0 && got[line] == 0 {
				t.Errorf("lost %q of ours", line)
			}
		}
		for line := range b {
			if was[line] == 0 && got[line] == 0 {
				t.Errorf("lost %q of theirs", line)
			}
		}
		for line, n := range got {
			if was[line]+a[line]+b[line] < n {
				t.Errorf("%q came from nowhere", line)
			}
		}
	})
}

func TestDiff(t *testing.T) {
	for name, tt := range map[string]struct{ a, b, want string }{
		"same":   {"a\nb\n", "a\nb\n", " a\n b\n"},
		"added":  {"a\nc\n", "a\nb\nc\n", " a\n+b\n c\n"},
		"gone":   {"a\nb\nc\n", "a\nc\n", " a\n-b\n c\n"},
		"other":  {"a\nb\nc\n", "a\nx\nc\n", " a\n-b\n+x\n c\n"},
		"no end": {"a", "a\n", "-a+a\n"},
	} {
		var got strings.Builder
		for _, l := range Diff([]byte(tt.a), []byte(tt.b)) {
			got.WriteString(string(l.In) + l.Text)
		}
		if got.String() != tt.want {
			t.Errorf("%s: got %q, want %q", name, got.String(), tt.want)
		}
	}
}
