package agent_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"credd/internal/agent"
	"credd/internal/agent/api"
	"credd/internal/agent/audit"
	"credd/internal/ipc"
	"credd/internal/ipc/peer"
)

// The users of the machine in these tests. None of them is in its files.
const (
	daemonUID   = 9900
	anaUID      = 10001
	bobUID      = 10002
	eveUID      = 10003
	namelessUID = 12345
	devGID      = 20001
	opsGID      = 20002
)

// machine are the accounts of a machine, and how often it was asked for which.
type machine struct {
	mu     sync.Mutex
	users  map[string]uint32
	groups map[string]string
	err    error
	asked  []string
}

func newMachine() *machine {
	return &machine{
		users:  map[string]uint32{"root": 0, "credd": daemonUID, "ana": anaUID, "bob": bobUID, "eve": eveUID},
		groups: map[string]string{"dev": fmt.Sprint(devGID), "ops": fmt.Sprint(opsGID)},
	}
}

func (m *machine) User(_ context.Context, name string) (peer.User, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked = append(m.asked, name)
	if n, err := strconv.ParseUint(name, 10, 32); err == nil && (n == bobUID || n == namelessUID) {
		return peer.User{UID: uint32(n)}, true, nil
	}
	uid, ok := m.users[name]
	return peer.User{UID: uid}, ok, m.err
}

func (m *machine) Group(_ context.Context, name string) (string, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked = append(m.asked, name)
	gid, ok := m.groups[name]
	return gid, ok, m.err
}

func (m *machine) Name(_ context.Context, u peer.User) (string, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for name, uid := range m.users {
		if uid == u.UID && m.err == nil {
			return name, true, nil
		}
	}
	return "", false, m.err
}

func (m *machine) change(how func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	how()
}

// took returns what was asked for since the last call.
func (m *machine) took() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := m.asked
	m.asked = nil
	slices.Sort(out)
	return out
}

func role(name, more string) string {
	return "[role." + name + "]\narn = \"arn:aws:iam::012345678901:role/" + name + "\"\n" + more
}

// systemFiles open and close roles in all ways. What is not open to ana has the word canary in its name.
var systemFiles = map[string]string{
	"credd.toml": `version = 1
[source.canarysource]
type = "profile"
profile = "work"
[source.canaryold]
type = "profile"
profile = "expired"
[defaults]
source = "canarysource"
`,
	"customers/acme.toml": "version = 1\nexternal_id = \"canary-id\"\ndefault_role = \"admin\"\nallow = { users = [\"ana\"] }\n" +
		role("admin", "") +
		role("canarydev", "allow = { groups = [\"dev\"] }\n") +
		role("canarybob", "allow = { users = [\"10002\"] }\n") +
		role("canaryclosed", "allow = { users = [] }\n") +
		role("chained", "source = \"canaryhub/base\"\n") +
		role("expired", "source = \"canaryold\"\nallow = { users = [\"ana\", \"eve\"], groups = [\"ops\"] }\n") +
		role("noname", "session_name = \"fixed\"\nallow = { users = [\"ana\", \"12345\"] }\n"),
	"customers/canaryhub.toml":    "version = 1\n" + role("base", ""),
	"customers/canaryglobex.toml": "version = 1\n" + role("admin", "") + "[role.own]\nown_session = true\nsource = \"canarysource\"\n",
	"customers/canarybroken.toml": "version = 9\nallow = { users = [\"ana\"] }\n" + role("admin", ""),
}

func newSystem(t *testing.T, files map[string]string) (*world, *machine) {
	t.Helper()
	return newSystemWith(t, nil, files)
}

