package agent_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"credd/internal/agent/api"
	"credd/internal/agent/audit"
)

func TestNotOpenAndNotThereAreTheSame(t *testing.T) {
	w, m := newSystem(t, systemFiles)
	ana, bob := w.as(t, anaUID, anaUID), w.as(t, bobUID, bobUID)
	const text = "8 NAME: there is no role of this name that USER may use | what you may use shows: credd role list; the administrator of this machine's credd opens a role with allow"
	for _, name := range []string{
		"acme/canarydev", "acme/canaryclosed", "canaryglobex/admin", "canaryglobex/own", "canarybroken/admin", "acme/nothing", "acme/admni", "nobody/admin", "@canarysource", "@nothing", "acme", "x", "../x",
	} {
		for _, o := range []order{
			{Role: name}, {Do: &api.Request{Do: api.DoRefresh, Name: name}}, {Do: &api.Request{Do: api.DoTest, Name: name}},
			{Do: &api.Request{Do: api.DoForget, Name: name}},
		} {
			if name == "acme" && o.Do != nil && o.Do.Do == api.DoForget {
				continue // ana may: it is a customer with roles of hers
			}
			calls := w.aws.count()
			if got, want := ana.does(o).String(), strings.NewReplacer("NAME", name, "USER", "ana").Replace(text); got != want {
				t.Errorf("%+v: got  %s\nwant %s", o, got, want)
			}
			if w.aws.count() != calls {
				t.Errorf("%+v: AWS was asked", o)
			}
		}
	}
	// The names of all roles are looked up, whichever is asked for: how long that takes tells nothing.
	var want []string
	for _, name := range []string{"acme/canarydev", "acme/nothing", "canarybroken/admin", "acme/admin"} {
		w.advance(2 * time.Minute)
		m.took()
		bob.get(name)
		got := m.took()
		if want == nil {
			want = got
		}
		if len(got) == 0 || !slices.Equal(got, want) {
			t.Errorf("%s: looked up %v, want %v", name, got, want)
		}
		if bob.get(name); len(m.took()) != 0 {
			t.Errorf("%s: looked up again within a minute", name)
		}
	}
}

func TestAUserSeesOnlyTheirOwn(t *testing.T) {
	w, _ := newSystem(t, systemFiles)
	root, ana, bob := w.as(t, 0, 0), w.as(t, anaUID, anaUID), w.as(t, bobUID, bobUID, devGID)
	for _, r := range []string{"canaryglobex/admin", "acme/admin", "acme/chained", "acme/expired", "acme/canarybob"} {
		root.get(r)
	}
	bob.get("acme/canarybob")
	w.aws.set(denied)
	root.get("acme/noname")
	w.aws.set(nil)
	for _, r := range []string{"acme/admin", "acme/chained", "acme/expired", "acme/noname", "acme/canarydev", "nobody/x"} {
		ana.get(r)
	}
	asks := map[string]api.Request{
		"status": {Do: api.DoStatus}, "names": {Do: api.DoNames}, "roster": {Do: api.DoRoster}, "audit": {Do: api.DoAudit},
		"expired": {Do: api.DoRefresh, Name: "acme/expired"}, "tested": {Do: api.DoTest, Name: "acme/expired"}, "forgotten": {Do: api.DoForget, All: true},
	}
	whole := func(u *user) map[string]string {
		out := map[string]string{}
		for _, name := range []string{"status", "names", "roster", "audit", "expired", "tested", "forgotten"} {
			r := u.call(asks[name])
			b, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			out[name] = strings.ReplaceAll(string(b), "acme/canarydev", "") // which ana herself has named
		}
		return out
	}
	forAna, forRoot := whole(ana), whole(root)
	for name, text := range forAna {
		for _, secret := range []string{"canary", w.dir + "/customers", `"bob"`, "credd-acme-root", `"root"`, fmt.Sprint(bobUID)} {
			if strings.Contains(text, secret) {
				t.Errorf("%s: ana is told %s:\n%s", name, secret, text)
			}
		}
		if !strings.Contains(forRoot[name], "canary") && name != "forgotten" {
			t.Errorf("%s: root is not told all, so that the test proves nothing:\n%s", name, forRoot[name])
		}
	}
	if !strings.Contains(forAna["status"], "acme/chained") || !strings.Contains(forAna["audit"], "acme/chained") {
		t.Errorf("ana does not see her own:\n%s\n%s", forAna["status"], forAna["audit"])
	}
	var st api.Status
	json.Unmarshal(root.call(asks["status"]).Out, &st)
	if len(st.Problems) == 0 || len(st.Sources) == 0 {
		t.Errorf("root: got %+v", st)
	}
	var lines []audit.Entry
	for _, e := range ana.call(asks["audit"]).Events {
		var line audit.Entry
		if err := json.Unmarshal(e.Line, &line); err != nil || line.UID != anaUID || line.User != "ana" {
			t.Errorf("got %s, %v", e.Line, err)
		}
		lines = append(lines, line)
	}
	if len(lines) != 6 {
		t.Errorf("got %d lines, want ana's six answers", len(lines))
	}
	if r := ana.call(api.Request{Do: api.DoAudit, Audit: &api.AuditFilter{Outcome: "refused"}}); len(r.Events) != 2 {
		t.Errorf("got %d refusals, want 2", len(r.Events))
	}
	if r := root.call(asks["audit"]); len(r.Events) <= len(lines)+3 {
		t.Errorf("root sees %d lines", len(r.Events))
	}
}

func TestTheRosterOfAUser(t *testing.T) {
	w, _ := newSystem(t, systemFiles)
	var got api.Roster
	if r := w.as(t, anaUID, anaUID).call(api.Request{Do: api.DoRoster}); json.Unmarshal(r.Out, &got) != nil || len(got.Customers) != 1 {
		t.Fatal(r, string(r.Out))
	}
	c := got.Customers[0]
	var names []string
	for _, r := range c.Roles {
		names = append(names, r.Name)
	}
	if c.Key != "acme" || c.DefaultRole != "admin" || strings.Join(names, " ") != "admin chained expired noname" || got.Profiles != "{customer}/{role}" {
		t.Errorf("got %+v", got)
	}
	got = api.Roster{}
	if r := w.as(t, eveUID, eveUID, devGID).call(api.Request{Do: api.DoRoster}); json.Unmarshal(r.Out, &got) != nil || got.Customers[0].DefaultRole != "" {
		t.Errorf("got %s, want no default role that is not open", r.Out)
	}
	got = api.Roster{}
	if r := w.as(t, 0, 0).call(api.Request{Do: api.DoRoster}); json.Unmarshal(r.Out, &got) != nil || len(got.Customers) != 3 {
		t.Errorf("got %s, want all for root", r.Out)
	}
}
