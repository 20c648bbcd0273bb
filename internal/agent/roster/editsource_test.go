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
	if _, err := RemoveSource(dir, "other"); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(dir, "credd.toml"))
	if want := strings.Replace(text, "[source.other]\ntype = \"container\"\n\n", "", 1); err != nil || string(got) != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// The lines are of the files as they are, and the source's own comes first in its file.
func TestRemoveSourceThatIsNeeded(t *testing.T) {
	const source = "version = 1\n[source.work]\ntype = \"imds\"\n"
	const arn = "arn = \"arn:aws:iam::012345678901:role/A\"\n"
	for name, c := range map[string]struct{ settings, customer, want, hint string }{
		"defaults": {source + "[defaults]\nregion = \"eu-west-1\"\nsource = \"work\"\n", "version = 1\n[role.a]\n" + arn,
			"credd.toml:6: source work is needed by [defaults]", "name another source there first, or remove that line"},
		"role": {source, "version = 1\n[role.a]\n" + arn + "source = \"work\"\n",
			"customers/acme.toml:4: source work is needed by role acme/a", "credd role remove acme/a"},
		"customer": {source, "version = 1\nsource = \"work\"\n[role.a]\n" + arn,
			"customers/acme.toml:2: source work is needed by role acme/a", "name another source there first"},
		"own session": {source, "version = 1\n[role.a]\nsource = \"work\"\nown_session = true\n",
			"customers/acme.toml:3: source work is needed by role acme/a", "credd role remove acme/a"},
	} {
		dir := t.TempDir()
		put(t, dir, "credd.toml", c.settings)
		put(t, dir, "customers/acme.toml", c.customer)
		_, err := RemoveSource(dir, "work")
		var p Problem
		if !errors.As(err, &p) || p.Error() != c.want || !strings.Contains(p.Hint, c.hint) {
			t.Errorf("%s: got %v, hint %s", name, err, p.Hint)
		}
		if got := contentOf(t, filepath.Join(dir, "credd.toml")); got != c.settings {
			t.Errorf("%s: the file was changed: %q", name, got)
		}
	}
}

// What would be refused is told ahead, and nothing is made or written.
func TestCheckSources(t *testing.T) {
	none := filepath.Join(t.TempDir(), "none")
	if err := CheckSources(none, Source{Name: "work", Type: "keys"}); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(none); err == nil {
		t.Error("the directory was made")
	}
	dir := t.TempDir()
	const text = "version = 1\n[source.ec2]\ntype = \"imds\"\n"
	put(t, dir, "credd.toml", text)
	for what, s := range map[string]Source{
		"exists already":       {Name: "ec2", Type: "keys"},
		"cannot be the":        {Name: "a b", Type: "keys"},
		"only read with mfa_s": {Name: "w", Type: "keys", MFA: "totp"},
		"is no key of":         {Name: "w", Type: "keys", Profile: "x"},
	} {
		if err := CheckSources(dir, s); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: got %v", what, err)
		}
	}
	if err := CheckSources(dir, Source{Name: "work", Type: "keys"}); err != nil || contentOf(t, filepath.Join(dir, "credd.toml")) != text {
		t.Errorf("got %v, or the file was changed", err)
	}
}

func TestFindSource(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "credd.toml", "version = 1\n[source.ec2]\ntype = \"imds\"\n")
	if s, err := Load(dir, nil).FindSource("ec2"); err != nil || s.Type != "imds" {
		t.Errorf("got %+v, %v", s, err)
	}
	if _, err := Load(dir, nil).FindSource("none"); !errors.Is(err, ErrUnknownSource) {
		t.Errorf("got %v", err)
	}
	put(t, dir, "credd.toml", "version = 1\nnonsense\n")
	var p Problem
	if _, err := Load(dir, nil).FindSource("ec2"); !errors.As(err, &p) || p.Line != 2 {
		t.Errorf("got %v", err)
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

// A role without an ARN hands out its source's own session. It has to say so, and to name the source itself.
func TestRolesWithoutARN(t *testing.T) {
	const own = "source = \"work\"\nown_session = true\n"
	const head = "version = 1\naccount_id = \"012345678901\"\nexternal_id = \"canary\"\n[role.own]\n"
	for name, c := range map[string]struct {
		text string
		line int
		want string
	}{
		"plain":       {own + "duration = \"2h\"\nregion = \"eu-west-1\"\n", 0, ""},
		"not marked":  {"source = \"work\"\n", 4, "has no arn"},
		"empty":       {"", 4, "has no arn"},
		"false":       {"source = \"work\"\nown_session = false\n", 6, "own_session is false"},
		"in quotes":   {"source = \"work\"\nown_session = \"true\"\n", 6, "own_session is a string, not true"},
		"beside arn":  {own + "arn = \"arn:aws:iam::012345678901:role/A\"\n", 6, "own_session cannot be set for role own, which has an arn"},
		"inherited":   {"own_session = true\n", 4, "does not name that source itself"},
		"of a role":   {"own_session = true\nsource = \"acme/admin\"\n", 4, "does not name that source itself"},
		"policy":      {own + "policy = \"{}\"\n", 7, "policy cannot be set"},
		"external ID": {own + "external_id = \"other\"\n", 7, "external_id cannot be set"},
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

func TestReplaceSource(t *testing.T) {
	const rest = "version = 1\n\n# mine\n[source.b]\ntype = \"imds\"\n\n[defaults]\nsource = \"a\"\n"
	for name, tt := range map[string]struct{ old, want, err string }{
		"a table":     {strings.Replace(rest, "# mine", "[source.a]\ntype = \"profile\"\nprofile = \"x\"\n\n# mine", 1), rest + "\n[source.a]\ntype = \"keys\"\nregion = \"eu-west-1\"\n", ""},
		"no source":   {strings.Replace(rest, "\"a\"", "\"b\"", 1), "", "no such source"},
		"in a line":   {"version = 1\n[source]\na.type = \"imds\"\n", "", "credd.toml:3: the source is not in a table of its own"},
		"broken file": {"version = 1\nx = 1\n", "", "unknown key"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "credd.toml")
			if err := os.WriteFile(path, []byte(tt.old), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := Editor{Dir: dir}.ReplaceSource(Source{Name: "a", Type: "keys", Region: "eu-west-1"})
			if tt.want == "" {
				tt.want = tt.old
			}
			if got, _ := os.ReadFile(path); string(got) != tt.want || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("got %v\n%s\nwant %q\n%s", err, got, tt.err, tt.want)
			}
		})
	}
}
