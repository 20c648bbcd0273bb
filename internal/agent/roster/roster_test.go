package roster

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const settingsText = `version = 1

[service]
name       = "northwind"
account_id = "210987654321"

[source.work]
type         = "profile"
profile      = "work"
region       = "eu-west-1"
sts_region   = "eu-west-1"
endpoint_url = "https://sts.example"

[defaults]
source       = "work"
duration     = "1h"
session_name = "{service}-{customer}-{user}"
region       = "eu-west-1"
sts_region   = "eu-west-1"

[roster]
include = []

[network]
proxy     = "http://proxy.example:3128"
ca_bundle = "/etc/ssl/ca.pem"

[profiles]
sync = true
name = "nw-{customer}-{role}"

[verify]
weekly = false

[log]
level = "info"
`

const acmeText = `version     = 1
name        = "Acme Corp"
account_id  = "012345678901"
external_id = "9d1f-canary"
environment = "production"
region      = "eu-north-1"
source      = "work"
default_role = "readonly"
note        = "ask Ana"

[role.readonly]
arn = "arn:aws:iam::012345678901:role/northwind/ReadOnly"

[role.admin]
arn             = "arn:aws:iam::012345678901:role/northwind/Admin"
source          = "acme/readonly"
external_id     = "other-canary"
duration        = "30m"
session_name    = "{role}-{user}"
region          = "eu-west-1"
sts_region      = "eu-west-1"
policy          = '{"Version":"2012-10-17"}'
policy_arns     = ["arn:aws:iam::aws:policy/ReadOnlyAccess"]
tags            = { Project = "migration" }
transitive_tags = ["Project"]
source_identity = "ana"
`

const globexText = `version = 1
[role.admin]
arn = "arn:aws-cn:iam::112233445566:role/Admin"
`

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// dir makes a configuration directory of the given files.
func dir(t *testing.T, files map[string]string) string {
	t.Helper()
	d := t.TempDir()
	for name, text := range files {
		put(t, d, name, text)
	}
	return d
}

