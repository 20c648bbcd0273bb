package agent_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"credd/internal/agent"
	"credd/internal/agent/api"
	"credd/internal/ipc"
	"credd/internal/ipc/peer"
)

func TestEachUserGetsWhatAllowSays(t *testing.T) {
	w, _ := newSystem(t, systemFiles)
	all := []string{"acme/admin", "acme/canarydev", "acme/canarybob", "acme/canaryclosed", "acme/chained", "acme/noname", "canaryhub/base", "canaryglobex/admin", "canaryglobex/own", "@canarysource"}
	for _, c := range []struct {
		name string
		user *user
		may  string
	}{
		{"root", w.as(t, 0, 0), strings.Join(all, " ")},
		{"credd", w.as(t, daemonUID, daemonUID), strings.Join(all, " ")},
		{"ana", w.as(t, anaUID, anaUID), "acme/admin acme/chained acme/noname"},
		{"bob", w.as(t, bobUID, bobUID, 7, devGID), "acme/canarydev acme/canarybob"},
		{"eve", w.as(t, eveUID, devGID), "acme/canarydev"},
		{"nobody", w.as(t, 12346, 12346, 7), ""},
		{"number in place of the group's", w.as(t, 12347, 12347, anaUID, bobUID), ""},
		{"a number of bob's for his namespaces", w.as(t, 100001, 100001, devGID), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var may []string
			for _, name := range all {
				r := c.user.get(name)
				if r.KeyID != "" {
					may = append(may, name)
				} else if r.Code != ipc.Refused || r.Session != "" {
					t.Errorf("%s: got %v, want it or a refusal", name, r)
				}
			}
			if got := strings.Join(may, " "); got != c.may {
				t.Errorf("got %s, want %s", got, c.may)
			}
		})
	}
}

func TestASessionBelongsToOneUser(t *testing.T) {
	w, _ := newSystem(t, map[string]string{"credd.toml": settings, "customers/acme.toml": "version = 1\nallow = { users = [\"12345\"], groups = [\"dev\"] }\n" +
		role("admin", "") + role("fixed", "session_name = \"fixed\"\n") + role("chained", "source = \"acme/fixed\"\n")})
	names := map[string]*user{
		"root": w.as(t, 0, 0), "credd": w.as(t, daemonUID, daemonUID), "ana": w.as(t, anaUID, devGID), "bob": w.as(t, bobUID, devGID),
		"uid12345": w.as(t, namelessUID, namelessUID, devGID),
	}
	seen := map[string]string{}
	for name, u := range names {
		for _, role := range []string{"acme/admin", "acme/fixed", "acme/chained"} {
			first, again := u.get(role), u.get(role)
			if first.KeyID == "" || first.KeyID != again.KeyID {
				t.Fatalf("%s, %s: got %v, then %v, want one session", name, role, first, again)
			}
			if of := seen[first.KeyID]; of != "" {
				t.Errorf("%s, %s: got the session of %s", name, role, of)
			}
			seen[first.KeyID] = name + ", " + role
		}
		if got := w.trail.last(); got.User != name {
			t.Errorf("%s: got the audit line %+v", name, got)
		}
	}
	perName := map[string]int{}
	for _, call := range w.aws.calls {
		perName[call.SessionName]++
	}
	for name := range names { // acme/admin and acme/chained; acme/fixed is once each, asked for by chained too
		if got := perName["credd-acme-"+name]; got != 2 {
			t.Errorf("%s: got %d sessions of that name, want 2: %v", name, got, perName)
		}
	}
	if perName["fixed"] != len(names) {
		t.Errorf("got %d sessions for %d users where the template has no {user}", perName["fixed"], len(names))
	}
	for name, u := range names {
		st := u.status()
		if want := 3; name != "root" && name != "credd" && len(st.Sessions) != want {
			t.Errorf("%s: sees %d sessions, want %d", name, len(st.Sessions), want)
		} else if (name == "root" || name == "credd") && len(st.Sessions) != 3*len(names) {
			t.Errorf("%s: sees %d sessions, want all", name, len(st.Sessions))
		}
	}
	// One forgets: the others keep theirs.
	before := w.aws.count()
	if r := names["ana"].call(api.Request{Do: api.DoForget, All: true}); r.Code != 0 {
		t.Fatal(r)
	}
	names["bob"].get("acme/admin")
	if w.aws.count() != before {
		t.Error("bob's session went with ana's")
	}
	if names["ana"].get("acme/admin"); w.aws.count() != before+1 {
		t.Error("ana's session did not go")
	}
}

