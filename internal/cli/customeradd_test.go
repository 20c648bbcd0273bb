package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"credd/internal/agent/api"
)

const ssoText = "[source.nw]\ntype = \"sso\"\nstart_url = \"https://nw.awsapps.com/start\"\nsso_region = \"eu-west-1\"\naccount_id = \"210987654321\"\nrole_name = \"Ops\"\n"

func portal(t *testing.T) {
	daemon(t, func(r api.Request) any {
		if r.Do != api.DoAccounts {
			return api.Reload{}
		}
		return api.Accounts{Accounts: []api.Account{
			{ID: "112233445566", Name: "Globex", Roles: []string{"_Ops", "Admin", strings.Repeat("x", 120)}},
			{ID: "223344556677", Name: "Initech", Roles: []string{"Admin"}},
		}}
	})
}

func TestCustomerAddSkipsWhatCannotBe(t *testing.T) {
	config := home(t)
	put(t, filepath.Join(config, "credd.toml"), settingsText+ssoText)
	portal(t)
	r := run(t, "", "customer", "add", "--from-sso", "nw", "--all")
	if r.code != 0 || !strings.Contains(r.out, "added 2 roles\n") {
		t.Fatalf("got %+v", r)
	}
	for _, want := range []string{
		"warning: permission set _Ops of account 112233445566 is skipped: globex/_Ops cannot be the name of a role\n",
		"xxx of account 112233445566 is skipped: nw.globex.x",
	} {
		if !strings.Contains(r.err, want) {
			t.Errorf("got %s, want %s", r.err, want)
		}
	}
	text, err := os.ReadFile(filepath.Join(config, "customers", "globex.toml"))
	if want := "[role.Admin]\nown_session = true\nsource = \"nw.globex.Admin\"\n"; err != nil || !strings.HasSuffix(string(text), want) {
		t.Errorf("got %s, %v, want %s", text, err, want)
	}
	if r := run(t, "", "role", "list"); r.err != "" || !strings.Contains(r.out, "initech/Admin") {
		t.Errorf("got %+v", r)
	}
	if r := run(t, "", "customer", "add", "--from-sso", "nw", "--role", "_Ops"); r.code != 2 || !strings.Contains(r.err, "no other role to add") {
		t.Errorf("got %+v", r)
	}
}

func TestCustomerAddShowsBrokenFiles(t *testing.T) {
	config := home(t)
	put(t, filepath.Join(config, "credd.toml"), settingsText+ssoText)
	put(t, filepath.Join(config, "customers", "globex.toml"), "version = 1\nnonsense\n")
	portal(t)
	r := run(t, "", "customer", "add", "--from-sso", "nw", "--role", "Admin", "--all")
	if r.code != 0 || strings.Contains(r.out, "there already") || !strings.Contains(r.out, "customers/globex.toml:2: this is not valid TOML") || !strings.Contains(r.out, "added 1 role\n") {
		t.Errorf("got %+v", r)
	}
	r = run(t, "", "customer", "add", "--from-sso", "nw", "--role", "Admin", "--all")
	if r.code != 0 || strings.Count(r.out, "there already") != 1 {
		t.Errorf("once more: got %+v", r)
	}
	put(t, filepath.Join(config, "credd.toml"), "version = 1\nnonsense\n")
	if r := run(t, "", "customer", "add", "--from-sso", "nw"); r.code != 2 || !strings.Contains(r.err, "credd.toml:2") {
		t.Errorf("got %+v", r)
	}
}

func TestRoleAddOwnSession(t *testing.T) {
	config := home(t)
	r := run(t, "", "role", "add", "initech/ops", "--own-session", "--source", "work", "--account-id", "112233445566")
	text, err := os.ReadFile(filepath.Join(config, "customers", "initech.toml"))
	if r.code != 0 || err != nil || !strings.HasSuffix(string(text), "[role.ops]\nown_session = true\nsource = \"work\"\n") {
		t.Errorf("got %+v, %s, %v", r, text, err)
	}
	for args, want := range map[string]string{
		"--source work":                       "--arn is needed",
		"--own-session":                       "--own-session needs --source",
		"--own-session --source acme/admin":   "does not name that source itself",
		"--own-session --source work --arn x": "exclude each other",
	} {
		if r := run(t, "", append([]string{"role", "add", "initech/x"}, strings.Fields(args)...)...); r.code != 2 || !strings.Contains(r.err, want) {
			t.Errorf("%s: got %+v, want %s", args, r, want)
		}
	}
}
