//go:build linux

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestKilledInvitations kills credd customer invite at many moments. Then either nothing of it counts, and the same works, or the role
// is there, and its folder can be had by --again.
func TestKilledInvitations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write(".config/credd/credd.toml", strings.Replace(w.read(".config/credd/credd.toml"), "\"northwind\"\n", "\"northwind\"\naccount_id = \"210987654321\"\n", 1))
	w.serve()
	w.credd("source", "test", "work").want(t, 0)
	there := func(name string) bool { _, err := os.Stat(w.path(name)); return err == nil }
	n, before, after := 0, 0, 0
	kill := func(now func(customer string) bool) {
		t.Helper()
		n++
		key := fmt.Sprintf("c%d", n)
		args := func(more ...string) []string {
			return append([]string{"customer", "invite", key, "--permissions", "readonly", "--out", w.path("out/" + key)}, more...)
		}
		killed(t, w.command("credd", args("--account", fmt.Sprintf("%012d", n))...), func() bool { return now(key) })
		customer, whole := ".config/credd/customers/"+key+".toml", there("out/"+key)
		switch {
		case !there(customer) && whole:
			t.Errorf("%s: a folder without a customer", key)
		case !there(customer):
			before++
			w.credd(args("--account", fmt.Sprintf("%012d", n))...).want(t, 0, "made ")
		case !whole:
			after++
			w.credd("customer", "invite", key, "--again", "--out", w.path("out/"+key)).want(t, 0, "made ")
		}
		_, id, _ := strings.Cut(w.read(customer), "external_id = \"")
		id, _, _ = strings.Cut(id, "\"")
		if len(id) < 26 || !strings.Contains(w.read("out/"+key+"/parameters.json"), id) {
			t.Errorf("%s: the folder is not of the customer", key)
		}
		w.credd("role", "show", key+"/readonly").want(t, 0, "hidden")
	}
	kill(func(string) bool { names, _ := filepath.Glob(w.path("out/.credd-invitation-*")); return len(names) > 0 })
	kill(func(key string) bool { return there(".local/state/credd/invitations/" + key + ".json") })
	kill(func(key string) bool { return there(".config/credd/customers/" + key + ".toml") })
	for d := 10 * time.Millisecond; d < 160*time.Millisecond; d += 10 * time.Millisecond {
		end := time.Now().Add(d)
		kill(func(string) bool { return time.Now().After(end) })
	}
	t.Logf("of %d: killed before the customer %d, and between it and its folder %d", n, before, after)
}

// killed runs a command, and kills it as soon as something is so, unless it has ended by then.
func killed(t *testing.T, cmd *exec.Cmd, now func() bool) {
	t.Helper()
	check(t, cmd.Start())
	ended := make(chan struct{})
	go func() { cmd.Wait(); close(ended) }()
	for end := time.Now().Add(patient); !now() && time.Now().Before(end); {
		select {
		case <-ended:
			return
		default: // the moment may be a short one
		}
	}
	cmd.Process.Kill()
	<-ended
}
