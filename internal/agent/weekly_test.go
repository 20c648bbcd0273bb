package agent_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"credd/internal/agent/sts"
	"credd/internal/customer"
	"credd/internal/customer/verify"
	"credd/internal/ipc"
)

const adminSession = "arn:aws:sts::012345678901:assumed-role/admin/credd-acme"

// verified puts a verification into the record of acme, as of now.
func (w *world) verified(t *testing.T, roles ...string) {
	t.Helper()
	r := customer.Record{Roles: map[string]customer.Seen{}}
	for _, role := range roles {
		r.Roles[role] = customer.Seen{Verified: &verify.Result{Role: "acme/" + role, Verdict: verify.Verified, At: w.clock(), Settings: settingsOf(role)}}
	}
	if err := r.Save(filepath.Join(w.dir, "state"), "acme"); err != nil {
		t.Fatal(err)
	}
}

// pass lets time pass, an hour at a time, until something is so. It returns how long that took.
func (w *world) pass(most time.Duration, so func() bool) time.Duration {
	for d := time.Duration(0); d < most; d += time.Hour {
		if so() {
			return d
		}
		w.advance(time.Hour)
		w.agent.Sweep()
	}
	return most
}

const days = 24 * time.Hour

// weeklyWorld has a role that was verified and whose source has worked.
func weeklyWorld(t *testing.T, more string) *world {
	t.Helper()
	w := newWorld(t, map[string]string{"credd.toml": settings + more, "customers/acme.toml": customerText("admin"), "customers/globex.toml": customerText("admin")})
	w.aws.who = adminSession
	if _, e := w.get(t, "globex/admin"); e != nil { // its source works
		t.Fatal(e)
	}
	w.verified(t, "admin")
	w.advance(2 * time.Hour)
	w.agent.Sweep() // globex's session is over
	return w
}

func (w *world) standing(t *testing.T) customer.Standing {
	t.Helper()
	return w.record(t, "acme").Stand("acme/admin", settingsOf("admin"), time.Time{})
}

func TestDriftIsFoundWithinAWeek(t *testing.T) {
	w := weeklyWorld(t, "")
	start := w.clock()
	before := w.aws.count()
	w.aws.set(denied)
	took := w.pass(20*days, func() bool { return w.aws.count() > before })
	if took < 6*days-3*time.Hour || took > 8*days+3*time.Hour || w.aws.count() != before+1 {
		t.Fatalf("got %d calls after %v, want 1 after 6 to 8 days", w.aws.count()-before, took)
	}
	w.settle()
	if s := w.standing(t); s.Word != customer.DeniedSince || s.Good {
		t.Errorf("got %+v", s)
	}
	want := fmt.Sprintf("acme/admin: verified %s, denied since %s", start.Add(-2*time.Hour).Local().Format("2 Jan"), w.clock().Local().Format("2 Jan"))
	st := w.status(t)
	if len(st.Drifted) != 1 || st.Drifted[0].Message != want || len(st.Warnings) != 0 {
		t.Errorf("got %q, %q, want %q", st.Drifted, st.Warnings, want)
	}
	if len(st.Failing) != 1 || st.Failing[0].Outcome != "denied" || len(st.Failing[0].Causes) == 0 {
		t.Errorf("got %+v", st.Failing)
	}
	w.restart(t)
	w.agent.Sweep()
	if st := w.status(t); len(st.Drifted) != 1 || st.Drifted[0].Message != want {
		t.Errorf("after a restart: got %q, want %q", st.Drifted, want)
	}
	w.aws.set(nil)
	w.get(t, "acme/admin")
	w.settle()
	if st := w.status(t); len(st.Drifted) != 0 || !w.standing(t).Good {
		t.Errorf("got %q, %+v for a role that works again", st.Drifted, w.standing(t))
	}
}

func TestTheWeeklyTest(t *testing.T) {
	w := weeklyWorld(t, "")
	before := w.aws.count()
	w.pass(9*days, func() bool { return w.aws.count() > before })
	w.settle()
	if s := w.standing(t); !s.Good || w.record(t, "acme").Roles["admin"].Checked.IsZero() {
		t.Errorf("got %+v", s)
	}
	if st := w.status(t); len(st.Sessions) != 0 || len(st.Drifted) != 0 {
		t.Errorf("got %+v, %q; want no session that nobody asked for", st.Sessions, st.Drifted)
	}
	w.pass(30*days, func() bool { return false })
	if n := w.aws.count() - before; n < 4 || n > 6 {
		t.Errorf("got %d calls in 5 weeks", n)
	}
	w.aws.who = strings.Replace(adminSession, "/admin/", "/other/", 1)
	w.pass(9*days, func() bool { return w.standing(t).Word != "verified" })
	if s := w.standing(t); s.Word != string(verify.WrongIdentity) || s.Good {
		t.Errorf("got %+v for the session of another role", s)
	}
	if st := w.status(t); len(st.Drifted) != 1 || !strings.Contains(st.Drifted[0].Message, "of another account or role since") {
		t.Errorf("got %q", st.Drifted)
	}
}

