package cli

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"credd/internal/agent/api"
	"credd/internal/agent/cred"
	"credd/internal/agent/roster"
	"credd/internal/customer"
	"credd/internal/customer/invite"
	"credd/internal/customer/verify"
	"credd/internal/doctor"
)

var (
	tested     = time.Date(2026, 11, 12, 12, 0, 0, 0, time.UTC)
	acmeAsItIs = customer.Settings("arn:aws:iam::012345678901:role/Admin", cred.NewSecret("canary-id"), "work")
)

// stateDir is where the home of a test keeps what is known.
func stateDir(config string) string {
	return filepath.Join(filepath.Dir(filepath.Dir(config)), ".local", "state", "credd")
}

// verdict is a verification of acme/admin.
func verdictOf(v verify.Verdict) customer.Seen {
	return customer.Seen{Verified: &verify.Result{Role: "acme/admin", Verdict: v, At: tested, Summary: "what is known", Hint: "what to do", Settings: acmeAsItIs}}
}

func drifted() customer.Seen {
	s := verdictOf(verify.Verified)
	s.DeniedSince, s.DeniedWith = tested.Add(7*24*time.Hour), acmeAsItIs
	return s
}

func saw(t *testing.T, config string, s customer.Seen) {
	t.Helper()
	if err := (customer.Record{Roles: map[string]customer.Seen{"admin": s}}).Save(stateDir(config), "acme"); err != nil {
		t.Fatal(err)
	}
}

// Wherever a role or a customer is shown its standing shows, without a daemon.
func TestStandings(t *testing.T) {
	evil := verdictOf(verify.Verdict("\x1b[2J" + strings.Repeat("x", 10_000)))
	evil.Verified.Summary, evil.Verified.Hint = "\x1b]0;x\a"+strings.Repeat("\n", 10_000), "\u202ex"
	for name, tt := range map[string]struct {
		seen           customer.Seen
		cell, sentence string
		word           string
		good           bool
	}{
		"never":    {customer.Seen{Worked: tested}, "unverified", "never verified", "unverified", false},
		"verified": {verdictOf(verify.Verified), "2026-11-12", "verified on 12 Nov 2026: what is known", "verified", true},
		"open":     {verdictOf(verify.Open), "open", "12 Nov 2026: what is known", "open", false},
		"drift":    {drifted(), "denied since 2026-11-19", "denied by AWS since 19 Nov 2026", "denied since", false},
		"hostile":  {evil, "?[2J", "12 Nov 2026: ?]0;x?", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			config := home(t)
			saw(t, config, tt.seen)
			for _, args := range []string{"role list", "customer list", "customer show acme"} {
				if r := run(t, "", strings.Fields(args)...); r.code != 0 || !strings.Contains(r.out, tt.cell) || strings.ContainsAny(r.out, "\x1b\a\u202e") || len(r.out) > 3000 {
					t.Errorf("%s: got %+v, want %s", args, r, tt.cell)
				}
			}
			if r := run(t, "", "role", "show", "acme/admin"); !strings.Contains(r.out, tt.sentence) || strings.ContainsAny(r.out, "\x1b\a\u202e") || len(r.out) > 3000 {
				t.Errorf("got %+v, want %s", r, tt.sentence)
			}
			for _, args := range []string{"role list --json", "customer list --json"} {
				var all []struct {
					Verified *time.Time
					Standing customer.Standing
				}
				r := run(t, "", strings.Fields(args)...)
				if err := json.Unmarshal([]byte(r.out), &all); err != nil || len(all) != 1 {
					t.Fatalf("%v in %s", err, r.out)
				}
				if (all[0].Verified != nil) != tt.good || all[0].Standing.Good != tt.good || tt.word != "" && all[0].Standing.Word != tt.word {
					t.Errorf("%s: got %+v", args, all[0])
				}
			}
		})
	}
}

func TestRoleShowTellsWhenItLastWorked(t *testing.T) {
	config := home(t)
	saw(t, config, customer.Seen{Worked: tested})
	if r := run(t, "", "role", "show", "acme/admin"); !strings.Contains(r.out, "last worked      "+tested.Local().Format("2006-01-02 15:04")+"\n") {
		t.Errorf("got %s", r.out)
	}
	if r := run(t, "", "role", "show", "acme/admin", "--json"); !strings.Contains(r.out, `"last_worked": "2026-11-12T12:00:00Z"`) {
		t.Errorf("got %s", r.out)
	}
}

