package cli

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"credd/internal/agent/audit"
)

// logged writes the audit log of an empty home and returns its path.
func logged(t *testing.T, entries ...audit.Entry) string {
	t.Helper()
	home(t)
	path := filepath.Join(os.Getenv("HOME"), ".local", "state", "credd", "audit.log")
	l, err := audit.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, e := range entries {
		if err := l.Record(e); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// lately is a log of some days, with a name that a terminal and a spreadsheet would act on.
func lately(now time.Time) []audit.Entry {
	day := 24 * time.Hour
	got := func(ago time.Duration, role, from, request string, took time.Duration) audit.Entry {
		at := now.Add(-ago)
		return audit.Entry{Time: at, Role: role, Outcome: "ok", From: from, RequestID: request, Duration: took, Expires: at.Add(time.Hour)}
	}
	return []audit.Entry{
		got(40*day, "old/admin", "sts", "r0", time.Second),
		got(9*day, "acme/admin", "sts", "r1", 300*time.Millisecond),
		got(9*day-time.Minute, "acme/admin", "cache", "r1", time.Millisecond),
		got(9*day-2*time.Minute, "acme/admin", "cache", "r1", 2*time.Millisecond),
		{Time: now.Add(-8 * day), Role: "acme/admin", Outcome: "denied", RequestID: "r2"},
		{Time: now.Add(-8 * day), Role: "acme/read", Outcome: "login"},
		got(7*day, "@work", "cache", "r3", time.Millisecond),
		{Time: now.Add(-7 * day), Role: "nobody/x", Outcome: "unknown_role"},
		{Time: now.Add(-7 * day), Role: "=1+1\x1b[2J\n/x", Outcome: "de\x1bnied"},
	}
}

func TestReport(t *testing.T) {
	logged(t, lately(time.Now())...)
	for _, tt := range []struct {
		args []string
		want []string // lines, in their order, with single blanks
	}{
		{nil, []string{"ROLE REQUESTS SUCCESS CACHE MEAN STS CALLS FIRST USED LAST USED FAILED",
			"=1+1?[2J?/x 1 0.0 % - - 0 - - 1 de?nied", "acme/admin 4 75.0 % 66.6 % 101.0 ms 2 ", "acme/read 1 0.0 % - - 0 - - 1 login",
			"@work 1 100 % 100 % 1.0 ms 1 ", "all roles 6 50.0 % 66.6 % 101.0 ms 2 ", "apart from these, unknown roles: 1"}},
		{[]string{"--by", "customer"}, []string{"CUSTOMER REQUESTS", "acme 5 60.0 % 66.6 % 101.0 ms 2 ", "all roles 6 "}},
		{[]string{"--role", "acme/read"}, []string{"acme/read 1"}},
		{[]string{"--role", "@work"}, []string{"@work 1"}},
		{[]string{"--customer", "none"}, []string{"no role was asked for"}},
		{[]string{"--days", "5"}, []string{"no role was asked for"}},
		{[]string{"--days", "50"}, []string{"(the log goes back no further)", "old/admin 1 100 % 0.0 % 1.0 s 1 "}},
		{[]string{"--days", "3660"}, []string{"(the log goes back no further)"}},
	} {
		r := run(t, "", append([]string{"report"}, tt.args...)...)
		rest := strings.Join(strings.FieldsFunc(r.out, func(c rune) bool { return c == ' ' }), " ")
		for _, want := range tt.want {
			_, after, ok := strings.Cut(rest, want)
			if !ok {
				t.Errorf("%v: no %q in its place in\n%s", tt.args, want, r.out)
				continue
			}
			rest = after
		}
		if r.code != 0 || r.err != "" || strings.ContainsRune(r.out, '\x1b') {
			t.Errorf("%v: got %+v", tt.args, r)
		}
	}
}

func TestReportRefuses(t *testing.T) {
	logged(t)
	for _, tt := range []struct{ args, want string }{
		{"--days 0", "--days is not between 1 and 3660"},
		{"--days -1", "--days is not between"},
		{"--days 3661", "--days is not between"},
		{"--days 99999999999999999999", "--days"},
		{"--by day", "known are: role, customer"},
		{"--csv --json", "both given"},
		{"--customer a --role a/b", "both given"},
		{"acme", "does not take 1 argument"},
	} {
		if r := run(t, "", append([]string{"report"}, strings.Fields(tt.args)...)...); r.code != 2 || r.out != "" || !strings.Contains(r.err, tt.want) {
			t.Errorf("%s: got %+v", tt.args, r)
		}
	}
}

func TestReportOfNothing(t *testing.T) {
	home(t)
	if r := run(t, "", "report"); r.code != 0 || r.out != "the log is empty\n" {
		t.Errorf("got %+v", r)
	}
	r := run(t, "", "report", "--json")
	var got reportJSON
	if err := json.Unmarshal([]byte(r.out), &got); err != nil || got.Complete || len(got.Rows) != 0 || !strings.Contains(r.out, `"rows": []`) {
		t.Errorf("got %+v, %v", r, err)
	}
	if r := run(t, "", "report", "--csv"); r.code != 0 || strings.Count(r.out, "\n") != 1 || !strings.Contains(r.err, "the log is empty") {
		t.Errorf("got %+v", r)
	}
}

func TestReportTellsOfBrokenLines(t *testing.T) {
	path := logged(t, audit.Entry{Time: time.Now(), Role: "acme/admin", Outcome: "ok"})
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	f.WriteString("half a li\n{}\n")
	if r := run(t, "", "report"); !strings.Contains(r.err, "left out what cannot be read: 2 lines") || !strings.Contains(r.out, "acme/admin") {
		t.Errorf("got %+v", r)
	}
	if r := run(t, "", "report", "--json"); !strings.Contains(r.out, `"unreadable_lines": 2`) {
		t.Errorf("got %+v", r)
	}
}

func TestReportJSON(t *testing.T) {
	now := time.Now()
	logged(t, lately(now)...)
	r := run(t, "", "report", "--customer", "acme", "--json")
	var got map[string]any
	if err := json.Unmarshal([]byte(r.out), &got); err != nil || r.code != 0 || r.err != "" {
		t.Fatalf("got %+v, %v", r, err)
	}
	stamp := func(ago time.Duration) string {
		return now.Add(-ago).UTC().Truncate(time.Millisecond).Format(time.RFC3339Nano)
	}
	day := 24 * time.Hour
	admin := map[string]any{
		"customer": "acme", "role": "acme/admin", "requests": 4.0, "ok": 3.0, "success_rate": 0.75, "cache_hits": 2.0, "cache_hit_rate": 2. / 3,
		"mean_ms": 101.0, "sts_calls_at_least": 2.0, "first_used": stamp(9 * day), "last_used": stamp(9*day - 2*time.Minute), "failed": map[string]any{"denied": 1.0},
	}
	read := map[string]any{
		"customer": "acme", "role": "acme/read", "requests": 1.0, "ok": 0.0, "success_rate": 0.0, "cache_hits": 0.0, "cache_hit_rate": nil,
		"mean_ms": nil, "sts_calls_at_least": 0.0, "first_used": nil, "last_used": nil, "failed": map[string]any{"login": 1.0},
	}
	if diff := cmp.Diff([]any{admin, read}, got["rows"]); diff != "" {
		t.Error(diff)
	}
	if got["by"] != "role" || got["complete"] != true || got["unreadable_lines"] != 0.0 || len(got["own_sessions"].([]any)) != 0 {
		t.Errorf("got %v", got)
	}
	for _, name := range []string{"since", "until"} {
		if at, err := time.Parse(time.RFC3339, got[name].(string)); err != nil || at.Location() != time.UTC {
			t.Errorf("%s: got %v, %v", name, got[name], err)
		}
	}
}

func TestReportCSV(t *testing.T) {
	logged(t, lately(time.Now())...)
	r := run(t, "", "report", "--csv")
	rows, err := csv.NewReader(strings.NewReader(r.out)).ReadAll() // of one length, or an error
	if err != nil || r.code != 0 || len(rows) != 5 || strings.ContainsRune(r.out, '\x1b') {
		t.Fatalf("got %+v, %v", r, err)
	}
	column := map[string]int{}
	for i, name := range rows[0] {
		column[name] = i
	}
	for _, tt := range []struct {
		row        int
		name, want string
	}{
		{1, "customer", "'=1+1?[2J?"}, {1, "role", "'=1+1?[2J?/x"}, {1, "denied", "0"}, {1, "other", "1"}, {1, "mean_ms", ""}, {1, "first_used", ""},
		{2, "role", "acme/admin"}, {2, "requests", "4"}, {2, "success_rate", "0.75"}, {2, "mean_ms", "101"}, {2, "denied", "1"}, {2, "other", "0"},
		{4, "customer", ""}, {4, "role", "'@work"}, {4, "cache_hit_rate", "1"},
	} {
		if got := rows[tt.row][column[tt.name]]; got != tt.want {
			t.Errorf("row %d, %s: got %q, want %q", tt.row, tt.name, got, tt.want)
		}
	}
	if at, err := time.Parse(time.RFC3339, rows[2][column["last_used"]]); err != nil || at.Location() != time.UTC {
		t.Errorf("got %v, %v", at, err)
	}
}

func TestPercent(t *testing.T) {
	for want, n := range map[string][2]int{"-": {0, 0}, "0.0 %": {0, 3}, "33.3 %": {1, 3}, "99.9 %": {99_999, 100_000}, "100 %": {7, 7}} {
		if got := percent(n[0], n[1]); got != want {
			t.Errorf("%v: got %s, want %s", n, got, want)
		}
	}
}
