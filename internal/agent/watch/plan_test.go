package watch

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestTrace(t *testing.T) {
	base := realDir(t)
	at := func(name string) string { return filepath.Join(base, name) }
	must(t,
		os.MkdirAll(at("real/deep"), 0o700), os.MkdirAll(at("home/config"), 0o700), write(at("file")),
		os.Symlink("../file", at("home/relative")),
		os.Symlink(at("real"), at("absolute")),
		os.Symlink("loop", at("loop")),
		os.Symlink("real/deep/../../home", at("dots")),
		os.Symlink("/", at("root")),
		os.Symlink("missing/further", at("dangling")),
		os.Symlink(at("real"), at("home/config/dir")),
		os.Symlink(at("file"), at("home/config/credd.toml")),
	)
	for name, test := range map[string]struct{ dir, want string }{
		"directory":          {"real/deep", "/real/deep *"},
		"links in it":        {"home/config", " file; /home/config * credd.toml dir"},
		"missing":            {"none/at/all", " none"},
		"missing deeper":     {"real/none/all", "/real none"},
		"through a link":     {"absolute/deep", " absolute; /real/deep *"},
		"missing after link": {"absolute/none", " absolute; /real none"},
		"link with dots":     {"dots/config/dir", " dots; /home/config dir; /real *"},
		"link to a file":     {"home/relative", " file; /home relative"},
		"under a file":       {"file/x", " file"},
		"loop":               {"loop/x", " loop"},
		"dangling":           {"dangling", " dangling missing"},
	} {
		got := describe(base, trace([]string{at(test.dir)}))
		if got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
	p := trace([]string{at("root")})
	if root := filepath.VolumeName(base) + string(filepath.Separator); !p[root].all || !p[base].names["root"] {
		t.Errorf("link to the root: got %v", p)
	}
}

// describe writes a plan as "directory names; …", an asterisk for all, with paths below base.
func describe(base string, p plan) string {
	var out []string
	for _, dir := range slices.Sorted(maps.Keys(p)) {
		words := []string{strings.TrimPrefix(dir, base)}
		if p[dir].all {
			words = append(words, "*")
		}
		out = append(out, strings.Join(append(words, slices.Sorted(maps.Keys(p[dir].names))...), " "))
	}
	return strings.Join(out, "; ")
}