func TestRolesThatAreNotTried(t *testing.T) {
	for name, tt := range map[string]struct {
		more   string
		change func(*testing.T, *world)
	}{
		"switched off": {"[verify]\nweekly = false\n", func(*testing.T, *world) {}},
		"changed": {"", func(t *testing.T, w *world) {
			w.write(t, "customers/acme.toml", strings.Replace(customerText("admin"), "canary-id", "another-id", 1))
			w.agent.Reload()
		}},
		"gone": {"", func(t *testing.T, w *world) {
			w.write(t, "customers/acme.toml", customerText("other"))
			w.agent.Reload()
		}},
		"of a source that was not used": {"", func(t *testing.T, w *world) { w.restart(t) }},
		"never verified": {"", func(t *testing.T, w *world) {
			if err := (customer.Record{}).Save(filepath.Join(w.dir, "state"), "acme"); err != nil {
				t.Fatal(err)
			}
			w.restart(t)
			w.get(t, "globex/admin")
			w.advance(2 * time.Hour)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			w := weeklyWorld(t, tt.more)
			tt.change(t, w)
			before := w.aws.count()
			w.pass(20*days, func() bool { return false })
			if got := w.aws.count(); got != before {
				t.Errorf("got %d calls", got-before)
			}
		})
	}
}

func TestARoleInUseIsNotTried(t *testing.T) {
	w := weeklyWorld(t, "")
	for range 10 {
		if _, e := w.get(t, "acme/admin"); e != nil {
			t.Fatal(e)
		}
		w.pass(3*days, func() bool { return false })
	}
	if got := w.aws.count(); got != 1+10 {
		t.Errorf("got %d calls, want those that were asked for", got)
	}
}

// What tells nothing about the role is tried again soon, and shows nowhere as a failure of the role.
func TestAnInconclusiveTest(t *testing.T) {
	w := weeklyWorld(t, "")
	before := w.aws.count()
	w.aws.set(func(sts.Caller, sts.Request) error {
		return &sts.Error{Reason: sts.Unreachable, Message: "cannot reach AWS: no answer in time"}
	})
	w.pass(9*days, func() bool { return w.aws.count() > before })
	w.pass(5*time.Hour, func() bool { return false })
	if n := w.aws.count() - before; n < 5 || n > 7 {
		t.Errorf("got %d tries in 6 hours", n)
	}
	if st := w.status(t); len(st.Failing) != 0 || len(st.Drifted) != 0 || !w.standing(t).Good {
		t.Errorf("got %+v, %q, %+v", st.Failing, st.Drifted, w.standing(t))
	}
	w.aws.set(denied)
	w.pass(3*time.Hour, func() bool { return false })
	if s := w.standing(t); s.Word != customer.DeniedSince {
		t.Errorf("got %+v", s)
	}
}

// A source that needs its person is waited for.
func TestTheWeeklyTestAsksNobody(t *testing.T) {
	s := &codedSource{}
	w := newWorldWith(t, s, map[string]string{
		"credd.toml": "version = 1\n[source.work]\ntype = \"keys\"\n[defaults]\nsource = \"work\"\n", "customers/acme.toml": customerText("admin"),
	})
	w.aws.who = adminSession
	w.verified(t, "admin")
	if kind, _, err := w.send(t, ipc.Append(nil, ipc.KindCredentials, ipc.AppendCredentials(nil, "acme/admin"))); err != nil || kind != ipc.KindQuestion {
		t.Fatalf("got %v, %v; want a source that asks", kind, err)
	}
	w.pass(20*days, func() bool { return false })
	if w.aws.count() != 0 {
		t.Errorf("got %d calls", w.aws.count())
	}
	if st := w.status(t); len(st.Drifted) != 0 {
		t.Errorf("got %q", st.Drifted)
	}
}

// However many are due, one is tried at a time, and a restart does not bring them together.
func TestTestsAreSpread(t *testing.T) {
	var roles []string
	for i := range 100 {
		roles = append(roles, fmt.Sprintf("r%03d", i))
	}
	w := newWorld(t, map[string]string{"credd.toml": settings, "customers/acme.toml": customerText(roles...), "customers/globex.toml": customerText("admin")})
	w.verified(t, roles...)
	w.get(t, "globex/admin")
	w.advance(2 * time.Hour)
	most, last := 0, 0
	var busy sync.Mutex
	w.aws.set(func(_ sts.Caller, r sts.Request) error {
		if !busy.TryLock() {
			return errors.New("two at a time")
		}
		defer busy.Unlock()
		return denied(sts.Caller{}, r)
	})
	for hour := range 24 * 9 {
		if hour%30 == 0 {
			w.restart(t)
			w.get(t, "globex/admin")
			last = w.aws.count()
		}
		w.advance(time.Hour)
		w.agent.Sweep()
		now := w.aws.count()
		most, last = max(most, now-last), now
	}
	if most > 10 {
		t.Errorf("got %d tests in an hour, want 100 spread over two days", most)
	}
	if n := len(w.record(t, "acme").Roles); n != 100 {
		t.Errorf("got %d roles in the record", n)
	}
	for name, seen := range w.record(t, "acme").Roles {
		if !seen.Drifted() {
			t.Errorf("%s was not tried", name)
		}
	}
}