func put(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func whole(t *testing.T) string {
	return dir(t, map[string]string{"credd.toml": settingsText, "customers/acme.toml": acmeText, "customers/globex.toml": globexText})
}

func TestLoad(t *testing.T) {
	r := Load(whole(t), nil)
	if p := r.Problems(); len(p) > 0 {
		t.Fatal(p)
	}
	admin, err := r.Role("acme/admin")
	if err != nil {
		t.Fatal(err)
	}
	if admin.AccountID != "012345678901" || admin.Partition != "aws" || admin.Source != "acme/readonly" ||
		admin.ExternalID.Reveal() != "other-canary" || admin.Duration != 30*time.Minute || admin.SessionName != "{role}-{user}" ||
		admin.Region != "eu-west-1" || admin.Tags["Project"] != "migration" || admin.Line != 14 || admin.File != "customers/acme.toml" {
		t.Errorf("got %+v", admin)
	}
	readonly, _ := r.Role("acme/readonly")
	if readonly.Source != "work" || readonly.ExternalID.Reveal() != "9d1f-canary" || readonly.Duration != time.Hour || readonly.Region != "eu-north-1" {
		t.Errorf("got %+v, want the customer's settings and the defaults", readonly)
	}
	globex, _ := r.Role("globex/admin")
	if globex.Partition != "aws-cn" || globex.Customer.Name != "globex" || globex.SessionName != "{service}-{customer}-{user}" {
		t.Errorf("got %+v, want the defaults", globex)
	}
	if text := fmt.Sprintf("%+v %#v", r, admin); strings.Contains(text, "canary") {
		t.Error("a printed roster holds an external ID")
	}
}

func TestProfileNames(t *testing.T) {
	for text, want := range map[string]string{ // the profile of acme/team/admin, or a part of the problem
		"":                                  "acme/team/admin",
		`name = "{customer}-{role}"`:        "acme-team/admin",
		`name = "nw:{role}@{customer}%_+."`: "nw:team/admin@acme%_+.",
		`name = "{role}"`:                   "team/admin",
		`name = "{customer}"`:               "acme",
		`name = "{user}"`:                   `name holds "{user}"`,
		`name = "{customer"`:                `name holds "{customer"`,
		`name = "x}{role}"`:                 `name holds "}"`,
		`name = "default"`:                  "name holds neither {customer} nor {role}",
		`name = ""`:                         "name is empty",
		`name = "{customer} {role}"`:        "name is not of A-Z",
		`name = "[{role}]"`:                 "name is not of A-Z",
		`name = "-{role}"`:                  "name is not of A-Z",
		`name = "{role}#"`:                  "name is not of A-Z",
		`name = "é{role}"`:                  "name is not of A-Z",
		`name = "{role}\n[x]"`:              "name holds control characters",
		`name = 'x"{role}'`:                 "name is not of A-Z",
		"name = \"" + strings.Repeat("x", 140) + "{role}\"": "name is longer than 128 bytes",
		`name = 3`:      "name is an integer, not a string",
		`sync = "true"`: "sync is a string, not true or false",
		`sync = 1`:      "sync is an integer, not true or false",
		`synk = true`:   `unknown key "synk"`,
	} {
		r := Load(dir(t, map[string]string{"credd.toml": "version = 1\n[source.work]\ntype = \"imds\"\n[defaults]\nsource = \"work\"\n[profiles]\n" + text + "\n",
			"customers/acme.toml": "version = 1\n[role.\"team/admin\"]\narn = \"arn:aws:iam::112233445566:role/Admin\"\n"}), nil)
		if p := r.Problems(); len(p) > 0 {
			if len(p) != 1 || p[0].Line != 7 || !strings.HasPrefix(p[0].Message, want) || p[0].Hint == "" && !strings.Contains(want, "control") {
				t.Errorf("%s: got %+v, want %s", text, p, want)
			}
			continue
		}
		role, err := r.Role("acme/team/admin")
		check(t, err)
		if got := r.Profile(role); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

func TestNothingThere(t *testing.T) {
	r := Load(filepath.Join(t.TempDir(), "none"), nil)
	if len(r.Problems()) > 0 || len(r.Roles()) > 0 {
		t.Errorf("got %v, want an empty roster", r.Problems())
	}
	if _, err := r.Role("acme/admin"); !errors.Is(err, ErrUnknownRole) {
		t.Errorf("got %v, want %v", err, ErrUnknownRole)
	}
}

func TestUnknownRole(t *testing.T) {
	r := Load(whole(t), nil)
	for name, want := range map[string]string{
		"acme/admn": "did you mean acme/admin?", "acme/other": `no such role: "acme/other"`, "": `no such role: ""`,
		"acme/\x1b[31m": `no such role: "acme/\x1b[31m"`, strings.Repeat("x", 600): "no such role",
	} {
		if _, err := r.Role(name); !errors.Is(err, ErrUnknownRole) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", name, err, want)
		}
	}
}

func TestBrokenFileIsTheReason(t *testing.T) {
	d := whole(t)
	put(t, d, "customers/acme.toml", "version = 1\n\nexternal_id = canary\n")
	r := Load(d, nil)
	var p Problem
	if _, err := r.Role("acme/admin"); !errors.As(err, &p) || p.Line != 3 || strings.Contains(fmt.Sprint(r.Problems()), "canary") {
		t.Errorf("got %v, want customers/acme.toml:3 and no quotation", err)
	}
	if _, err := r.Role("globex/admin"); err != nil {
		t.Errorf("got %v, want the other customer served", err)
	}
	put(t, d, "credd.toml", "nonsense")
	if _, err := Load(d, nil).Role("globex/admin"); !errors.As(err, &p) || p.File != "credd.toml" || p.Line != 1 {
		t.Errorf("got %v, want credd.toml:1", err)
	}
}

func TestIncludes(t *testing.T) {
	team := dir(t, map[string]string{"umbrella.toml": globexText, "acme.toml": globexText, ".hidden.toml": "broken", "README.md": "text"})
	d := whole(t)
	put(t, d, "credd.toml", strings.Replace(settingsText, "include = []", fmt.Sprintf("include = [%q, \"missing\", \"missing\"]", team), 1))
	check(t, os.Chmod(filepath.Join(team, "umbrella.toml"), 0o664)) // as a team's umask has it
	r := Load(d, nil)
	if _, err := r.Role("umbrella/admin"); err != nil {
		t.Error(err)
	}
	if _, err := r.Role("acme/readonly"); err != nil {
		t.Error("the file in customers/ should win:", err)
	}
	text := fmt.Sprint(r.Problems())
	if !strings.Contains(text, "customer acme has a file already: customers/acme.toml") || !strings.Contains(text, "missing: the directory does not exist") || len(r.Problems()) != 2 {
		t.Errorf("got %s", text)
	}
}

func TestSources(t *testing.T) {
	role := func(source string) string {
		return "version = 1\n[role.r]\narn = \"arn:aws:iam::112233445566:role/R\"\nsource = \"" + source + "\"\n"
	}
	d := dir(t, map[string]string{
		"credd.toml":          "version = 1\n[source.work]\ntype = \"profile\"\nprofile = \"work\"\n",
		"customers/a.toml":    role("b/r"),
		"customers/b.toml":    role("c/r"),
		"customers/c.toml":    role("a/r"),
		"customers/self.toml": role("self/r"),
		"customers/on.toml":   role("gone"),
		"customers/up.toml":   role("none/r"),
		"customers/no.toml":   strings.Split(role(""), "source")[0],
		"customers/ok.toml":   role("work"),
		"customers/top.toml":  role("ok/r"),
	})
	r := Load(d, nil)
	for name, want := range map[string]string{
		"a/r": "customers/a.toml:4: roles are each other's source: a/r from b/r from c/r from a/r", "self/r": "self/r from self/r",
		"on/r": `customers/on.toml:4: source "gone" of role on/r does not exist`, "up/r": `customers/up.toml:4: source "none/r"`,
		"no/r": "customers/no.toml:2: role no/r has no source",
	} {
		if _, err := r.Role(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", name, err, want)
		}
	}
	for _, name := range []string{"ok/r", "top/r"} {
		if _, err := r.Role(name); err != nil {
			t.Error(err)
		}
	}
}

func TestDefaultSource(t *testing.T) {
	d := whole(t)
	put(t, d, "credd.toml", strings.Replace(settingsText, `source       = "work"`, `source       = "wrk"`, 1))
	p := Load(d, nil).Problems()
	if len(p) != 1 || p[0].Line != 15 || !strings.Contains(p[0].Message, `source "wrk" does not exist`) {
		t.Errorf("got %v, want the one line in credd.toml that is wrong", p)
	}
}

// AWS gives at most 1 h to a role that a role assumed: more is an error where it is asked for, and cut where it is a default.
func TestChainedDuration(t *testing.T) {
	d := dir(t, map[string]string{
		"credd.toml":       strings.Replace(settingsText, `"1h"`, `"8h"`, 1),
		"customers/a.toml": globexText,
		"customers/b.toml": "version = 1\nsource = \"a/admin\"\n[role.r]\narn = \"arn:aws:iam::112233445566:role/R\"\n",
		"customers/c.toml": "version = 1\nsource = \"a/admin\"\n[role.r]\narn = \"arn:aws:iam::112233445566:role/R\"\nduration = \"2h\"\n",
	})
	r := Load(d, nil)
	if a, err := r.Role("a/admin"); err != nil || a.Duration != 8*time.Hour {
		t.Errorf("got %v, %v; want 8h", a, err)
	}
	if b, err := r.Role("b/r"); err != nil || b.Duration != time.Hour {
		t.Errorf("got %v, %v; want 1h", b, err)
	}
	if _, err := r.Role("c/r"); err == nil || !strings.Contains(err.Error(), "customers/c.toml:5: duration is above 1h") {
		t.Errorf("got %v, want customers/c.toml:5", err)
	}
}
