package roster

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAddSources(t *testing.T) {
	dir := t.TempDir()
	sources := []Source{
		{Name: "work", Type: "keys", MFASerial: "arn:aws:iam::210987654321:mfa/ana", MFA: "command", MFACommand: []string{"ykman", "a \"b\""}, Region: "eu-west-1"},
		{Name: "nw.admin", Type: "sso", StartURL: "https://nw.awsapps.com/start", SSORegion: "eu-west-1", AccountID: "012345678901", RoleName: "Admin"},
		{Name: "web", Type: "web-identity", TokenFile: "/var/run/token", RoleARN: "arn:aws:iam::210987654321:role/web"},
		{Name: "ec2", Type: "imds"},
		{Name: "own", Type: "process", Command: []string{"/opt/get creds", "x"}},
	}
	path, err := AddSources(dir, sources...)
	if err != nil {
		t.Fatal(err)
	}
	r := Load(dir, nil)
	if p := r.Problems(); len(p) > 0 {
		t.Fatal(p)
	}
	for _, want := range sources {
		got, ok := r.Source(want.Name)
		if !ok || got.text() != want.text() {
			t.Errorf("%s: got %+v", want.Name, got)
		}
	}
	if got := r.Settings.Defaults.Source; got != "work" {
		t.Errorf("the default source is %q", got)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for what, s := range map[string]Source{
		"exists already":    {Name: "ec2", Type: "imds"},
		"cannot be the":     {Name: "a/b", Type: "imds"},
		"no profile":        {Name: "p", Type: "profile"},
		"is no key of":      {Name: "p", Type: "imds", Profile: "x"},
		"control character": {Name: "p", Type: "profile", Profile: "x\"\n[source.evil]\ntype = \"imds"},
	} {
		if _, err := AddSources(dir, s); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: got %v", what, err)
		}
	}
	if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
		t.Errorf("the file was changed: %v", err)
	}
}

// Who sets the vault up first still gets a default source.
func TestTheFirstSourceIsTheDefault(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"settings only": {"version = 1\n[vault]\nkey = \"file\"\n", "work"},
		"defaults":      {"version = 1\n[defaults]\nregion = \"eu-west-1\"\n", ""},
		"a source":      {"version = 1\n[source.a]\ntype = \"imds\"\n", ""},
	} {
		dir := t.TempDir()
		put(t, dir, "credd.toml", c.text)
		if _, err := AddSources(dir, Source{Name: "work", Type: "container"}); err != nil {
			t.Fatal(err)
		}
		r := Load(dir, nil)
		if got := r.Settings.Defaults.Source; got != c.want || len(r.Problems()) > 0 {
			t.Errorf("%s: the default is %q, want %q; %v", name, got, c.want, r.Problems())
		}
	}
}

