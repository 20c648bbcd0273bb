//go:build linux

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestRetireAtATerminal asks first.
func TestRetireAtATerminal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.customer("acme", "admin")
	const customer = ".config/credd/customers/acme.toml"
	before := w.read(customer)
	for _, no := range []string{"no\n", "\x04", "\x03"} {
		p := w.pty()
		p.start(w.command("credd", "customer", "retire", "acme"))
		p.see("retire acme, with 1 role and 0 profiles (yes/no): ")
		p.types(no)
		p.see("nothing was changed")
		if w.read(customer) != before {
			t.Fatalf("it changed at %q", no)
		}
	}
	p := w.pty()
	p.start(w.command("credd", "customer", "retire", "acme"))
	p.see("(yes/no): ")
	p.types("yes\n")
	p.see("take it back: credd customer retire acme --undo")
	w.credd("customer", "retire", "acme", "--undo").want(t, 0, "acme is back as it was")
	if w.read(customer) != before {
		t.Errorf("got %s", w.read(customer))
	}
}

// TestKilledRetirements kills credd customer retire, and its undo, at many moments. Each time there is the customer or its archive,
// and not both; the same again finishes, and the undo of that brings every byte back.
func TestKilledRetirements(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.customer("acme", "admin")
	w.customer("globex", "admin")
	w.write(".config/credd/credd.toml", strings.Replace(w.read(".config/credd/credd.toml"), "\"northwind\"\n", "\"northwind\"\naccount_id = \"210987654321\"\n", 1))
	w.credd("customer", "invite", "acme", "--permissions", "readonly", "--out", w.path("folder")).want(t, 0)
	w.credd("profiles", "sync").want(t, 0)
	w.serve()
	const customer, profiles, terms, lock = ".config/credd/customers/acme.toml", ".aws/config", ".local/state/credd/invitations/acme.json", ".local/state/credd/aws.lock"
	before := map[string]string{}
	for _, name := range []string{customer, profiles, terms} {
		before[name] = w.read(name)
	}
	there := func(pattern string) bool {
		names, _ := filepath.Glob(w.path(pattern))
		return len(names) > 0
	}
	archive := func() bool { return there(".config/credd/retired/acme-*.toml") }
	kill := func(what string, now func() bool, args ...string) {
		t.Helper()
		killed(t, w.command("credd", append([]string{"customer", "retire", "acme"}, args...)...), now)
		if there(customer) == archive() {
			t.Fatalf("killed at %s: customer %v, archive %v", what, there(customer), archive())
		}
	}
	restored := func(what string) {
		t.Helper()
		if archive() {
			w.credd("customer", "retire", "acme", "--undo").want(t, 0, "acme is back as it was")
		}
		for name, text := range before {
			if w.read(name) != text {
				t.Errorf("killed at %s: %s is\n%s\nwant\n%s", what, name, w.read(name), text)
			}
		}
		if t.Failed() {
			t.FailNow()
		}
	}
	finished := func(what string) {
		t.Helper()
		w.credd("customer", "retire", "acme", "--yes").want(t, 0)
		if there(customer) || there(terms) || strings.Contains(w.read(profiles), "acme") || !strings.Contains(w.read(profiles), "globex") || !archive() {
			t.Errorf("killed at %s, and run again: customer %v, terms %v, profiles\n%s", what, there(customer), there(terms), w.read(profiles))
		}
	}
	after := func(d time.Duration) func() bool {
		end := time.Now().Add(d)
		return func() bool { return time.Now().After(end) }
	}
	copied := func() bool { return there(".config/credd/retired/acme-*.json") }
	for what, now := range map[string]func() bool{
		"the copies": copied, "the move": archive, "the end of the terms": func() bool { return archive() && !there(terms) },
	} {
		kill(what, now, "--yes")
		finished(what)
		restored(what)
	}
	unlock := w.locked(lock)
	kill("the profiles", func() bool { return archive() && !there(terms) }, "--yes")
	unlock()
	if !strings.Contains(w.read(profiles), "acme") {
		t.Error("the profiles are gone, though somebody else had their lock")
	}
	finished("the profiles")
	restored("the profiles")
	for d := 10 * time.Millisecond; d < 130*time.Millisecond; d += 8 * time.Millisecond { // some 80 ms is what it takes
		kill(d.String(), after(d), "--yes")
		finished(d.String())
		kill("undo, "+d.String(), after(d), "--undo")
		if there(customer) && copied() { // its profiles come last
			w.credd("customer", "retire", "acme", "--undo").want(t, 0, "acme is back as it was")
		}
		restored("undo, " + d.String())
	}
	if left, err := os.ReadDir(w.path(".config/credd/customers")); err != nil || len(left) != 2 {
		t.Errorf("got %v, %v", left, err)
	}
}
