package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"credd/internal/agent/api"
	"credd/internal/agent/audit"
	"credd/internal/customer"
)

// retiring is a home with an invited customer, globex, beside acme, and profiles of both.
func retiring(t *testing.T) (config, state string) {
	t.Helper()
	config, state = inviting(t)
	for _, args := range [][]string{
		{"customer", "invite", "globex", "--account", "112233445566", "--permissions", "readonly"}, {"profiles", "sync"},
		{"customer", "invite", "globex", "--permissions", "billing"}, // after the profiles
	} {
		if r := run(t, "", args...); r.code != 0 {
			t.Fatalf("%q: got %+v", args, r)
		}
	}
	return config, state
}

// content is all files of the home.
func content(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, name := range filesWith(t, os.Getenv("HOME"), "") {
		if filepath.Ext(name) != ".lock" && filepath.Base(name) != ".lock" {
			data, err := os.ReadFile(filepath.Join(os.Getenv("HOME"), name))
			if err != nil {
				t.Fatal(err)
			}
			all[name] = string(data)
		}
	}
	return all
}

// differ names the files that are not the same.
func differ(a, b map[string]string) (names []string) {
	for name := range a {
		if b[name] != a[name] {
			names = append(names, name)
		}
	}
	for name := range b {
		if _, ok := a[name]; !ok {
			names = append(names, name)
		}
	}
	return names
}

