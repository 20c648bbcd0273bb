package cli

import (
	"encoding/json"
	"strings"
	"testing"

	"credd/internal/agent/api"
	"credd/internal/customer/verify"
)

func verdicts(all ...verify.Verdict) api.Verified {
	v := api.Verified{Roles: []verify.Result{}}
	for _, verdict := range all {
		v.Roles = append(v.Roles, verify.Result{
			Role: "acme/admin", Verdict: verdict, Summary: "is so \x1b[31m", Hint: "do it",
			Checks: []verify.Check{
				{ID: "right-id", Outcome: verify.OK, Text: "works"}, {ID: "no-id", Outcome: verify.Failed, Text: "bad\n"},
				{ID: "trust", Outcome: verify.Unknown, Text: "who knows"}, {ID: "setup", Outcome: verify.Note, Text: "still on"},
			},
		})
	}
	return v
}

func TestCustomerVerify(t *testing.T) {
	for _, tt := range []struct {
		all  []verify.Verdict
		code int
	}{
		{[]verify.Verdict{verify.Verified, verify.Verified}, 0},
		{[]verify.Verdict{verify.Verified, verify.Open}, 6},
		{[]verify.Verdict{verify.WideTrust, verify.Inconclusive}, 6},
		{[]verify.Verdict{verify.Inconclusive, verify.Denied}, 6},
		{[]verify.Verdict{verify.WrongIdentity}, 6},
		{[]verify.Verdict{verify.NoExternalID, verify.Inconclusive}, 7},
		{[]verify.Verdict{verify.Verified, verify.NoExternalID}, 2},
		{[]verify.Verdict{"of a newer daemon"}, 6},
	} {
		home(t)
		asked := daemon(t, func(api.Request) any { return verdicts(tt.all...) })
		r := run(t, "", "customer", "verify", "acme")
		if r.code != tt.code || r.err != "" {
			t.Errorf("%v: got %+v, want %d", tt.all, r, tt.code)
		}
		want := "acme/admin: " + string(tt.all[0]) + ": is so ?[31m\n✓ works\n✗ bad?\n? who knows\n! still on\n  hint: do it\n"
		if !strings.HasPrefix(r.out, want) || strings.Count(r.out, "\n\n") != len(tt.all)-1 {
			t.Errorf("got\n%swant\n%s", r.out, want)
		}
		r = run(t, "", "customer", "verify", "acme", "--role", "admin", "--json")
		var got []verify.Result
		if err := json.Unmarshal([]byte(r.out), &got); err != nil || len(got) != len(tt.all) || got[0].Verdict != tt.all[0] || r.code != tt.code {
			t.Errorf("got %+v, %v", r, err)
		}
		if req := *asked; req[0].Do != api.DoVerify || req[0].Name != "acme" || req[1].Name != "acme/admin" {
			t.Errorf("asked for %+v", req)
		}
	}
}

func TestCustomerVerifyAll(t *testing.T) {
	home(t)
	asked := daemon(t, func(api.Request) any { return verdicts(verify.Verified, verify.Denied, verify.Open, verify.Verified) })
	r := run(t, "", "customer", "verify", "--all")
	if r.code != 6 || strings.Count(r.out, "acme/admin: ") != 2 || !strings.HasSuffix(r.out, "  hint: do it\n\n4 roles: 1 open, 1 denied, 2 verified\n") {
		t.Errorf("got %+v", r)
	}
	r = run(t, "", "customer", "verify", "--all", "--json")
	var got []verify.Result
	if err := json.Unmarshal([]byte(r.out), &got); err != nil || len(got) != 4 || r.code != 6 {
		t.Errorf("got %+v, %v", r, err)
	}
	if req := *asked; len(req) != 2 || !req[0].All || req[0].Name != "" {
		t.Errorf("asked for %+v", req)
	}
}

func TestCustomerVerifyNames(t *testing.T) {
	home(t)
	for _, tt := range []struct {
		args string
		code int
		want string
	}{
		{"acme/admin --role admin", 2, "acme/admin is a role already\ncredd: hint: leave out --role"},
		{"", 2, "a customer or a role is needed\ncredd: hint: all of them: credd customer verify --all"},
		{"acme --all", 2, "--all is all roles of all customers"},
		{"--all --role admin", 2, "--all is all roles of all customers"},
		{"acme", 3, "credd is not running"},
	} {
		if r := run(t, "", append([]string{"customer", "verify"}, strings.Fields(tt.args)...)...); r.code != tt.code || !strings.Contains(r.err, tt.want) || r.out != "" {
			t.Errorf("%s: got %+v", tt.args, r)
		}
	}
	asked := daemon(t, func(api.Request) any { return verdicts(verify.Verified) })
	run(t, "", "customer", "verify", "acme", "--role", "acme/admin")
	if req := *asked; len(req) != 1 || req[0].Name != "acme/admin" {
		t.Errorf("asked for %+v", req)
	}
}