func TestABrokenRecordIsTold(t *testing.T) {
	config := home(t)
	put(t, filepath.Join(stateDir(config), "customers", "acme.json"), "{\x1b[2J")
	r := run(t, "", "role", "list")
	if r.code != 0 || !strings.Contains(r.out, "unverified") || !strings.Contains(r.err, "what is known of acme cannot be read") || strings.Contains(r.err, "\x1b") {
		t.Errorf("got %+v", r)
	}
	all, _ := examined(t, "--offline")
	found := false
	for _, f := range all {
		found = found || f.Check == doctor.RoleVerified && f.State == doctor.Warning && strings.Contains(f.Message, "cannot be read")
	}
	if !found {
		t.Errorf("doctor: got %+v", all)
	}
}

func TestDoctorLooksAtStandings(t *testing.T) {
	for name, tt := range map[string]struct {
		seen    customer.Seen
		state   doctor.State
		message string
		remedy  string
	}{
		"never":    {customer.Seen{}, doctor.Untested, "1 role that nobody has verified", "credd customer verify acme"},
		"verified": {verdictOf(verify.Verified), doctor.OK, "of 1 role the verification holds", ""},
		"drift": {drifted(), doctor.Warning, "acme/admin: denied by AWS since 19 Nov 2026; it was verified on 12 Nov 2026",
			"AWS does not say why; what speaks for which cause: credd role show acme/admin"},
		"open": {verdictOf(verify.Open), doctor.Warning, "acme/admin: 12 Nov 2026: what is known", "what to do"},
	} {
		t.Run(name, func(t *testing.T) {
			config := shellless(t)
			saw(t, config, tt.seen)
			daemon(t, func(r api.Request) any {
				st, ok := well(config)(r).(api.Status)
				if !ok {
					return well(config)(r)
				}
				st.Drifted = []api.Drift{{Role: "acme/admin", Message: "acme/admin: verified 12 Nov, denied since 19 Nov"}}
				return st
			})
			all, _ := examined(t)
			n := 0
			for _, f := range all {
				if f.Check == doctor.RoleVerified {
					n++
					if f.State != tt.state || f.Message != tt.message || f.Remedy != tt.remedy {
						t.Errorf("got %+v", f)
					}
				}
				if f.Check == doctor.DaemonWarnings && f.State == doctor.Warning {
					t.Errorf("told twice: %+v", f)
				}
			}
			if n != 1 {
				t.Errorf("got %+v", all)
			}
		})
	}
}

func TestStatusOnVerifications(t *testing.T) {
	for name, tt := range map[string]struct {
		seen customer.Seen
		want string
	}{
		"never":    {customer.Seen{}, "never verified: 1 customer (credd customer verify acme)\n"},
		"open":     {verdictOf(verify.Open), "not verified: acme (open) (credd customer verify acme)\n"},
		"drift":    {drifted(), "not verified: acme (denied since 2026-11-19) (credd customer verify acme)\n"},
		"verified": {verdictOf(verify.Verified), ""},
	} {
		t.Run(name, func(t *testing.T) {
			config := home(t)
			saw(t, config, tt.seen)
			daemon(t, func(api.Request) any { return live() })
			r := run(t, "", "status")
			if got := strings.Contains(r.out, "verified"); got != (tt.want != "") || !strings.HasSuffix(r.out, tt.want) {
				t.Errorf("got %s", r.out)
			}
		})
	}
}

func TestStatusOnManyCustomers(t *testing.T) {
	config := home(t)
	customers := map[string]customer.Seen{"b": verdictOf(verify.Denied), "c": verdictOf(verify.Open), "d": {}, "e": {}, "f": verdictOf(verify.Verified)}
	for key, seen := range customers {
		put(t, config+"/customers/"+key+".toml", "version = 1\n[role.admin]\narn = \"arn:aws:iam::112233445566:role/Admin\"\nexternal_id = \"canary-id-"+key+"\"\n")
		role, err := roster.Load(config, nil).Role(key + "/admin")
		if err != nil {
			t.Fatal(err)
		}
		seen.Settings = customer.Settings(role.ARN, role.ExternalID, role.Source)
		if seen.Verified != nil {
			seen.Verified.Settings = seen.Settings
		}
		if err := (customer.Record{Roles: map[string]customer.Seen{"admin": seen}}).Save(stateDir(config), key); err != nil {
			t.Fatal(err)
		}
	}
	for _, key := range []string{"d", "e"} {
		if err := customer.Invite(stateDir(config), invite.Terms{Customer: key, Role: "admin", Invited: tested}); err != nil {
			t.Fatal(err)
		}
	}
	daemon(t, func(api.Request) any { return live() })
	want := "not verified: c (open), b (denied); invited, not verified yet: 2 customers; never verified: 1 customer (credd customer verify --all)\n"
	if r := run(t, "", "status"); !strings.HasSuffix(r.out, want) {
		t.Errorf("got %s", r.out)
	}
}

