package customer

import (
	"strings"
	"testing"
)

// 26 characters of 32 are 130 bits; AWS takes [\w+=,.@:/-] and our templates up to 64 of them.
func TestNewExternalID(t *testing.T) {
	seen := map[string]bool{}
	used := map[rune]int{}
	const n = 10_000
	for range n {
		id := NewExternalID().Reveal()
		if len(id) != 26 || strings.Trim(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != "" || seen[id] {
			t.Fatalf("got %q, seen before: %v", id, seen[id])
		}
		seen[id] = true
		for _, c := range id {
			used[c]++
		}
	}
	const fair = n * 26 / 32
	for c, times := range used {
		if len(used) != 32 || times < fair*8/10 || times > fair*12/10 {
			t.Errorf("%c came %d times, want about %d; %d characters came", c, times, fair, len(used))
		}
	}
	if id := NewExternalID(); strings.Contains(id.String(), id.Reveal()) {
		t.Error("it prints")
	}
}