func TestAllowIsInForceAtOnce(t *testing.T) {
	w, m := newSystem(t, map[string]string{"credd.toml": settings})
	write := func(allow string) {
		w.write(t, "customers/acme.toml", "version = 1\n"+allow+role("admin", ""))
		if r := w.agent.Reload(); len(r.Dropped) > 0 || len(r.Problems) > 0 {
			t.Errorf("got %+v, want nothing dropped", r)
		}
	}
	ana, bob := w.as(t, anaUID, anaUID), w.as(t, bobUID, bobUID, devGID)
	steps := []struct {
		allow    string
		ana, bob bool
	}{
		{"", false, false},
		{"allow = { users = [\"ana\"] }\n", true, false},
		{"", false, false},
		{"allow = { groups = [\"dev\"] }\n", false, true},
		{"allow = { users = [\"ana\"], groups = [\"dev\"] }\n", true, true},
		{"allow = { users = [] }\n", false, false},
	}
	for i, s := range steps {
		write(s.allow)
		if got := [2]bool{ana.get("acme/admin").KeyID != "", bob.get("acme/admin").KeyID != ""}; got != [2]bool{s.ana, s.bob} {
			t.Errorf("step %d: got %v, want %v, %v", i, got, s.ana, s.bob)
		}
		if n := len(ana.status().Sessions); (n == 1) != s.ana {
			t.Errorf("step %d: ana sees %d sessions", i, n)
		}
	}
	if n := w.aws.count(); n != 2 {
		t.Errorf("got %d calls, want one for each of the two: what is closed is not dropped", n)
	}
	// A user who is gone from the machine is out within a minute.
	write("allow = { users = [\"ana\"] }\n")
	if r := ana.get("acme/admin"); r.KeyID == "" {
		t.Fatal(r)
	}
	m.change(func() { m.users["ana"] = 777 })
	w.advance(time.Minute)
	if r := ana.get("acme/admin"); r.KeyID != "" {
		t.Errorf("got %v, want ana's name to be another's", r)
	}
}

func TestNamesThatAreNobodys(t *testing.T) {
	w, m := newSystem(t, map[string]string{"credd.toml": settings,
		"customers/acme.toml": "version = 1\nallow = { users = [\"ana\", \"carol\"] }\n" + role("admin", "") + role("ops", "allow = { groups = [\"gone\"] }\n")})
	root, ana := w.as(t, 0, 0), w.as(t, anaUID, anaUID)
	if r := ana.get("acme/admin"); r.KeyID == "" {
		t.Fatal(r)
	}
	if got, want := strings.Join(root.status().Warnings, "\n"), "allow of acme names nobody: carol; allow of acme/ops names nobody: gone"; got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	m.change(func() { m.err = errors.New("the directory does not answer") })
	w.advance(time.Minute)
	if r := ana.get("acme/admin"); r.Code != ipc.Refused {
		t.Errorf("got %v, want it closed while nobody tells who ana is", r)
	}
	if got := strings.Join(root.status().Warnings, "\n"); !strings.Contains(got, "allow of acme names ana, who cannot be looked up now and is not let in: the directory does not answer") {
		t.Errorf("got %s", got)
	}
	m.change(func() { m.err = nil; m.users["carol"] = 5; m.groups["gone"] = "6" })
	w.advance(15 * time.Second)
	if r := ana.get("acme/admin"); r.KeyID == "" {
		t.Errorf("got %v, want it open again soon after the directory is back", r)
	}
	if got := root.status().Warnings; len(got) != 0 {
		t.Errorf("got %v, want no warning left", got)
	}
}

func TestAUserIsNotAskedForAnothersCode(t *testing.T) {
	coded := &codedSource{}
	w, _ := newSystemWith(t, coded, map[string]string{"credd.toml": codedSettings, "customers/acme.toml": "version = 1\nallow = { users = [\"ana\"] }\n" + role("admin", "")})
	ana, root := w.as(t, anaUID, anaUID), w.as(t, 0, 0)
	for _, o := range []order{{Role: "acme/admin"}, {Do: &api.Request{Do: api.DoRefresh, Name: "acme/admin"}}, {Do: &api.Request{Do: api.DoTest, Name: "acme/admin"}}} {
		if r := ana.does(o); r.Asked != 0 || r.String() != "5 acme/admin: the administrator of this machine's credd has to log in | they see where: sudo credd --system status" {
			t.Errorf("%+v: got %v after %d questions", o, r, r.Asked)
		}
	}
	if r := root.get("acme/admin"); r.Asked != 1 || r.KeyID == "" {
		t.Errorf("root: got %v after %d questions", r, r.Asked)
	}
	if r := ana.get("acme/admin"); r.KeyID == "" {
		t.Errorf("got %v once root has logged in", r)
	}
}

