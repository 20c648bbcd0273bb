package audit

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var noon = time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)

// written is a log with the entries, a minute apart.
func written(t testing.TB, entries ...Entry) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "audit.log")
	l := openTest(t, path, maxSize)
	for i, e := range entries {
		e.Time = noon.Add(time.Duration(i) * time.Minute)
		if err := l.Record(e); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

func tally(t testing.TB, path string, f Filter, byCustomer bool) *Report {
	t.Helper()
	r, err := Tally(path, f, byCustomer)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// made is a session that was handed out.
func made(role, from, request string, took time.Duration) Entry {
	return Entry{Role: role, Outcome: "ok", From: from, RequestID: request, Duration: took, Expires: noon.Add(time.Hour)}
}

var working = []Entry{
	made("acme/admin", "sts", "r1", 300*time.Millisecond),
	made("acme/admin", "sts", "r1", 200*time.Millisecond), // waited for the same flight
	made("acme/admin", "cache", "r1", time.Millisecond),
	made("acme/admin", "cache", "r2", time.Millisecond), // fetched ahead
	{Role: "acme/admin", Outcome: "denied", RequestID: "r3"},
	{Role: "acme/admin", Outcome: "denied", RequestID: "r3"}, // remembered
	{Role: "acme/admin", Outcome: "login"},
	made("acme/readonly", "sts", "r4", 100*time.Millisecond),
	{Role: "beta/x", Outcome: "unreachable"},
	made("@work", "cache", "r5", time.Millisecond),
	{Role: "@nobody", Outcome: "unknown_role"},
	{Role: "acme/nobody", Outcome: "unknown_role"},
	{Role: "import.abc.1", Outcome: "ok", From: "vault"},
	{Role: "import.abc.2", Outcome: "login"},
	{Outcome: "refused"},
	{Outcome: "config"},
	{Role: "acme/admin", Outcome: "ok", From: "verify", RequestID: "r6"},
	{Role: "acme/admin", Outcome: "denied", From: "verify", RequestID: "r7"},
}

func at(minute int) time.Time { return noon.Add(time.Duration(minute) * time.Minute) }

func TestTally(t *testing.T) {
	path := written(t, working...)
	acme := map[string]int{"denied": 2, "login": 1}
	admin := &Use{Requests: 7, OK: 4, Cached: 2, Waited: 502 * time.Millisecond, Failed: acme, First: at(0), Last: at(3), calls: calls{n: 3}}
	readonly := &Use{Requests: 1, OK: 1, Waited: 100 * time.Millisecond, First: at(7), Last: at(7), calls: calls{n: 1}}
	beta := &Use{Requests: 1, Failed: map[string]int{"unreachable": 1}}
	all := &Use{Requests: 8, OK: 5, Cached: 2, Waited: 602 * time.Millisecond, Failed: acme, First: at(0), Last: at(7), calls: calls{n: 4}}
	total := *all
	total.Requests, total.Failed = 9, map[string]int{"denied": 2, "login": 1, "unreachable": 1}
	own := map[string]*Use{"@work": {Requests: 1, OK: 1, Cached: 1, Waited: time.Millisecond, First: at(9), Last: at(9), calls: calls{n: 1}}}
	for name, tt := range map[string]struct {
		filter     Filter
		byCustomer bool
		want       Report
	}{
		"by role": {want: Report{
			Uses: map[string]*Use{"acme/admin": admin, "acme/readonly": readonly, "beta/x": beta}, Own: own, Total: total,
			Verified: 2, Vault: 2, Unknown: 2, Strangers: 1, Other: 1,
		}},
		"by customer": {byCustomer: true, want: Report{
			Uses: map[string]*Use{"acme": all, "beta": beta}, Own: own, Total: total,
			Verified: 2, Vault: 2, Unknown: 2, Strangers: 1, Other: 1,
		}},
		"a customer": {filter: Filter{Role: "acme"}, want: Report{
			Uses: map[string]*Use{"acme/admin": admin, "acme/readonly": readonly}, Own: map[string]*Use{}, Total: *all, Verified: 2, Unknown: 1,
		}},
		"a source": {filter: Filter{Role: "@work"}, want: Report{Uses: map[string]*Use{}, Own: own}},
		"a time": {filter: Filter{Since: at(7), Until: at(8)}, want: Report{
			Uses: map[string]*Use{"acme/readonly": readonly}, Own: map[string]*Use{}, Total: *readonly,
		}},
		"later": {filter: Filter{Since: at(700)}, want: Report{Uses: map[string]*Use{}, Own: map[string]*Use{}}},
	} {
		tt.want.Oldest = at(0)
		got := tally(t, path, tt.filter, tt.byCustomer)
		if diff := cmp.Diff(&tt.want, got, cmp.AllowUnexported(Use{}, calls{}), cmpopts.IgnoreFields(calls{}, "until", "full")); diff != "" {
			t.Errorf("%s: want -, got +\n%s", name, diff)
		}
	}
}

func TestTallyOfNothing(t *testing.T) {
	r := tally(t, filepath.Join(t.TempDir(), "none.log"), Filter{}, false)
	if !r.Oldest.IsZero() || len(r.Uses) > 0 || r.Total.Requests > 0 || r.Total.Mean() != 0 || r.Skipped > 0 {
		t.Errorf("got %+v", r)
	}
}

// Broken lines are counted, and hostile ones are lines like others.
func TestTallyOfABrokenLog(t *testing.T) {
	path := written(t, made("acme/admin", "sts", "r1", 0))
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	fmt.Fprintf(f, "{\"time\":\n\x00\x1b[2J\n[]\n%s\n", strings.Repeat("x", 2*maxLine))
	fmt.Fprintln(f, `{"time":"2026-11-02T12:00:00Z","role":"\u001b[31m/=cmd|x","outcome":"\u0000","duration_ms":1e300}`)
	r := tally(t, path, Filter{}, false)
	if r.Skipped != 4 || r.Total.Requests != 2 || r.Uses["\x1b[31m/=cmd|x"].Failed["\x00"] != 1 {
		t.Errorf("got %+v, total %+v", r, r.Total)
	}
}

// What is kept does not grow with the log: names that are not there are not kept, and request IDs are while their sessions live.
func TestTallyKeepsLittle(t *testing.T) {
	var u Use
	r := &Report{Uses: map[string]*Use{}, Own: map[string]*Use{}}
	const n = 50_000
	most := 0
	for i := range n {
		now := noon.Add(time.Duration(i) * time.Hour)
		u.count(Entry{Time: now, Outcome: "ok", RequestID: fmt.Sprint("r", i), Expires: now.Add(time.Hour)})
		u.count(Entry{Time: now.Add(time.Minute), Outcome: "ok", From: "cache", RequestID: fmt.Sprint("r", i), Expires: now.Add(time.Hour)})
		most = max(most, len(u.calls.until))
		r.Count(Entry{Time: now, Role: fmt.Sprintf("x/%d", i), Outcome: "unknown_role"}, false)
	}
	if u.Calls() != n || most > leastKept || len(r.Uses) != 0 || r.Unknown != n {
		t.Errorf("got %d calls, %d kept at most, %d roles, %d unknown", u.Calls(), most, len(r.Uses), r.Unknown)
	}
}

// A session of twelve hours is one call, however long its ID goes on being named beside others.
func TestLongSessionIsOneCall(t *testing.T) {
	var u Use
	for i := range 12 * 60 {
		now := noon.Add(time.Duration(i) * time.Minute)
		u.count(Entry{Time: now, Outcome: "ok", RequestID: "long", Expires: noon.Add(12 * time.Hour)})
		u.count(Entry{Time: now, Outcome: "denied", RequestID: fmt.Sprint("r", i)})
	}
	if u.Calls() != 1+12*60 {
		t.Errorf("got %d calls", u.Calls())
	}
}