func TestRetire(t *testing.T) {
	config, state := retiring(t)
	entries := ""
	for _, e := range []audit.Entry{
		{Role: "globex/readonly", Outcome: "ok", AccessKeyID: "ASIA1", Expires: time.Now().Add(20 * time.Minute)},
		{Role: "globex/readonly", Outcome: "ok", AccessKeyID: "ASIA1", Expires: time.Now().Add(20 * time.Minute)},
		{Role: "globex/readonly", Outcome: "ok", AccessKeyID: "ASIA2", Expires: time.Now().Add(50 * time.Minute)},
		{Role: "globex/readonly", Outcome: "ok", AccessKeyID: "ASIA3", Expires: time.Now().Add(-time.Minute)},
		{Role: "globex/readonly", Outcome: "ok", AccessKeyID: "ASIA5", Expires: time.Now().Add(40 * time.Minute), From: "verify"},
		{Role: "globex/billing", Outcome: "denied"},
		{Role: "acme/admin", Outcome: "ok", AccessKeyID: "ASIA4", Expires: time.Now().Add(time.Minute)},
	} {
		e.Time = time.Now().Add(-10 * time.Minute)
		line, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		entries += string(line) + "\n"
	}
	put(t, state+"/audit.log", entries)
	before := content(t)
	if r := run(t, "", "customer", "retire", "globex"); r.code != 2 || !strings.Contains(r.err, "--dry-run, and say --yes") {
		t.Errorf("got %+v", r)
	}
	r := run(t, "", "customer", "retire", "globex", "--dry-run")
	if r.code != 0 || !containsAll(r.out, []string{"retire globex, with 2 roles", "remove 1 profile: globex/readonly", "(2 access keys) lives until"}) || len(differ(before, content(t))) > 0 {
		t.Errorf("got %+v, and changed %q", r, differ(before, content(t)))
	}
	asked := daemon(t, func(api.Request) any { return api.Reload{} })
	id := externalID(t, config, "globex/readonly")
	r = run(t, "", "customer", "retire", "globex", "--yes")
	if r.code != 0 || strings.Contains(r.out+r.err, id) {
		t.Errorf("got %+v", r)
	}
	for _, want := range []string{
		"retired globex: its file is " + config + "/retired/globex-2", "removed 1 profile: globex/readonly\n", "globex/readonly: what was handed out (2 access keys) lives until ",
		"\n# arn:aws:iam::112233445566:role/northwind-billing\n", "\naws cloudformation delete-stack --stack-name northwind-readonly --region eu-west-1\n", "\naws iam put-role-policy --role-name northwind-readonly ",
	} {
		if !strings.Contains(r.out, want) {
			t.Errorf("no %q in %s", want, r.out)
		}
	}
	if len(*asked) != 1 || (*asked)[0].Do != api.DoReload {
		t.Errorf("the daemon was asked %+v", *asked)
	}
	aws, _ := os.ReadFile(config + "/aws")
	if strings.Contains(string(aws), "globex") || !strings.Contains(string(aws), "[profile acme/admin]") {
		t.Errorf("got %s", aws)
	}
	if in := filesWith(t, os.Getenv("HOME"), id); len(in) != 1 || filepath.Dir(in[0]) != ".config/credd/retired" {
		t.Errorf("the ID is in %q", in)
	}

	// The same again tells the same, and changes nothing.
	retired := content(t)
	if again := run(t, "", "customer", "retire", "globex", "--yes"); again.code != 0 || !strings.Contains(again.err, "globex was retired already, on 2") || len(differ(retired, content(t))) > 0 {
		t.Errorf("got %+v, and changed %q", again, differ(retired, content(t)))
	}
	var j ending
	if r := run(t, "", "customer", "retire", "globex", "--json"); json.Unmarshal([]byte(r.out), &j) != nil || len(j.Roles) != 2 || !j.Roles[0].Invited || len(j.Roles[0].End) < 3 || len(j.Live) != 1 || j.Live[0].Keys != 2 {
		t.Errorf("got %+v", r)
	}

	// And back, every byte.
	if r := run(t, "", "customer", "retire", "globex", "--undo"); r.code != 0 || !strings.Contains(r.out, "globex is back as it was: "+config+"/customers/globex.toml") || strings.Contains(r.out+r.err, id) {
		t.Errorf("got %+v", r)
	}
	if names := differ(before, content(t)); len(names) > 0 {
		t.Errorf("not as before: %q", names)
	}
	if r := run(t, "", "customer", "retire", "globex", "--undo"); r.code != 2 || !strings.Contains(r.err, "globex was not retired") {
		t.Errorf("got %+v", r)
	}

	// Not as it was, where somebody changed the archive.
	if r := run(t, "", "customer", "retire", "globex", "--yes"); r.code != 0 {
		t.Errorf("got %+v", r)
	}
	all, err := filepath.Glob(config + "/retired/globex-*.toml")
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	text, err := os.ReadFile(all[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(all[0], []byte(strings.ReplaceAll(string(text), ":role/", ":role/Wider")), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := run(t, "", "customer", "retire", "globex", "--undo"); r.code != 0 || !strings.Contains(r.err, "the file of globex was changed after it was retired") || !strings.Contains(r.out, "globex is back: ") {
		t.Errorf("got %+v", r)
	}
}

func TestRetireRefuses(t *testing.T) {
	config, _ := retiring(t)
	put(t, config+"/customers/far.toml", "version = 1\n[role.x]\narn = \"arn:aws:iam::223344556677:role/X\"\nsource = \"acme/admin\"\n")
	run(t, "", "customer", "retire", "globex", "--yes")
	put(t, config+"/customers/globex.toml", globexText)
	for _, tt := range []struct {
		args []string
		code int
		want []string
	}{
		{[]string{"acme", "--yes"}, 2, []string{"customers/far.toml:4: role acme/admin is needed by role far/x", "credd role remove far/x"}},
		{[]string{"none", "--yes"}, 4, []string{"no such customer: \"none\"", "credd customer list"}},
		{[]string{"glob", "--yes"}, 4, []string{"did you mean globex?"}},
		{[]string{"../customers/acme", "--yes"}, 4, []string{"no such customer"}},
		{[]string{"none", "--undo"}, 4, []string{"no such customer"}},
		{[]string{"acme", "--undo"}, 2, []string{"acme was not retired"}},
		{[]string{"acme", "--undo", "--dry-run"}, 2, []string{"exclude each other"}},
		{[]string{"globex", "--undo"}, 2, []string{"the customer exists: customers/globex.toml", "stays in " + config + "/retired/globex-", "credd customer retire globex"}},
	} {
		before := content(t)
		if r := run(t, "", append([]string{"customer", "retire"}, tt.args...)...); r.code != tt.code || r.out != "" || !containsAll(r.err, tt.want) || len(differ(before, content(t))) > 0 {
			t.Errorf("%q: got %+v, and changed %q", tt.args, r, differ(before, content(t)))
		}
	}
}

// A customer that was not invited is left as well: what is known is told.
func TestRetireWithoutInvitation(t *testing.T) {
	config, _ := inviting(t)
	put(t, config+"/customers/acme.toml", acmeText+"\n[role.own]\nown_session = true\nsource = \"nw\"\n")
	r := run(t, "", "customer", "retire", "acme", "--yes")
	if r.code != 0 || !containsAll(r.out, []string{"the audit log knows of no credentials", "# arn:aws:iam::012345678901:role/Admin\n", "--role-name Admin --policy-name", "delete the role, or the stack that made it", "acme/own handed out a session of a source"}) {
		t.Errorf("got %+v", r)
	}
	if _, err := os.Stat(config + "/aws"); err == nil {
		t.Error("a file of profiles was made")
	}
	if r := run(t, "", "customer", "retire", "acme", "--undo"); r.code != 0 {
		t.Errorf("got %+v", r)
	}
}

// What a retirement that was killed has left is done by the next one.
func TestRetireFinishes(t *testing.T) {
	config, state := retiring(t)
	before := content(t)
	if _, err := (customer.Places{Config: config, State: state}).Retire("globex", []string{"globex/readonly"}, time.Now()); err != nil {
		t.Fatal(err)
	}
	if r := run(t, "", "customer", "retire", "globex", "--dry-run"); r.code != 0 || !strings.Contains(r.out, "remove 1 profile: globex/readonly") {
		t.Errorf("got %+v", r)
	}
	r := run(t, "", "customer", "retire", "globex")
	if r.code != 0 || !containsAll(r.out, []string{"removed 1 profile: globex/readonly", "delete-stack"}) || len(filesWith(t, state, "globex")) > 0 {
		t.Errorf("got %+v, left %q", r, filesWith(t, state, "globex"))
	}
	run(t, "", "customer", "retire", "globex", "--undo")
	if names := differ(before, content(t)); len(names) > 0 {
		t.Errorf("not as before: %q", names)
	}
}