// A session stays its user's while the directory does not tell the name. Who has the number and another name has neither it nor the lines.
func TestANameThatChanges(t *testing.T) {
	w, m := newSystem(t, map[string]string{"credd.toml": settings, "customers/acme.toml": "version = 1\nallow = { users = [\"10002\"] }\n" + role("admin", "")})
	bob := w.as(t, bobUID, bobUID)
	first := bob.get("acme/admin")
	for _, c := range []struct {
		name   string
		change func()
		same   bool
		lines  int
	}{
		{"nothing", func() {}, true, 2},
		{"the directory is away", func() { m.err = errors.New("away") }, true, 3},
		{"it is back", func() { m.err = nil }, true, 4},
		{"another has the number", func() { delete(m.users, "bob"); m.users["mal"] = bobUID }, false, 1},
	} {
		m.change(c.change)
		w.advance(time.Minute)
		r := bob.get("acme/admin")
		if got := r.KeyID == first.KeyID; r.KeyID == "" || got != c.same {
			t.Errorf("%s: got %v after %v", c.name, r, first)
		}
		if r := bob.call(api.Request{Do: api.DoAudit}); len(r.Events) != c.lines {
			t.Errorf("%s: got %d lines, want %d", c.name, len(r.Events), c.lines)
		}
	}
}

// On a user's own daemon allow can only close: for the owner, too.
func TestAllowOnOnesOwnDaemon(t *testing.T) {
	m := newMachine()
	w := newWorldOf(t, nil, func(o *agent.Options) { o.Accounts, o.Owner = m, peer.User{UID: anaUID} }, map[string]string{
		"credd.toml": settings,
		"customers/acme.toml": "version = 1\n" + role("open", "") + role("ana", "allow = { users = [\"ana\"] }\n") + role("bob", "allow = { users = [\"bob\"] }\n") +
			role("dev", "allow = { groups = [\"dev\"] }\n"),
	})
	if err := os.Chmod(w.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		user *user
		may  string
	}{
		{"owner", w.as(t, anaUID, anaUID), "open ana"},
		{"owner in a group", w.as(t, anaUID, anaUID, devGID), "open ana dev"},
		{"root", w.as(t, 0, 0), "open ana bob dev"},
		{"another, who is named", w.as(t, bobUID, devGID), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var may []string
			for _, name := range []string{"open", "ana", "bob", "dev"} {
				if r := c.user.get("acme/" + name); r.KeyID != "" {
					may = append(may, name)
				} else if r.Code != ipc.Refused {
					t.Errorf("%s: got %v", name, r)
				}
			}
			if got := strings.Join(may, " "); got != c.may {
				t.Errorf("got %s, want %s", got, c.may)
			}
		})
	}
	if r := w.as(t, anaUID, anaUID).get("acme/bob"); r.String() != "8 acme/bob: its allow does not name ana | add ana to allow in customers/acme.toml, or remove that line" {
		t.Errorf("got %v", r)
	}
}

func TestProfilesAreNotInForceOnAMachine(t *testing.T) {
	w, _ := newSystem(t, map[string]string{"credd.toml": settings + "[profiles]\nsync = true\n"})
	following(t, w)
	root := w.as(t, 0, 0)
	for deadline := time.Now().Add(20 * time.Second); ; {
		if got := root.status().Warnings; len(got) == 1 && strings.HasPrefix(got[0], "[profiles] sync is not in force") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("no warning")
		}
	}
}

// A session of somebody for whom the role was closed is not renewed in their name, which CloudTrail would show.
func TestAClosedSessionIsNotRefreshedAhead(t *testing.T) {
	for _, c := range []struct {
		name, allow string
		again       bool // ana asks again after the change
		calls       int
	}{
		{"unchanged", "{ users = [\"ana\"] }", false, 2},
		{"closed", "{ users = [] }", false, 1},
		{"closed, and asked for", "{ users = [] }", true, 1},
		{"another way to be open", "{ users = [\"ana\", \"bob\"] }", true, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := "version = 1\nallow = ALLOW\n" + role("admin", "")
			w, _ := newSystem(t, map[string]string{"credd.toml": settings, "customers/acme.toml": strings.Replace(text, "ALLOW", "{ users = [\"ana\"] }", 1)})
			ana := w.as(t, anaUID, anaUID)
			if r := ana.get("acme/admin"); r.KeyID == "" {
				t.Fatal(r)
			}
			w.write(t, "customers/acme.toml", strings.Replace(text, "ALLOW", c.allow, 1))
			w.agent.Reload()
			if c.again {
				ana.get("acme/admin")
			}
			w.advance(50 * time.Minute)
			w.agent.Sweep()
			if n := w.aws.count(); n != c.calls {
				t.Errorf("got %d calls, want %d", n, c.calls)
			}
		})
	}
}
