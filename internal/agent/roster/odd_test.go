//go:build !windows

package roster

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestOddFiles(t *testing.T) {
	tests := map[string]struct {
		make func(t *testing.T, path string)
		line int
		want string // "" where the file is good
	}{
		"BOM":              {content("\ufeff" + globexText), 0, ""},
		"CRLF":             {content(strings.ReplaceAll(globexText, "\n", "\r\n")), 0, ""},
		"no final newline": {content(strings.TrimSuffix(globexText, "\n")), 0, ""},
		"CRLF, bad line":   {content("version = 1\r\n\r\nnonsense\r\n"), 3, "not valid TOML"},
		"empty":            {content(""), 1, "version is missing"},
		"zeros":            {content("\x00\x00"), 1, "not valid TOML"},
		"invalid UTF-8":    {content("version = 1\nname = \"\xff\"\n"), 2, "not valid TOML"},
		"escape in a name": {content("version = 1\nname = \"\\u001b[31m\"\n"), 2, "control characters"},
		"duplicate role":   {content(globexText + "[role.admin]\narn = \"x\"\n"), 4, "second time"},
		"duplicate key":    {content(globexText + "arn = \"x\"\n"), 4, "second time"},
		"10 MB":            {content(globexText + strings.Repeat("# filler\n", 10<<20/9)), 0, "larger than 1 MiB"},
		"number as ID":     {content("version = 1\naccount_id = 012345678901\n"), 2, ""},
		"symlink":          {link(globexText), 0, ""},
		"symlink loop": {func(t *testing.T, path string) {
			check(t, os.Symlink(path, path))
		}, 0, "loop of symbolic links"},
		"symlink to nothing": {func(t *testing.T, path string) {
			check(t, os.Symlink(path+".gone", path))
		}, 0, "symbolic link to nothing"},
		"directory":     {func(t *testing.T, path string) { check(t, os.Mkdir(path, 0o700)) }, 0, "this is a directory"},
		"fifo":          {func(t *testing.T, path string) { check(t, syscall.Mkfifo(path, 0o600)) }, 0, "not a regular file"},
		"BOM, bad line": {content("\ufeffversion = 1\nnonsense\n"), 2, "not valid TOML"},
		"never closed":  {content(globexText + strings.Repeat("# filler\n", 20) + "policy = '''{\n\n"), 24, "not valid TOML"},
		"writable by all": {func(t *testing.T, path string) {
			content(globexText)(t, path)
			check(t, os.Chmod(path, 0o666))
		}, 0, "every user of this machine may write"},
		"writable by a group": {func(t *testing.T, path string) {
			content(globexText)(t, path)
			check(t, os.Chown(path, -1, 12345))
			check(t, os.Chmod(path, 0o660))
		}, 0, "the group of the file may write"},
		"writable by a user's own group": {func(t *testing.T, path string) {
			content(globexText)(t, path)
			check(t, os.Chown(path, -1, os.Getuid()))
			check(t, os.Chmod(path, 0o660))
		}, 0, ""},
		"of another user": {func(t *testing.T, path string) {
			content(globexText)(t, path)
			check(t, os.Chown(path, 12345, -1))
		}, 0, "belongs to another user"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			d := whole(t)
			path := filepath.Join(d, "customers", "odd.toml")
			tt.make(t, path)
			r := Load(d, nil)
			problems := r.Problems()
			if tt.want == "" && tt.line == 0 {
				if len(problems) > 0 {
					t.Errorf("got %v, want a good file", problems)
				}
				return
			}
			if len(problems) == 0 || problems[0].File != "customers/odd.toml" || problems[0].Line != tt.line || !strings.Contains(problems[0].Message, tt.want) {
				t.Errorf("got %v, want line %d: %s", problems, tt.line, tt.want)
			}
			if _, err := r.Role("acme/readonly"); err != nil {
				t.Errorf("another customer is not served: %v", err)
			}
			if _, err := r.Role("odd/admin"); err == nil {
				t.Error("a role of the odd file is served")
			}
		})
	}
}

func content(text string) func(*testing.T, string) {
	return func(t *testing.T, path string) { check(t, os.WriteFile(path, []byte(text), 0o600)) }
}

func link(text string) func(*testing.T, string) {
	return func(t *testing.T, path string) {
		target := filepath.Join(t.TempDir(), "dotfile")
		check(t, os.WriteFile(target, []byte(text), 0o600))
		check(t, os.Symlink(target, path))
	}
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte(acmeText))
	f.Add([]byte(settingsText))
	f.Add([]byte("version = 1\n[role.a.b]\narn.x = 1\n[[role]]\n[role]\n"))
	f.Add([]byte("a = [[{b = [1, {c = '''x\n'''}]}]]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		tree, bad := parse(data)
		if bad != nil {
			if bad.line < 1 || bad.message == "" {
				t.Errorf("got %+v, want a line and a message", bad)
			}
			return
		}
		c := &checker{}
		readCustomer(tree, c)
		readSettings(tree, c)
		for _, f := range c.faults {
			if f.line < 1 || f.message == "" || f.line > 1+strings.Count(string(data), "\n") {
				t.Errorf("got %+v, want a line of the file and a message", f)
			}
		}
	})
}
