package cli

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"credd/internal/agent/api"
	"credd/internal/agent/roster"
	"credd/internal/customer"
	"credd/internal/customer/verify"
	"credd/internal/ipc"
)

const serviceText = "[service]\nname = \"northwind\"\naccount_id = \"210987654321\"\n"

// inviting is a home whose source is an IAM Identity Center login, with the test in an empty directory. It returns the directories
// of the configuration and of the state.
func inviting(t *testing.T) (config, state string) {
	t.Helper()
	config = home(t)
	put(t, config+"/credd.toml", "version = 1\n"+serviceText+ssoText+"[defaults]\nsource = \"nw\"\nregion = \"eu-west-1\"\n")
	t.Chdir(t.TempDir())
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(config, "aws"))
	return config, filepath.Join(os.Getenv("HOME"), ".local/state/credd")
}

// externalID is that of a role.
func externalID(t *testing.T, config, role string) string {
	t.Helper()
	r, err := roster.Load(config, nil).Role(role)
	if err != nil || r.ExternalID.IsZero() {
		t.Fatalf("%s: got %+v, %v", role, r, err)
	}
	return r.ExternalID.Reveal()
}

// filesWith are those below a directory that hold a text.
func filesWith(t *testing.T, dir, text string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if rel, _ := filepath.Rel(dir, path); strings.Contains(string(data), text) {
			names = append(names, rel)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestInvite(t *testing.T) {
	config, state := inviting(t)
	r := run(t, "", "customer", "invite", "globex", "--account", "112233445566", "--permissions", "readonly", "--name", "Globex", "--environment", "test")
	if r.code != 0 {
		t.Fatalf("got %+v", r)
	}
	for _, want := range []string{
		"made invitation-globex for globex/readonly\n", "invitation-globex/invitation.html", "credd customer verify globex", "credd profiles sync\n", "--profile globex/readonly",
	} {
		if !strings.Contains(r.out, want) {
			t.Errorf("no %q in %s", want, r.out)
		}
	}
	role, err := roster.Load(config, nil).Role("globex/readonly")
	if err != nil || role.ARN != "arn:aws:iam::112233445566:role/northwind-readonly" || role.Customer.Name != "Globex" || role.Customer.Environment != "test" || role.Source != "nw" {
		t.Errorf("got %+v, %v", role, err)
	}
	id := externalID(t, config, "globex/readonly")
	if len(id) < 26 || len(id) > 64 || strings.Contains(strings.ToLower(id), "globex") {
		t.Errorf("got ID %s", id)
	}
	t.Run("the external ID", func(t *testing.T) {
		if strings.Contains(r.out+r.err, id) {
			t.Error("it is printed")
		}
		if in := filesWith(t, config, id); !slices.Equal(in, []string{"customers/globex.toml"}) {
			t.Errorf("it is in %q", in)
		}
		if in := filesWith(t, state, id); len(in) > 0 {
			t.Errorf("it is in %q", in)
		}
		secret := filesWith(t, "invitation-globex", id)
		if !slices.Contains(secret, "parameters.json") || slices.Contains(secret, "template.yaml") {
			t.Errorf("it is in %q of the folder", secret)
		}
		for _, name := range append(secret, ".") {
			if info, err := os.Stat(filepath.Join("invitation-globex", name)); err != nil || info.Mode().Perm()&0o077 != 0 {
				t.Errorf("%s: got %v, %v", name, info, err)
			}
		}
	})
	terms, err := customer.Invitation(state, "globex", "readonly")
	if err != nil || terms == nil || terms.CustomerName != "Globex" || !slices.Equal(terms.Principals, []string{
		"arn:aws:iam::210987654321:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Ops_????????????????",
		"arn:aws:iam::210987654321:role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_Ops_????????????????",
	}) {
		t.Errorf("got %+v, %v", terms, err)
	}
}

// A second role of a customer has its ID; the folder of a role can be written once more, and is the same.
func TestInviteAgain(t *testing.T) {
	config, _ := inviting(t)
	run(t, "", "customer", "invite", "globex", "--account", "112233445566", "--permissions", "readonly", "--until", "2100-01-01")
	r := run(t, "", "customer", "invite", "globex", "--permissions", "billing", "--json")
	var j struct {
		Name, Folder, File string
		Terms              struct{ Role string }
	}
	if err := json.Unmarshal([]byte(r.out), &j); err != nil || j.Name != "globex/billing" || filepath.Base(j.Folder) != "invitation-globex-billing" || j.Terms.Role != "billing" {
		t.Errorf("got %+v, %v", r, err)
	}
	id := externalID(t, config, "globex/readonly")
	if id != externalID(t, config, "globex/billing") || strings.Contains(r.out+r.err, id) {
		t.Errorf("got %s", r.out)
	}
	again := func(args ...string) result {
		return run(t, "", append([]string{"customer", "invite", "globex", "--again"}, args...)...)
	}
	for _, tt := range []struct {
		args []string
		code int
		want string
	}{
		{nil, 2, "name one: --role billing, --role readonly"},
		{[]string{"--role", "readonly", "--out", "x", "--until", "2101-01-01"}, 2, "as it was, without --until"},
		{[]string{"--role", "none"}, 4, "no such role"},
		{[]string{"--role", "readonly", "--out", "invitation-globex"}, 2, "is there already, and not empty"},
		{[]string{"--role", "readonly", "--out", "x", "--dry-run"}, 0, "external ID"},
		{[]string{"--role", "globex/readonly", "--out", "x"}, 0, "made x for globex/readonly"},
	} {
		if r := again(tt.args...); r.code != tt.code || !strings.Contains(r.out+r.err, tt.want) || strings.Contains(r.out+r.err, id) {
			t.Errorf("%q: got %+v", tt.args, r)
		}
	}
	first, second := filesWith(t, "invitation-globex", ""), filesWith(t, "x", "")
	if !slices.Equal(first, second) || len(first) < 5 {
		t.Fatalf("got %q, want %q", second, first)
	}
	for _, name := range first {
		a, _ := os.ReadFile(filepath.Join("invitation-globex", name))
		b, _ := os.ReadFile(filepath.Join("x", name))
		if string(a) != string(b) {
			t.Errorf("%s is another", name)
		}
	}
	text, err := os.ReadFile(config + "/credd.toml")
	if err != nil {
		t.Fatal(err)
	}
	put(t, config+"/credd.toml", strings.Replace(string(text), `account_id = "210987654321"`, `account_id = "888888888888"`, 1))
	if r := again("--role", "billing", "--out", "z", "--dry-run"); r.code != 0 || !strings.Contains(r.err, "asks to trust account 210987654321, and [service] account_id is 888888888888 now") {
		t.Errorf("got %+v", r)
	}
	put(t, config+"/credd.toml", string(text))
	put(t, config+"/customers/globex.toml", "version = 1\nexternal_id = \"id\"\n[role.readonly]\narn = \"arn:aws:iam::112233445566:role/Other\"\n")
	if r := again("--role", "readonly", "--out", "y"); r.code != 2 || !strings.Contains(r.err, "is another role now") {
		t.Errorf("got %+v", r)
	}
	if r := run(t, "", "customer", "invite", "acme", "--again"); r.code != 2 || !strings.Contains(r.err, "acme was not invited by credd") {
		t.Errorf("got %+v", r)
	}
}

func TestInviteRefuses(t *testing.T) {
	config, state := inviting(t)
	put(t, config+"/customers/globex.toml", globexText)
	put(t, "full/file", "")
	put(t, "broken.json", "{")
	before := filesWith(t, config, "")
	args := func(more ...string) []string {
		return append([]string{"customer", "invite", "new", "--account", "223344556677", "--permissions", "readonly"}, more...)
	}
	for name, tt := range map[string]struct {
		args []string
		code int
		want []string
	}{
		"no permissions":          {[]string{"customer", "invite", "new", "--account", "223344556677"}, 2, []string{"--permissions or --policy is needed", "readonly, support"}},
		"no account":              {[]string{"customer", "invite", "new", "--permissions", "readonly"}, 2, []string{"--account is needed"}},
		"an account of 11 digits": {[]string{"customer", "invite", "new", "--permissions", "readonly", "--account", "22334455667"}, 2, []string{"is no account ID: that has 12 digits"}},
		"a bad preset":            {args("--permissions", "all"), 2, []string{"no permissions \"all\""}},
		"a role that exists":      {[]string{"customer", "invite", "acme", "--permissions", "readonly", "--role", "admin"}, 2, []string{"acme/admin exists already", "--again", "--role NAME"}},
		"another account":         {[]string{"customer", "invite", "acme", "--permissions", "readonly", "--account", "223344556677"}, 2, []string{"acme has account 012345678901"}},
		"a name for acme":         {[]string{"customer", "invite", "acme", "--permissions", "readonly", "--name", "ACME"}, 2, []string{"leave --name and --environment out"}},
		"a path as customer":      {[]string{"customer", "invite", "../x", "--permissions", "readonly"}, 2, []string{"cannot be the name of a customer"}},
		"a hostile customer":      {[]string{"customer", "invite", "<script>\x1b[31m", "--permissions", "readonly"}, 2, []string{"\"<script>\\x1b[31m\" cannot be the name of a customer"}},
		"a hostile role":          {args("--role", "a b\x1b]0;x\a"), 2, []string{"cannot be the name of a role"}},
		"a hostile environment":   {args("--environment", "x\x1b[31m"), 2, []string{"environment holds control characters"}},
		"a full folder":           {args("--out", "full"), 2, []string{"is there already, and not empty", "nothing in it was touched"}},
		"a file as folder":        {args("--out", "full/file"), 2, []string{"cannot be the folder"}},
		"a broken policy":         {args("--policy", "broken.json"), 2, []string{"broken.json: "}},
		"no policy":               {args("--policy", "none.json"), 2, []string{"none.json is no file that can be read"}},
		"a device as policy":      {args("--policy", "/dev/zero"), 2, []string{"/dev/zero is no file that can be read"}},
		"MFA of a login":          {args("--mfa"), 2, []string{"is of type sso, whose sessions do not tell AWS of an MFA code"}},
		"exact for a pattern":     {args("--exact"), 2, []string{"--exact needs one ARN without wildcards"}},
		"a foreign principal":     {args("--principal", "arn:aws:iam::999999999999:role/x"), 2, []string{"is of account 999999999999, and the customer is asked to trust account 210987654321"}},
		"no principal":            {args("--principal", "*"), 2, []string{"is not the ARN of a user or a role"}},
		"two partitions":          {args("--principal", "arn:aws:iam::210987654321:role/x", "--principal", "arn:aws-cn:iam::210987654321:role/x"), 2, []string{"two partitions"}},
		"no source":               {args("--source", "none"), 4, []string{"no such source"}},
		"a date of yesterday":     {args("--until", "2020-01-01"), 2, []string{"--until is in the past"}},
		"no date":                 {args("--until", "soon"), 2, []string{"--until is not a date"}},
		"a tag without value":     {args("--tag", "x"), 2, []string{"--tag x is not KEY=VALUE"}},
		"a short session":         {args("--max-session", "30m"), 2, []string{"max session"}},
		"a bad range":             {args("--source-ip", "300.0.0.0/8"), 2, []string{"source ips"}},
	} {
		if r := run(t, "", tt.args...); r.code != tt.code || r.out != "" || !containsAll(r.err, tt.want) || strings.Contains(r.err, "\x1b") {
			t.Errorf("%s: got %+v", name, r)
		}
	}
	for name, tt := range map[string]struct{ settings, want string }{
		"nothing": {"", "does not say what we are called\ncredd: hint: say once how your customers know you, such as --service-name northwind; it is kept in " + config + "/credd.toml"},
		"no name": {"[service]\naccount_id = \"210987654321\"\n", "does not say what we are called"},
	} {
		put(t, config+"/credd.toml", "version = 1\n"+tt.settings+ssoText+"[defaults]\nsource = \"nw\"\nregion = \"eu-west-1\"\n")
		if r := run(t, "", args()...); r.code != 2 || !strings.Contains(r.err, tt.want) {
			t.Errorf("%s: got %+v", name, r)
		}
	}
	if after := filesWith(t, config, ""); !slices.Equal(after, before) || len(filesWith(t, ".", "")) != 2 {
		t.Errorf("got %q", after)
	}
	if _, err := os.Stat(filepath.Join(state, "invitations")); err == nil {
		t.Error("an invitation is kept")
	}
}

// Who we are is asked for once. The account is that of who assumes the role, and is kept, so that another one does not slip in.
func TestInviteTakesOurName(t *testing.T) {
	config, _ := inviting(t)
	rest := ssoText + "[defaults]\nsource = \"nw\"\nregion = \"eu-west-1\"\n"
	for name, tt := range map[string]struct{ before, flag, want string }{
		"neither is known":      {"", "northwind", rest + "\n[service]\nname = \"northwind\"\naccount_id = \"210987654321\"\n"},
		"the name is known":     {"[service]\nname = \"northwind\"\n", "", "[service]\naccount_id = \"210987654321\"\nname = \"northwind\"\n" + rest},
		"it is known, and said": {"[service]\nname = \"northwind\"\n", "northwind", "[service]\naccount_id = \"210987654321\"\nname = \"northwind\"\n" + rest},
		"the account is known":  {"[service]\naccount_id = \"210987654321\"\n", "northwind", "[service]\nname = \"northwind\"\naccount_id = \"210987654321\"\n" + rest},
	} {
		put(t, config+"/credd.toml", "version = 1\n"+tt.before+rest)
		args := []string{"customer", "invite", "new", "--account", "223344556677", "--permissions", "support", "--out", t.TempDir() + "/out"}
		if tt.flag != "" {
			args = append(args, "--service-name", tt.flag)
		}
		if r := run(t, "", append(args, "--dry-run")...); r.code != 0 || !strings.Contains(r.out, "role/northwind-support") {
			t.Errorf("%s: got %+v", name, r)
		}
		if got := settingsOf(t, config); got != "version = 1\n"+tt.before+rest {
			t.Errorf("%s: --dry-run wrote %s", name, got)
		}
		if r := run(t, "", args...); r.code != 0 {
			t.Errorf("%s: got %+v", name, r)
		}
		if got := settingsOf(t, config); got != "version = 1\n"+tt.want {
			t.Errorf("%s: got\n%swant\n%s", name, got, tt.want)
		}
		if err := os.Remove(config + "/customers/new.toml"); err != nil {
			t.Fatal(err)
		}
	}
	for flag, want := range map[string]string{"other": "credd.toml calls us northwind", "a b": "credd.toml calls us northwind"} {
		if r := run(t, "", "customer", "invite", "new", "--account", "223344556677", "--permissions", "support", "--service-name", flag); r.code != 2 || !strings.Contains(r.err, want) {
			t.Errorf("%s: got %+v", flag, r)
		}
	}
	put(t, config+"/credd.toml", "version = 1\n"+rest)
	if r := run(t, "", "customer", "invite", "new", "--account", "223344556677", "--permissions", "support", "--service-name", "a b"); r.code != 2 || !strings.Contains(r.err, "cannot be part of a session's name") {
		t.Errorf("got %+v", r)
	}
}

func TestInviteAfterRetire(t *testing.T) {
	config, _ := inviting(t)
	args := []string{"customer", "invite", "new", "--account", "223344556677", "--permissions", "support", "--out"}
	if r := run(t, "", append(args, t.TempDir()+"/one")...); r.code != 0 || strings.Contains(r.err, "was retired") {
		t.Fatalf("got %+v", r)
	}
	before := externalID(t, config, "new/support")
	if r := run(t, "", "customer", "retire", "new", "--yes"); r.code != 0 {
		t.Fatalf("got %+v", r)
	}
	r := run(t, "", append(args, t.TempDir()+"/two")...)
	if r.code != 0 || !containsAll(r.err, []string{"a customer new was retired on ", "another external ID", "credd customer retire new --undo"}) {
		t.Errorf("got %+v", r)
	}
	if externalID(t, config, "new/support") == before {
		t.Error("the external ID is the same")
	}
}

// A profile without a region is of no use to the AWS CLI: where none is set the role gets that of the stack.
func TestInviteKnowsARegion(t *testing.T) {
	config, _ := inviting(t)
	put(t, config+"/credd.toml", "version = 1\n"+serviceText+ssoText+"[defaults]\nsource = \"nw\"\n")
	put(t, config+"/customers/placed.toml", "version = 1\nregion = \"us-west-2\"\n[role.one]\narn = \"arn:aws:iam::334455667788:role/One\"\n")
	for key, want := range map[string]string{"new": "eu-central-1", "placed": "us-west-2"} {
		args := []string{"customer", "invite", key, "--permissions", "support", "--region", "eu-central-1", "--account", "334455667788", "--out", t.TempDir() + "/out"}
		if r := run(t, "", args...); r.code != 0 {
			t.Fatalf("got %+v", r)
		}
		if role, err := roster.Load(config, nil).Role(key + "/support"); err != nil || role.Region != want {
			t.Errorf("%s: got %+v, %v", key, role, err)
		}
	}
}

// A customer's second stack is where the first one is.
func TestInviteIntoTheSameRegion(t *testing.T) {
	config, _ := inviting(t)
	put(t, config+"/credd.toml", "version = 1\n"+serviceText+ssoText+"[defaults]\nsource = \"nw\"\n")
	for i, args := range [][]string{{"support", "--account", "334455667788", "--region", "eu-central-1"}, {"billing"}} {
		r := run(t, "", append([]string{"customer", "invite", "new", "--out", t.TempDir() + "/out", "--json", "--permissions"}, args...)...)
		if r.code != 0 || !strings.Contains(r.out, `"eu-central-1"`) {
			t.Errorf("%d: got %+v", i, r)
		}
	}
	if r := run(t, "", "customer", "invite", "other", "--account", "223344556677", "--permissions", "support"); r.code != 2 || !strings.Contains(r.err, "--region is needed") {
		t.Errorf("got %+v", r)
	}
}

// An invitation that is written once more does not call a role unverified that is verified.
func TestInviteAgainAfterVerification(t *testing.T) {
	config, state := inviting(t)
	run(t, "", "customer", "invite", "globex", "--account", "112233445566", "--permissions", "readonly", "--out", t.TempDir()+"/one")
	role, err := roster.Load(config, nil).Role("globex/readonly")
	if err != nil {
		t.Fatal(err)
	}
	settings := customer.Settings(role.ARN, role.ExternalID, role.Source)
	seen := customer.Seen{Verified: &verify.Result{Role: role.Name, Verdict: verify.Verified, At: time.Now(), Settings: settings}}
	if err := (customer.Record{Roles: map[string]customer.Seen{"readonly": seen}}).Save(state, "globex"); err != nil {
		t.Fatal(err)
	}
	r := run(t, "", "customer", "invite", "globex", "--again", "--out", t.TempDir()+"/two")
	if r.code != 0 || !strings.Contains(r.out, "globex/readonly is verified already") || strings.Contains(r.out, "unverified") {
		t.Errorf("got %+v", r)
	}
}

func containsAll(text string, parts []string) bool {
	for _, p := range parts {
		if !strings.Contains(text, p) {
			return false
		}
	}
	return true
}

// What cannot be written leaves nothing of the rest.
func TestInviteIsNeverHalf(t *testing.T) {
	for name, spoil := range map[string]func(config, state string){
		"the terms":    func(_, state string) { put(t, state+"/invitations", "") },
		"broken terms": func(_, state string) { put(t, state+"/invitations/new.json", "{") },
		"the customer": func(config, _ string) { os.RemoveAll(config + "/customers"); put(t, config+"/customers", "") },
		"a broken customer": func(config, _ string) {
			put(t, config+"/customers/new.toml", "version = 1\naccount_id = \"223344556677\"\nnonsense = 1\n")
		},
	} {
		config, state := inviting(t)
		spoil(config, state)
		before := filesWith(t, os.Getenv("HOME"), "")
		r := run(t, "", "customer", "invite", "new", "--account", "223344556677", "--permissions", "readonly")
		if r.code == 0 || r.out != "" {
			t.Errorf("%s: got %+v", name, r)
		}
		after := slices.DeleteFunc(filesWith(t, os.Getenv("HOME"), ""), func(f string) bool { return filepath.Base(f) == ".lock" })
		if !slices.Equal(after, before) {
			t.Errorf("%s: left %q, want %q", name, after, before)
		}
		if left, _ := os.ReadDir("."); len(left) > 0 {
			t.Errorf("%s: left %v", name, left)
		}
	}
}

// Where everybody may exchange the folder none is made; in a directory such as /tmp one is.
func TestInviteWhereOthersWrite(t *testing.T) {
	inviting(t)
	invite := func(more ...string) result {
		return run(t, "", append([]string{"customer", "invite", "new", "--account", "223344556677", "--permissions", "readonly"}, more...)...)
	}
	open, tmp := t.TempDir(), t.TempDir()
	for dir, mode := range map[string]fs.FileMode{open: 0o777, tmp: fs.ModeSticky | 0o777} {
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
	}
	refused := func(what string, r result, parts ...string) {
		t.Helper()
		if left, _ := os.ReadDir(open); r.code != 2 || !containsAll(r.err, append(parts, "--out DIR")) || strings.Contains(r.err, ".credd-") || len(left) > 0 {
			t.Errorf("%s: got %+v, %v", what, r, left)
		}
	}
	refused("open", invite("--out", open+"/a"), "every user of this machine may change what is in "+open)
	if r := invite("--out", tmp+"/a"); r.code != 0 {
		t.Errorf("got %+v", r)
	}
	refused("again", run(t, "", "customer", "invite", "new", "--again", "--out", open+"/a"), "every user of this machine may change what is in "+open)
}

// What a killed invitation left goes with the next one, unless that may still be under way; in a directory of any name.
func TestInviteTidies(t *testing.T) {
	inviting(t)
	odd := filepath.Join(t.TempDir(), "[a]*")
	if err := os.Mkdir(odd, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Chdir(odd)
	put(t, ".credd-invitation-1/parameters.json", "old")
	put(t, ".credd-invitation-2/parameters.json", "new")
	old := time.Now().Add(-2 * time.Hour)
	if err := os.Chtimes(".credd-invitation-1", old, old); err != nil {
		t.Fatal(err)
	}
	if r := run(t, "", "customer", "invite", "new", "--account", "223344556677", "--permissions", "readonly"); r.code != 0 {
		t.Errorf("got %+v", r)
	}
	left, _ := filepath.Glob(".credd-*")
	if !slices.Equal(left, []string{".credd-invitation-2"}) {
		t.Errorf("left %q", left)
	}
}

// Names that mean something elsewhere are only names.
func TestInviteHostileNames(t *testing.T) {
	config, _ := inviting(t)
	for i, tt := range []struct{ name, want string }{
		{"<script>alert(1)</script>", "<script>alert(1)</script>"},
		{`"]` + "\n[role.evil]\narn = \"x", `"] [role.evil] arn = "x`},
		{"شركة \u202eevil", "شركة evil"},
		{"\x1b]0;owned\a\x1b[31mred", "]0;owned[31mred"},
		{strings.Repeat("長", 200), strings.Repeat("長", 200)},
		{"${AWS::AccountId} %{x} $(id) `id` 'q'", "${AWS::AccountId} %{x} $(id) `id` 'q'"},
		{"bad\xffutf8\x00", "badutf8"},
	} {
		key := "h" + string(rune('a'+i))
		r := run(t, "", "customer", "invite", key, "--account", "11223344556"+string(rune('0'+i)), "--permissions", "readonly", "--name", tt.name)
		if r.code != 0 || strings.ContainsAny(r.out+r.err, "\x1b\a\x00\u202e") {
			t.Errorf("%q: got %+v", tt.name, r)
			continue
		}
		now := roster.Load(config, nil)
		if c, ok := now.Customer(key); !ok || c.Name != tt.want || len(now.Problems()) > 0 {
			t.Errorf("%q: got %+v, %v", tt.name, c, now.Problems())
		}
		if cleaned := strings.Contains(r.err, "cannot be shown"); cleaned != (tt.name != tt.want) {
			t.Errorf("%q: told %v", tt.name, r.err)
		}
	}
}

func TestPrincipals(t *testing.T) {
	config, _ := inviting(t)
	put(t, config+"/credd.toml", "version = 1\n"+serviceText+ssoText+`
[source.keys]
type = "keys"
[source.mfa]
type = "keys"
mfa_serial = "arn:aws:iam::210987654321:mfa/ana"
[source.web]
type = "web-identity"
token_file = "/t"
role_arn = "arn:aws:iam::210987654321:role/ci/Runner"
[source.ec2]
type = "imds"
[source.profile]
type = "profile"
profile = "x"
[source.root]
type = "process"
command = ["x"]
[source.away]
type = "container"
[defaults]
source = "nw"
region = "eu-west-1"
duration = "8h"
`)
	put(t, config+"/customers/hub.toml", "version = 1\n[role.hop]\narn = \"arn:aws:iam::210987654321:role/hub/Hop\"\ntags = { Team = \"x\" }\ntransitive_tags = [\"Team\"]\nsource_identity = \"ana\"\n")
	daemon(t, func(r api.Request) any {
		arn := map[string]string{
			"keys": "arn:aws:iam::210987654321:user/work", "mfa": "arn:aws:iam::210987654321:user/team/ana",
			"ec2": "arn:aws:sts::210987654321:assumed-role/Node/i-1", "root": "arn:aws:iam::210987654321:root",
			"profile": "arn:aws:sts::210987654321:assumed-role/AWSReservedSSO_My_Set_0123456789abcdef/ana",
		}[r.Name]
		switch {
		case r.Do == api.DoReload:
			return api.Reload{}
		case arn == "":
			return &ipc.Error{Code: ipc.Login, Message: r.Name + ": a login is needed", Hint: "credd login " + r.Name}
		}
		return api.Identity{ARN: arn}
	})
	const of = "arn:aws:iam::210987654321:"
	for i, tt := range []struct {
		args []string
		want []string // of principals
		err  string
	}{
		{[]string{"--source", "keys"}, []string{of + "user/work"}, ""},
		{[]string{"--source", "keys", "--exact"}, []string{of + "user/work"}, ""},
		{[]string{"--source", "mfa", "--mfa"}, []string{of + "user/team/ana"}, ""},
		{[]string{"--source", "keys", "--mfa"}, nil, "has no mfa_serial"},
		{[]string{"--source", "hub/hop", "--mfa"}, nil, "the session of a role never tells AWS of an MFA code"},
		{[]string{"--source", "web"}, []string{of + "role/ci/Runner"}, ""},
		{[]string{"--source", "hub/hop"}, []string{of + "role/hub/Hop"}, ""},
		{[]string{"--source", "ec2"}, []string{of + "role/Node", of + "role/*/Node"}, ""},
		{[]string{"--source", "ec2", "--exact"}, nil, "--exact needs one ARN"},
		{[]string{"--source", "ec2", "--exact", "--principal", of + "role/x/Node"}, []string{of + "role/x/Node"}, ""},
		{[]string{"--source", "profile"}, []string{of + "role/" + ssoPath + "AWSReservedSSO_My_Set" + ssoSuffix, of + "role/" + ssoPath + "*/AWSReservedSSO_My_Set" + ssoSuffix}, ""},
		{[]string{"--source", "root"}, nil, "which a customer cannot trust"},
		{[]string{"--source", "away"}, nil, "a login is needed\ncredd: hint: credd login away; or say it: --principal"},
	} {
		key := "c" + string(rune('a'+i))
		r := run(t, "", append([]string{"customer", "invite", key, "--account", "112233445566", "--permissions", "readonly", "--json"}, tt.args...)...)
		if tt.err != "" {
			if r.code == 0 || !strings.Contains(r.err, tt.err) {
				t.Errorf("%q: got %+v", tt.args, r)
			}
			continue
		}
		var j invitationJSON
		if err := json.Unmarshal([]byte(r.out), &j); err != nil || !slices.Equal(j.Terms.Principals, tt.want) {
			t.Errorf("%q: got %+v, want %q", tt.args, r, tt.want)
			continue
		}
		chained := slices.Contains(tt.args, "hub/hop")
		if j.Terms.SessionTags != chained || j.Terms.SourceIdentity != chained {
			t.Errorf("%q: got session tags %v, source identity %v", tt.args, j.Terms.SessionTags, j.Terms.SourceIdentity)
		}
		role, err := roster.Load(config, nil).Role(key + "/readonly")
		if err != nil || role.Source != tt.args[1] || role.Duration.Hours() != 1 {
			t.Errorf("%q: got %+v, %v", tt.args, role, err)
		}
	}
}

// settingsOf is the text of credd.toml.
func settingsOf(t *testing.T, config string) string {
	t.Helper()
	text, err := os.ReadFile(config + "/credd.toml")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
