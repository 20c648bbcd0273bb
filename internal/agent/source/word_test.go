package source

import "testing"

func TestWord(t *testing.T) {
	for name, want := range map[string]string{"work": "work", "nw/ops.x@y": "nw/ops.x@y", "größe": "größe", "a b": "'a b'", "a;$(id)": "'a;$(id)'", "it's": `'it'\''s'`, "": "''", "~": "'~'"} {
		if got := word(name); got != want {
			t.Errorf("%q: got %s, want %s", name, got, want)
		}
	}
}
