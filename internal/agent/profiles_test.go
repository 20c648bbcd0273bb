package agent_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"credd/internal/agent/api"
	"credd/internal/agent/roster"
)

// follows is asked to let the profiles follow, and answers when a test says so.
type follows struct {
	asked  chan string // the roles
	answer chan followed
	over   chan struct{}
}

type followed struct {
	warning string
	err     error
}

func (f follows) Follow(r *roster.Roster) (string, error) {
	var names []string
	for _, role := range r.Roles() {
		names = append(names, role.Name)
	}
	select {
	case f.asked <- strings.Join(names, " "):
	case <-f.over:
		return "", nil
	}
	select {
	case a := <-f.answer:
		return a.warning, a.err
	case <-f.over:
		return "", nil
	}
}

func following(t *testing.T, w *world) {
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { w.agent.FollowProfiles(ctx); close(done) }()
	t.Cleanup(func() { stop(); close(w.follows.over); <-done })
}

func TestProfilesFollow(t *testing.T) {
	w := newWorld(t, map[string]string{"credd.toml": settings + "[profiles]\nsync = true\n", "customers/acme.toml": customerText("admin")})
	following(t, w)
	warnings := func() string {
		var st api.Status
		if err := w.call(t, api.Request{Do: api.DoStatus}, &st); err != nil {
			t.Fatal(err)
		}
		return strings.Join(st.Warnings, "\n")
	}
	next := func(want string, a followed) {
		t.Helper()
		if got := <-w.follows.asked; got != want {
			t.Errorf("got roles %q, want %q", got, want)
		}
		w.follows.answer <- a
	}
	if got := <-w.follows.asked; got != "acme/admin" { // at the start
		t.Errorf("got %q", got)
	}
	// While it waits for an editor requests are served and files are read again, often; then it looks once more, at the last of them.
	w.write(t, "customers/acme.toml", customerText("admin", "x"))
	w.agent.Reload()
	w.write(t, "customers/acme.toml", customerText("admin", "ops"))
	w.agent.Reload()
	w.agent.Reload()
	if got := warnings(); got != "" {
		t.Errorf("got %q", got)
	}
	w.follows.answer <- followed{}
	next("acme/admin acme/ops", followed{warning: "no profile for acme/ops"})

	w.agent.Reload()
	if got := <-w.follows.asked; got != "acme/admin acme/ops" {
		t.Errorf("got %q", got)
	}
	if got := warnings(); got != "no profile for acme/ops" {
		t.Errorf("got %q", got)
	}
	w.follows.answer <- followed{err: errors.New("config:3: broken")}
	w.agent.Reload()
	<-w.follows.asked
	if got := warnings(); got != "the profiles in ~/.aws/config do not follow the roles: config:3: broken" {
		t.Errorf("got %q", got)
	}
	w.follows.answer <- followed{}
	w.agent.Reload()
	<-w.follows.asked
	if got := warnings(); got != "" {
		t.Errorf("got %q", got)
	}
}

func TestProfilesAreLeftAlone(t *testing.T) {
	w := newWorld(t, map[string]string{"credd.toml": settings, "customers/acme.toml": customerText("admin")})
	following(t, w)
	for range 3 {
		w.agent.Reload()
	}
	w.write(t, "credd.toml", settings+"[profiles]\nsync = true\n")
	w.agent.Reload()
	if got := <-w.follows.asked; got != "acme/admin" {
		t.Errorf("got %q", got)
	}
}