func newSystemWith(t *testing.T, coded *codedSource, files map[string]string) (*world, *machine) {
	t.Helper()
	m := newMachine()
	w := newWorldOf(t, coded, func(o *agent.Options) {
		o.System, o.Accounts, o.User, o.Owner = true, m, "credd", peer.User{UID: daemonUID}
	}, files)
	if err := os.Chmod(w.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return w, m
}

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

// reaches are all management requests: whether a guest may make them.
var reaches = map[string]bool{
	api.DoStatus: true, api.DoNames: true, api.DoRoster: true, api.DoAudit: true, api.DoRefresh: true, api.DoForget: true, api.DoTest: true,
	api.DoReload: false, api.DoLogin: false, api.DoLogout: false, api.DoStoreKey: false, api.DoRotate: false, api.DoDropKey: false,
	api.DoAccounts: false, api.DoKeep: false, api.DoKept: false, api.DoKeyID: false, api.DoTryKey: false, api.DoVerify: false, api.DoAlive: false,
}

// doConstants are the requests that package api has, by its source.
func doConstants(t *testing.T) (out []string) {
	t.Helper()
	files, err := filepath.Glob("api/*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if v, ok := n.(*ast.ValueSpec); ok && len(v.Names) == 1 && len(v.Values) == 1 && strings.HasPrefix(v.Names[0].Name, "Do") {
				if lit, ok := v.Values[0].(*ast.BasicLit); ok {
					out = append(out, strings.Trim(lit.Value, `"`))
				}
			}
			return true
		})
	}
	return out
}

