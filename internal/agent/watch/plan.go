package watch

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
)

const maxLinks = 40 // as Linux: more links in one path are a loop

// plan says what matters in which directory. Its directories exist and are reached through no link.
type plan map[string]interest

// interest is what matters in a directory.
type interest struct {
	all   bool            // whatever is in it
	names map[string]bool // what makes the plan another if it comes, goes or is replaced
}

// trace makes the plan for directories that matter: each of them that exists; for one that does not, the nearest above
// it, for the name that is missing; and where links lie on the way, what each of them stands in, for its name. A link in
// a directory that matters is traced in the same way, so that the file it leads to is watched where it is.
func trace(dirs []string) plan {
	p := plan{}
	for _, dir := range dirs {
		at, found := p.follow(dir)
		if !found {
			continue
		}
		p[at] = interest{true, p[at].names}
		for _, link := range links(at) {
			p.follow(link)
		}
	}
	return p
}

// follow walks a path from the root. It returns the directory that the path leads to, and false if it leads to none.
func (p plan) follow(path string) (string, bool) {
	root := filepath.VolumeName(path) + string(filepath.Separator)
	at, rest := root, split(path)
	for hops := 0; len(rest) > 0; {
		next := filepath.Join(at, rest[0])
		rest = rest[1:]
		info, err := os.Lstat(next)
		if err == nil && info.IsDir() {
			at = next
			continue
		}
		p.mind(next)
		if err != nil || info.Mode()&fs.ModeSymlink == 0 {
			return "", false
		}
		target, err := os.Readlink(next)
		if hops++; err != nil || hops > maxLinks {
			return "", false
		}
		if filepath.IsAbs(target) {
			at = root
		}
		rest = append(split(target), rest...)
	}
	return at, true
}

// mind adds what a path stands in, for its name.
func (p plan) mind(path string) {
	dir, name := filepath.Dir(path), filepath.Base(path)
	in := p[dir]
	if in.names == nil {
		in.names = map[string]bool{}
	}
	in.names[name] = true
	p[dir] = in
}

func (p plan) equal(o plan) bool {
	return maps.EqualFunc(p, o, func(a, b interest) bool { return a.all == b.all && maps.Equal(a.names, b.names) })
}

func split(path string) []string {
	return strings.FieldsFunc(path[len(filepath.VolumeName(path)):], func(r rune) bool { return r < 0x80 && os.IsPathSeparator(uint8(r)) })
}

// links returns the links in a directory, none if it cannot be read: that is told where it is to be watched.
func links(dir string) []string {
	d, err := os.Open(dir)
	if err != nil {
		return nil
	}
	defer d.Close()
	entries, _ := d.ReadDir(-1) // not os.ReadDir: 10,000 customers need no order
	var out []string
	for _, e := range entries {
		if e.Type()&fs.ModeSymlink != 0 {
			out = append(out, filepath.Join(dir, e.Name()))
		}
	}
	return out
}
