package roster

import (
	"slices"
	"strings"
)

// key is one known key of a table. A key without set is of a later version: it is refused and never ignored, because a
// setting that is not enforced would widen access.
type key[T any] struct {
	name string
	set  func(*checker, field, *T)
}

func str[T any](name string, read func(*checker, field) string, to func(*T) *string) key[T] {
	return key[T]{name, func(c *checker, f field, t *T) { *to(t) = read(c, f) }}
}

const versionKey = "version"

// each reads a table by its known keys.
func each[T any](c *checker, f field, keys []key[T], to *T) {
	if f.value.kind != section {
		c.fault(f.line, "write ["+f.name+"]", "%s is %s, not a table", f.name, f.value.kind)
		return
	}
	read(c, f.value.table, keys, to)
}

func read[T any](c *checker, t *table, keys []key[T], to *T) {
	for _, f := range t.fields {
		i := slices.IndexFunc(keys, func(k key[T]) bool { return k.name == f.name })
		switch {
		case i < 0:
			c.unknown(f, names(keys))
		case keys[i].set == nil:
			c.fault(f.line, "remove it, or use a version of credd that enforces it", "%s is not supported by this version of credd", f.name)
		default:
			keys[i].set(c, f, to)
		}
	}
}

func names[T any](keys []key[T]) []string {
	var out []string
	for _, k := range keys {
		out = append(out, k.name)
	}
	return out
}

func (c *checker) unknown(f field, known []string) {
	hint := "known are: " + strings.Join(known, ", ")
	if n := nearest(f.name, slices.Values(known)); n != "" {
		hint = "did you mean " + n + "?"
	}
	c.fault(f.line, hint, "unknown key %s", quote(f.name))
}

// version checks that a file says which form it has.
func (c *checker) version(t *table) {
	f := t.get(versionKey)
	switch {
	case f == nil:
		c.fault(1, "begin the file with: version = 1", "version is missing")
	case f.value.kind != integer || f.value.text != "1":
		c.fault(f.line, "this credd knows version = 1", "version is not 1")
	}
}