func TestRemoveSource(t *testing.T) {
	dir := t.TempDir()
	text := "version = 1\n\n# ours\n[source.work]\ntype = \"imds\"\n\n[source.other]\ntype = \"container\"\n\n[defaults]\nsource = \"work\"\n"
	put(t, dir, "credd.toml", text)
	put(t, dir, "customers/acme.toml", "version = 1\n[role.a]\narn = \"arn:aws:iam::012345678901:role/A\"\n")
	if _, err := RemoveSource(dir, "none"); !errors.Is(err, ErrUnknownSource) {
		t.Errorf("got %v", err)
	}
	if _, err := RemoveSource(dir, "work"); err == nil || !strings.Contains(err.Error(), "does not exist") {
		t.Errorf("a source that is needed: got %v", err)
	}
	if _, err := RemoveSource(dir, "other"); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(dir, "credd.toml"))
	if want := strings.Replace(text, "[source.other]\ntype = \"container\"\n\n", "", 1); err != nil || string(got) != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestSourcesThatAreRefused(t *testing.T) {
	const serial = "mfa_serial = \"arn:aws:iam::210987654321:mfa/ana\"\n"
	for name, c := range map[string]struct {
		text string // of credd.toml after its first line
		line int
		want string
	}{
		"no type":           {"[source.a]\nregion = \"eu-west-1\"\n", 2, "has no type"},
		"type misspelt":     {"[source.a]\ntype = \"key\"\n", 3, "unknown type"},
		"foreign key":       {"[source.a]\ntype = \"imds\"\nprofile = \"x\"\n", 4, "profile is no key of a source of type imds"},
		"mfa alone":         {"[source.a]\ntype = \"keys\"\nmfa = \"totp\"\n", 4, "mfa is only read with mfa_serial"},
		"unknown mfa":       {"[source.a]\ntype = \"keys\"\n" + serial + "mfa = \"sms\"\n", 5, "unknown mfa"},
		"no command":        {"[source.a]\ntype = \"keys\"\n" + serial + "mfa = \"command\"\n", 5, "needs mfa_command"},
		"command unused":    {"[source.a]\ntype = \"keys\"\n" + serial + "mfa_command = [\"x\"]\n", 5, "only read with mfa"},
		"command in quotes": {"[source.a]\ntype = \"process\"\ncommand = \"get creds\"\n", 4, "not an array of strings"},
		"empty command":     {"[source.a]\ntype = \"process\"\ncommand = []\n", 4, "command is empty"},
		"no login":          {"[source.a]\ntype = \"sso\"\naccount_id = \"012345678901\"\nrole_name = \"Admin\"\n", 2, "does not say where to log in"},
		"two logins":        {"[source.a]\ntype = \"sso\"\naccount_id = \"012345678901\"\nrole_name = \"Admin\"\nstart_url = \"https://x\"\nsso_session = \"y\"\n", 7, "has a start URL"},
		"no sso_region":     {"[source.a]\ntype = \"sso\"\naccount_id = \"012345678901\"\nrole_name = \"Admin\"\nstart_url = \"https://x\"\n", 2, "no sso_region"},
		"no role_name":      {"[source.a]\ntype = \"sso\"\naccount_id = \"012345678901\"\nsso_session = \"y\"\n", 2, "has no role_name"},
		"relative file":     {"[source.a]\ntype = \"web-identity\"\ntoken_file = \"token\"\nrole_arn = \"arn:aws:iam::210987654321:role/w\"\n", 4, "absolute path"},
		"vault key":         {"[vault]\nkey = \"kering\"\n", 3, "unknown key"},
		"key file unused":   {"[vault]\nkey_file = \"/x\"\n", 2, "only read with key"},
	} {
		dir := t.TempDir()
		put(t, dir, "credd.toml", "version = 1\n"+c.text)
		p := Load(dir, nil).Problems()
		if len(p) == 0 || p[0].Line != c.line || !strings.Contains(p[0].Message, c.want) {
			t.Errorf("%s: got %v, want line %d: %s", name, p, c.line, c.want)
		}
	}
}

// A role without an ARN hands out its source's own session. It has to say so by naming the source itself.
func TestRolesWithoutARN(t *testing.T) {
	const head = "version = 1\naccount_id = \"012345678901\"\nexternal_id = \"canary\"\n[role.own]\n"
	for name, c := range map[string]struct {
		text string
		line int
		want string
	}{
		"plain":       {"source = \"work\"\nduration = \"2h\"\nregion = \"eu-west-1\"\n", 0, ""},
		"inherited":   {"duration = \"1h\"\n", 4, "has no arn"},
		"of a role":   {"source = \"acme/admin\"\n", 4, "has no arn"},
		"policy":      {"source = \"work\"\npolicy = \"{}\"\n", 6, "policy cannot be set"},
		"external ID": {"source = \"work\"\nexternal_id = \"other\"\n", 6, "external_id cannot be set"},
	} {
		dir := t.TempDir()
		put(t, dir, "credd.toml", "version = 1\n[source.work]\ntype = \"keys\"\n[defaults]\nsource = \"work\"\n")
		put(t, dir, "customers/acme.toml", head+c.text)
		r := Load(dir, nil)
		if p := r.Problems(); c.want != "" && (len(p) == 0 || p[0].Line != c.line || !strings.Contains(p[0].Message, c.want)) {
			t.Errorf("%s: got %v, want line %d: %s", name, p, c.line, c.want)
		}
		role, err := r.Role("acme/own")
		if (err == nil) != (c.want == "") {
			t.Errorf("%s: got %v", name, err)
		}
		if err == nil && (role.ARN != "" || !role.ExternalID.IsZero() || role.AccountID != "012345678901") {
			t.Errorf("%s: got %+v", name, role)
		}
	}
}