func TestWhoMayMakeWhichRequest(t *testing.T) {
	all := doConstants(t)
	if len(all) < 19 || len(all) != len(reaches) {
		t.Errorf("got %d requests in the source, %d here", len(all), len(reaches))
	}
	w, _ := newSystem(t, systemFiles)
	const closed = "only the administrator of this machine's credd may do that"
	for name, u := range map[string]*user{
		"root": w.as(t, 0, 0), "credd": w.as(t, daemonUID, daemonUID), "ana": w.as(t, anaUID, anaUID), "eve": w.as(t, eveUID, eveUID),
	} {
		for _, do := range all {
			open, known := reaches[do]
			if !known {
				t.Errorf("%s has no row here: may a guest make it?", do)
			}
			r := u.call(api.Request{Do: do, Name: "acme/admin"})
			isClosed := r.Code == ipc.Refused && r.Error == closed
			if want := !open && name != "root" && name != "credd"; isClosed != want {
				t.Errorf("%s: %s: got %v, want it closed: %v", name, do, r, want)
			}
			if isClosed && !strings.HasPrefix(r.Hint, "as root: sudo credd --system ") {
				t.Errorf("%s: got the hint %s", do, r.Hint)
			}
		}
		if r := u.call(api.Request{Do: "something-new", Name: "acme/admin"}); r.Code != ipc.Usage {
			t.Errorf("%s: an unknown request: got %v", name, r)
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

func TestOneUsersFloodLeavesRoomForOthers(t *testing.T) {
	w, _ := newSystem(t, systemFiles)
	ana, eve, root := w.as(t, anaUID, anaUID), w.as(t, eveUID, eveUID), w.as(t, 0, 0)
	const most = 256
	untilBusy(t, eve, func() { eve.does(order{Hold: most}) })
	if r := ana.get("acme/admin"); r.KeyID == "" {
		t.Errorf("ana: got %v", r)
	}
	root.does(order{Hold: 300})
	if r := root.get("acme/admin"); r.KeyID == "" {
		t.Errorf("root: got %v", r)
	}
}

// However many users flood it, root and the daemon's own watchdog are heard.
func TestAFloodOfManyUsersLeavesRoomForRoot(t *testing.T) {
	w, _ := newSystem(t, systemFiles)
	ana, root, credd := w.as(t, anaUID, anaUID), w.as(t, 0, 0), w.as(t, daemonUID, daemonUID)
	var crowd []*user
	for i := range uint32(5) {
		crowd = append(crowd, w.as(t, 30000+i, 30000))
	}
	untilBusy(t, ana, func() {
		for _, u := range crowd {
			u.does(order{Hold: 256})
		}
	})
	for name, u := range map[string]*user{"root": root, "credd": credd} {
		if r := u.call(api.Request{Do: api.DoAlive}); r.Code != 0 {
			t.Errorf("%s: got %v", name, r)
		}
	}
}

// untilBusy floods the daemon until it has no room for a user: on a busy machine what is held may end before all of it is there.
func untilBusy(t *testing.T, u *user, flood func()) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; {
		flood()
		r := u.get("acme/admin")
		if r.Code == ipc.Unreachable && strings.Contains(r.Error, "too many connections") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("got %v, want the daemon to be busy", r)
		}
	}
}

func TestRefusalsDoNotFillTheLog(t *testing.T) {
	w, _ := newSystem(t, systemFiles)
	ana, eve := w.as(t, anaUID, anaUID), w.as(t, eveUID, eveUID)
	for range 100 {
		eve.get("acme/admin")
	}
	ana.get("acme/nothing")
	counts := map[uint32]int{}
	w.trail.Read(audit.Filter{}, func(e audit.Entry) error { counts[e.UID]++; return nil })
	if counts[eveUID] != 30 || counts[anaUID] != 1 {
		t.Errorf("got %v lines, want 30 of eve in a minute", counts)
	}
	w.advance(time.Minute)
	eve.get("acme/admin")
	if got := w.trail.last(); got.UID != eveUID {
		t.Errorf("got %+v, want eve named again after a minute", got)
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

// A user may have the numbers of many others, for namespaces of their own.
func TestRefusalsOfManyUsersDoNotFillTheLog(t *testing.T) {
	w, _ := newSystem(t, systemFiles)
	for i := range uint32(15) {
		u := w.as(t, 40000+i, 40000)
		for range 30 {
			u.get("acme/admin")
		}
	}
	lines := 0
	w.trail.Read(audit.Filter{}, func(audit.Entry) error { lines++; return nil })
	if lines != 300 {
		t.Errorf("got %d lines, want 300 in a minute", lines)
	}
	w.advance(time.Minute)
	if w.as(t, eveUID, eveUID).get("acme/admin"); w.trail.last().UID != eveUID {
		t.Errorf("got %+v, want eve named after a minute", w.trail.last())
	}
}

// What makes credd ask AWS anew is not to be had without end: the account's calls are all users'.
func TestAUserDoesNotUseUpTheCallsOfAll(t *testing.T) {
	for _, do := range []string{api.DoRefresh, api.DoTest, api.DoForget} {
		t.Run(do, func(t *testing.T) {
			w, _ := newSystem(t, systemFiles)
			ana, eve, root := w.as(t, anaUID, anaUID), w.as(t, eveUID, eveUID), w.as(t, 0, 0)
			ask := api.Request{Do: do, Name: "acme/admin"}
			for n := range 50 {
				r := ana.call(ask)
				if got, want := r.Code == 0, n < 30; got != want {
					t.Fatalf("ana's request %d: got %v", n, r)
				}
				ana.get("acme/admin")
			}
			if got := w.aws.count(); got > 31 {
				t.Errorf("got %d calls of AWS", got)
			}
			if r := ana.get("acme/admin"); r.KeyID == "" {
				t.Errorf("ana's helper: got %v", r)
			}
			if r := eve.call(ask); r.Code != ipc.Refused {
				t.Errorf("eve, to whom it is closed: got %v", r)
			}
			for range 40 {
				if r := root.call(ask); r.Code != 0 {
					t.Fatalf("root: got %v", r)
				}
			}
			w.advance(time.Minute)
			if r := ana.call(ask); r.Code != 0 {
				t.Errorf("after a minute: got %v", r)
			}
		})
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

// Who asks for audit lines and does not read them is given up, and keeps nobody else waiting.
func TestALineReaderWhoDoesNotRead(t *testing.T) {
	w, _ := newSystem(t, systemFiles)
	for range 20_000 { // more than a socket holds
		w.trail.Record(audit.Entry{Time: w.clock(), Outcome: "ok", Role: "acme/admin", User: "ana", UID: anaUID, Error: strings.Repeat("x", 100)})
	}
	ana, root := w.as(t, anaUID, anaUID), w.as(t, 0, 0)
	ask := order{Do: &api.Request{Do: api.DoAudit}}
	deaf := ask
	deaf.Deaf = true
	refused := false
	for deadline := time.Now().Add(20 * time.Second); !refused && time.Now().Before(deadline); {
		ana.does(deaf)
		r := ana.does(ask)
		refused = r.Code == ipc.Unreachable && strings.Contains(r.Error, "being read already")
	}
	if !refused {
		t.Error("a second reading at once is not refused")
	}
	if r := root.does(ask); len(r.Events) < 20_000 {
		t.Errorf("root: got %d lines", len(r.Events))
	}
	if r := ana.get("acme/admin"); r.KeyID == "" {
		t.Errorf("got %v", r)
	}
	for deadline := time.Now().Add(30 * time.Second); ; {
		if r := ana.does(ask); len(r.Events) > 20_000 {
			return
		} else if time.Now().After(deadline) {
			t.Fatalf("got %v and %d lines, want the reader that does not read to be given up", r, len(r.Events))
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
