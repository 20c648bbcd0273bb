package cli

import (
	"os"
	"strings"
	"testing"

	"credd/internal/agent/api"
	"credd/internal/agent/roster"
	"credd/internal/customer/verify"
)

func TestFinishSetup(t *testing.T) {
	config, _ := inviting(t)
	for _, args := range [][]string{
		{"globex", "--account", "112233445566", "--permissions", "readonly", "--setup", "compute"},
		{"globex", "--permissions", "billing"},
		{"initech", "--account", "223344556677", "--permissions", "readonly"},
	} {
		if r := run(t, "", append([]string{"customer", "invite"}, args...)...); r.code != 0 {
			t.Fatalf("got %+v", r)
		}
	}
	r := run(t, "", "customer", "finish-setup", "globex")
	if r.code != 0 || !containsAll(r.out, []string{"# globex/readonly: this ends", "\naws cloudformation update-stack --stack-name northwind-readonly ", "UsePreviousValue=true", "\n# Terraform\n", "\nsh cli/finish-setup.sh\n"}) ||
		!strings.Contains(r.err, "credd customer finish-setup globex --role readonly --check") || strings.Contains(r.out, externalID(t, config, "globex/readonly")) {
		t.Errorf("got %+v", r)
	}
	for _, tt := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"globex", "--role", "billing"}, 2, "globex/billing was invited without permissions for a setup"},
		{[]string{"initech"}, 2, "initech/readonly was invited without permissions for a setup"},
		{[]string{"acme"}, 2, "acme was not invited by credd"},
		{[]string{"acme", "--role", "admin"}, 2, "acme/admin was not invited by credd"},
		{[]string{"none"}, 4, "no such customer"},
		{[]string{"globex", "--role", "none"}, 4, "no such role"},
		{[]string{"globex", "--check"}, 3, "credd is not running"},
	} {
		if r := run(t, "", append([]string{"customer", "finish-setup"}, tt.args...)...); r.code != tt.code || !strings.Contains(r.err, tt.want) {
			t.Errorf("%q: got %+v", tt.args, r)
		}
	}
	run(t, "", "customer", "invite", "globex", "--permissions", "monitoring", "--setup", "compute")
	if r := run(t, "", "customer", "finish-setup", "globex"); r.code != 2 || !strings.Contains(r.err, "name one: --role monitoring, --role readonly") {
		t.Errorf("got %+v", r)
	}
	if _, err := roster.RemoveRole(config, "globex/monitoring"); err != nil {
		t.Fatal(err)
	}
	if r := run(t, "", "customer", "finish-setup", "globex"); r.code != 0 {
		t.Errorf("a role that was removed counts: got %+v", r)
	}
}

func TestFinishSetupCheck(t *testing.T) {
	inviting(t)
	if r := run(t, "", "customer", "invite", "globex", "--account", "112233445566", "--permissions", "readonly", "--setup", "compute"); r.code != 0 {
		t.Fatalf("got %+v", r)
	}
	var now verify.Result
	daemon(t, func(r api.Request) any {
		if r.Do != api.DoVerify || r.Name != "globex/readonly" {
			t.Errorf("asked %+v", r)
		}
		return api.Verified{Roles: []verify.Result{now}}
	})
	setup := func(o verify.Outcome) []verify.Check {
		return []verify.Check{{ID: "right-id", Outcome: verify.OK}, {ID: "setup", Outcome: o, Text: "what AWS said"}}
	}
	for name, tt := range map[string]struct {
		result verify.Result
		code   int
		want   string
	}{
		"gone":         {verify.Result{Verdict: verify.Verified, Checks: setup(verify.OK)}, 0, "globex/readonly: what AWS said\n"},
		"still there":  {verify.Result{Verdict: verify.Verified, Checks: setup(verify.Note)}, 6, "error: globex/readonly: what AWS said\ncredd: hint: what the customer is to run is printed by: credd customer finish-setup globex --role readonly"},
		"not visible":  {verify.Result{Verdict: verify.Verified, Checks: setup(verify.Unknown)}, 7, "globex/readonly: what AWS said\ncredd: hint: ask the customer; credd can look"},
		"not looked":   {verify.Result{Verdict: verify.Verified}, 7, "globex/readonly: whether setup permissions are still on: not visible from outside"},
		"denied":       {verify.Result{Verdict: verify.Denied, Summary: "denied by AWS", Hint: "ask"}, 6, "globex/readonly: denied by AWS\ncredd: hint: ask"},
		"inconclusive": {verify.Result{Verdict: verify.Inconclusive, Summary: "throttled"}, 7, "globex/readonly: throttled"},
	} {
		tt.result.Role = "globex/readonly"
		now = tt.result
		if r := run(t, "", "customer", "finish-setup", "globex", "--check"); r.code != tt.code || !strings.Contains(r.out+r.err, tt.want) {
			t.Errorf("%s: got %+v", name, r)
		}
	}
}

func TestCustomerExport(t *testing.T) {
	home(t)
	t.Chdir(t.TempDir())
	r := run(t, "", "customer", "export", "acme")
	if r.code != 0 || r.err != "" || strings.Contains(r.out, "canary") || !containsAll(r.out, []string{"account_id = \"012345678901\"\n", "external_id = \"\"\n", "[role.admin]\n"}) {
		t.Errorf("got %+v", r)
	}
	if w := run(t, "", "customer", "export", "acme", "--output", "acme.toml"); w.code != 0 || w.out != "wrote acme.toml, without the external ID\n" {
		t.Errorf("got %+v", w)
	}
	text, err := os.ReadFile("acme.toml")
	if info, _ := os.Stat("acme.toml"); err != nil || string(text) != r.out || info.Mode().Perm() != 0o600 {
		t.Errorf("got %s, %v", text, err)
	}
	for _, tt := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"acme", "--output", "acme.toml"}, 2, "acme.toml is there already"},
		{[]string{"acme", "--output", "none/acme.toml"}, 2, "none/acme.toml cannot be written: no such file or directory"},
		{[]string{"none"}, 4, "no such customer"},
	} {
		if r := run(t, "", append([]string{"customer", "export"}, tt.args...)...); r.code != tt.code || r.out != "" || !strings.Contains(r.err, tt.want) {
			t.Errorf("%q: got %+v", tt.args, r)
		}
	}
}
