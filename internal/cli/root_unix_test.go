//go:build !windows

package cli

import (
	"os"
	"strings"
	"testing"
)

// What root would make in the home of a user keeps that user out of it.
func TestRootInTheHomeOfAnother(t *testing.T) {
	profiles(t)
	const warning = "what credd makes there is root's"
	if r := run(t, "", "import", "--undo", "--yes"); r.code != 0 || strings.Contains(r.err, warning) {
		t.Errorf("in our own home: got %+v", r)
	}
	if os.Getuid() != 0 {
		t.Log("the rest is for root")
		return
	}
	if err := os.Chown(os.Getenv("HOME"), 65534, 65534); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"import", "--yes"}, {"profiles", "sync"}, {"profiles", "remove"}} {
		if r := run(t, "", args...); r.code != 0 || !strings.Contains(r.err, warning) || !strings.Contains(r.err, "sudo -u '#65534' credd …") {
			t.Errorf("%q: got %+v", args, r)
		}
	}
	for _, args := range [][]string{{"import", "--dry-run"}, {"profiles", "diff"}} {
		if r := run(t, "", args...); strings.Contains(r.err, warning) {
			t.Errorf("%q: got %+v", args, r)
		}
	}
}