// A role in trouble is seen in a list by its colour, and a customer's page says what is known and what to do.
func TestTroubleIsSeen(t *testing.T) {
	config := home(t)
	saw(t, config, verdictOf(verify.Open))
	for _, list := range []string{"customer", "role"} {
		var out bytes.Buffer
		s := &Streams{In: strings.NewReader(""), Out: &out, Err: &out, Color: true}
		if code := Run(t.Context(), []string{list, "list"}, s); code != 0 || strings.Count(out.String(), "\x1b[31mopen\x1b[0m") != 1 {
			t.Errorf("%s list: exit %d, got %q", list, code, out.String())
		}
	}
	if r := run(t, "", "customer", "list"); strings.Contains(r.out, "\x1b") || !strings.HasSuffix(r.out, "open\n") {
		t.Errorf("got %q", r.out)
	}
	if r := run(t, "", "customer", "show", "acme"); !strings.HasSuffix(r.out, "\n\nacme/admin: 12 Nov 2026: what is known\n  hint: what to do\n") {
		t.Errorf("got %s", r.out)
	}
	saw(t, config, verdictOf(verify.Verified))
	if r := run(t, "", "customer", "show", "acme"); strings.Contains(r.out, "hint") {
		t.Errorf("got %s", r.out)
	}
	st := live()
	st.Failing = []api.Failure{{Role: "acme/admin", Outcome: "denied", Message: "acme/admin: denied by AWS", Hint: "ask", Since: started}}
	daemon(t, func(api.Request) any { return st })
	if r := run(t, "", "customer", "show", "acme"); !strings.HasSuffix(r.out, "\n\nacme/admin: denied by AWS\n  hint: ask\n") {
		t.Errorf("got %s", r.out)
	}
}

func TestCausesShow(t *testing.T) {
	home(t)
	st := live()
	st.Failing = []api.Failure{{Role: "acme/admin", Outcome: "denied", Message: "acme/admin: denied by AWS", Hint: "ask", Since: started, Causes: []string{"first \x1b[2J", "second"}}}
	daemon(t, func(api.Request) any { return st })
	if r := run(t, "", "status"); !strings.Contains(r.out, "  may be: first ?[2J\n  may be: second\n") {
		t.Errorf("got %s", r.out)
	}
	if r := run(t, "", "role", "show", "acme/admin", "--json"); !strings.Contains(r.out, `"first \u001b[2J"`) {
		t.Errorf("got %s", r.out)
	}
	if r := run(t, "", "role", "show", "acme/admin"); !strings.Contains(r.out, "may be         first ?[2J\n               second\n") && !strings.Contains(r.out, "may be") {
		t.Errorf("got %s", r.out)
	}
}

// Of many customers the list shows the worst, and one that fails is marked where one chooses.
func TestFailingRolesAreMarkedWhereOneChooses(t *testing.T) {
	config := home(t)
	saw(t, config, drifted())
	r := roster.Load(config, nil)
	p := newPicker(r.Roles(), nil, "")
	p.mark(newRecords(stateDir(config), func(m, _ string) { t.Error(m) }))
	if got := p.rows[0].over; got != "denied since 2026-11-19: Acme Corp" {
		t.Errorf("got %q", got)
	}
	saw(t, config, verdictOf(verify.Verified))
	p = newPicker(r.Roles(), nil, "")
	p.mark(newRecords(stateDir(config), func(m, _ string) { t.Error(m) }))
	if got := p.rows[0].over; got != "Acme Corp" {
		t.Errorf("got %q", got)
	}
}

func TestWorst(t *testing.T) {
	at := func(word string, d int) customer.Standing {
		return customer.Standing{Word: word, Good: word == "verified", At: tested.Add(time.Duration(d) * time.Hour)}
	}
	for name, tt := range map[string]struct {
		in   []customer.Standing
		want customer.Standing
	}{
		"the oldest of good ones": {[]customer.Standing{at("verified", 2), at("verified", 1)}, at("verified", 1)},
		"one was never verified":  {[]customer.Standing{at("verified", 1), at("unverified", 0)}, at("unverified", 0)},
		"open goes first":         {[]customer.Standing{at("denied", 1), at("open", 2), at("changed", 0)}, at("open", 2)},
		"an unknown word":         {[]customer.Standing{at("verified", 1), at("haunted", 2)}, at("haunted", 2)},
	} {
		if got, _ := worst(tt.in); got != tt.want {
			t.Errorf("%s: got %+v", name, got)
		}
	}
	if _, ok := worst(nil); ok {
		t.Error("a customer without a role stands somehow")
	}
}
