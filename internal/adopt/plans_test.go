package adopt

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"credd/internal/agent/roster"
	"credd/internal/awsconfig"
)

const helper = "/opt/credd/credhelper"

// filesOf are files that need not be on disk.
func filesOf(config, creds string) *awsconfig.Files {
	f := &awsconfig.Files{Place: awsconfig.In("/home/ana/.aws")}
	if config != "" {
		f.ConfigData = []byte(config)
	}
	if creds != "" {
		f.CredentialsData = []byte(creds)
	}
	f.Config, f.Credentials = awsconfig.Parse(f.ConfigData, awsconfig.Config), awsconfig.Parse(f.CredentialsData, awsconfig.Credentials)
	return f
}

// rosterOf is a roster of files: names and texts in turn.
func rosterOf(t *testing.T, files ...string) *roster.Roster {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i < len(files); i += 2 {
		path := filepath.Join(dir, files[i])
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(files[i+1]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r := roster.Load(dir, nil)
	for _, p := range r.Problems() {
		t.Fatal(p)
	}
	return r
}

// summary writes a plan in lines: profiles, then what is added.
func summary(p *Plan) string {
	var b strings.Builder
	for _, v := range p.Verdicts {
		what := []string{"left", "role " + v.Name, "source " + v.Name}[v.Kind]
		if v.Kind != Left && v.Asks == "" {
			what += " (lines stay)"
		}
		if v.Kind == Left || v.Reason != "" && v.Asks != "" {
			what += ": " + v.Reason
		}
		fmt.Fprintf(&b, "%s -> %s\n", v.Profile, what)
	}
	for _, s := range p.Sources {
		facts := []string{s.Type, s.Profile, s.MFASerial, s.SSOSession, s.StartURL, s.AccountID, s.RoleName, s.TokenFile, s.Region, s.EndpointURL}
		if s.Key != nil {
			facts = append(facts, "key "+s.Key.ID)
		}
		if s.Was != nil {
			facts = append(facts, "for the one of type "+s.Was.Type)
		}
		fmt.Fprintf(&b, "+ %s = %s\n", s.Name, strings.Join(strings.Fields(strings.Join(facts, " ")), " "))
	}
	for _, r := range p.Roles {
		facts := []string{r.ARN, "from", r.Source, r.Duration, r.SessionName, r.Region}
		if !r.ExternalID.IsZero() {
			facts = append(facts, "with an ID")
		}
		fmt.Fprintf(&b, "+ %s = %s\n", r.Name, strings.Join(strings.Fields(strings.Join(facts, " ")), " "))
	}
	return b.String()
}

const (
	a1, a2   = "012345678901", "112233445566"
	ana      = "[ana]\naws_access_key_id = AKIAANAANAANAANA\naws_secret_access_key = secret/of+ana\n"
	anaKeys  = "+ ana = keys key AKIAANAANAANAANA\n"
	anaStays = "+ ana = profile ana\n"
	serial   = "arn:aws:iam::210987654321:mfa/ana"
	ssoNW    = "[sso-session nw]\nsso_start_url = https://nw.awsapps.com/start\nsso_region = eu-west-1\n"
)

func assume(name, account, role string, more ...string) string {
	text := "[profile " + name + "]\nrole_arn = arn:aws:iam::" + account + ":role/" + role + "\n"
	for _, m := range more {
		text += m + "\n"
	}
	return text
}

const fromAna = "source_profile = ana"

var plans = []struct {
	name, config, creds string
	options             Options
	roster              []string
	want                string
}{
	{name: "nothing", want: ""},
	{name: "one role", config: assume("acme-prod-admin", a1, "team/Admin", fromAna, "region = eu-west-1", "external_id = idid"), creds: ana,
		want: "acme-prod-admin -> role acme-prod/admin\nana -> source ana (lines stay)\n" + anaStays +
			"+ acme-prod/admin = arn:aws:iam::012345678901:role/team/Admin from ana eu-west-1 with an ID\n"},
	{name: "a role whose name has no role", config: assume("prod", a1, "OrgAccess", fromAna), creds: ana,
		want: "ana -> source ana (lines stay)\nprod -> role prod/OrgAccess\n" + anaStays + "+ prod/OrgAccess = arn:aws:iam::012345678901:role/OrgAccess from ana\n"},
	{name: "a common prefix", config: assume("acme-admin", a1, "A", fromAna) + assume("acme-readonly", a1, "B", fromAna), creds: ana,
		want: "acme-admin -> role acme/admin\nacme-readonly -> role acme/readonly\nana -> source ana (lines stay)\n" + anaStays +
			"+ acme/admin = arn:aws:iam::012345678901:role/A from ana\n+ acme/readonly = arn:aws:iam::012345678901:role/B from ana\n"},
	{name: "no common prefix", config: assume("billing", a1, "B", fromAna) + assume("ops", a1, "O", fromAna), creds: ana,
		want: "ana -> source ana (lines stay)\nbilling -> role 012345678901/billing\nops -> role 012345678901/ops\n" + anaStays +
			"+ 012345678901/billing = arn:aws:iam::012345678901:role/B from ana\n+ 012345678901/ops = arn:aws:iam::012345678901:role/O from ana\n"},
	{name: "a prefix of the most", config: assume("acme-a", a1, "A", fromAna) + assume("acme-b", a1, "B", fromAna) + assume("ops", a1, "O", fromAna), creds: ana,
		want: "acme-a -> role acme/a\nacme-b -> role acme/b\nana -> source ana (lines stay)\nops -> role acme/ops\n" + anaStays +
			"+ acme/a = arn:aws:iam::012345678901:role/A from ana\n+ acme/b = arn:aws:iam::012345678901:role/B from ana\n+ acme/ops = arn:aws:iam::012345678901:role/O from ana\n"},
	{name: "two accounts with one prefix", config: assume("acme-admin", a1, "A", fromAna) + assume("acme-ro", a1, "R", fromAna) + assume("acme.x", a2, "X", fromAna), creds: ana,
		want: "acme-admin -> role acme/admin\nacme-ro -> role acme/ro\nacme.x -> role acme-112233445566/x\nana -> source ana (lines stay)\n" + anaStays +
			"+ acme/admin = arn:aws:iam::012345678901:role/A from ana\n+ acme/ro = arn:aws:iam::012345678901:role/R from ana\n+ acme-112233445566/x = arn:aws:iam::112233445566:role/X from ana\n"},
	{name: "a name with a prefix of its own account", config: assume("prod", a1, "A", fromAna) + assume("prod-ro", a1, "R", fromAna), creds: ana,
		want: "ana -> source ana (lines stay)\nprod -> role prod/A\nprod-ro -> role prod/ro\n" + anaStays +
			"+ prod/A = arn:aws:iam::012345678901:role/A from ana\n+ prod/ro = arn:aws:iam::012345678901:role/R from ana\n"},
	{name: "a name that is chosen", config: assume("x-admin", a1, "A", fromAna), creds: ana, options: Options{Customers: map[string]string{a1: "acme"}},
		want: "ana -> source ana (lines stay)\nx-admin -> role acme/A\n" + anaStays + "+ acme/A = arn:aws:iam::012345678901:role/A from ana\n"},
	{name: "odd names", config: assume("a b/c (d)", a1, "A", fromAna) + assume("_[x]", a2, "A", fromAna), creds: ana,
		want: "_[x] -> role x/A\na b/c (d) -> role a-b-c--d/A\nana -> source ana (lines stay)\n" + anaStays +
			"+ x/A = arn:aws:iam::112233445566:role/A from ana\n+ a-b-c--d/A = arn:aws:iam::012345678901:role/A from ana\n"},
	{name: "one role twice", config: assume("acme-a", a1, "A", fromAna) + assume("acme-b", a1, "A", fromAna, "region = eu-west-1"), creds: ana,
		want: "acme-a -> role acme/a\nacme-b -> role acme/a\nana -> source ana (lines stay)\n" + anaStays + "+ acme/a = arn:aws:iam::012345678901:role/A from ana\n"},
	{name: "one role with two durations", config: assume("acme-a", a1, "A", fromAna) + assume("acme-b", a1, "A", fromAna, "duration_seconds = 5400"), creds: ana,
		want: "acme-a -> role acme/a\nacme-b -> role acme/b\nana -> source ana (lines stay)\n" + anaStays +
			"+ acme/a = arn:aws:iam::012345678901:role/A from ana\n+ acme/b = arn:aws:iam::012345678901:role/A from ana 1h30m\n"},
	{name: "partitions", config: "[profile cn-ops]\nrole_arn = arn:aws-cn:iam::012345678901:role/Ops\nsource_profile = ana\nregion = cn-north-1\n", creds: ana,
		want: "ana -> source ana (lines stay)\ncn-ops -> role cn/ops\n" + anaStays + "+ cn/ops = arn:aws-cn:iam::012345678901:role/Ops from ana cn-north-1\n"},
	{name: "three deep", config: assume("c", a1, "C", "source_profile = b") + assume("b", a2, "B", "source_profile = a", "duration_seconds=7200") + assume("a", "223344556677", "A", fromAna, "duration_seconds=7200"), creds: ana,
		want: "a -> role a/A\nana -> source ana (lines stay)\nb -> role b/B\nc -> role c/C\n" + anaStays +
			"+ a/A = arn:aws:iam::223344556677:role/A from ana 2h\n+ b/B = arn:aws:iam::112233445566:role/B from a/A 1h\n+ c/C = arn:aws:iam::012345678901:role/C from b/B\n"},
	{name: "a circle", config: assume("a", a1, "A", "source_profile = b") + assume("b", a1, "B", "source_profile = a"),
		want: "a -> left: source_profile goes in a circle: a, b, a\nb -> left: source_profile goes in a circle: b, a, b\n"},
	{name: "its own source without keys", config: assume("a", a1, "A", "source_profile = a"), want: "a -> left: it is its own source_profile and has no keys\n"},
	{name: "its own source", config: assume("a", a1, "A", "source_profile = a"), creds: strings.Replace(ana, "[ana]", "[a]", 1), options: Options{Keys: true},
		want: "a -> role a/A\n+ a = keys key AKIAANAANAANAANA\n+ a/A = arn:aws:iam::012345678901:role/A from a\n"},
	{name: "a source that is not there", config: assume("a", a1, "A", "source_profile = b"), want: "a -> left: its source_profile b does not exist\n"},
	{name: "a chain of what is left", config: assume("a", a1, "A", "source_profile = b") + assume("b", a1, "B", "credential_source = Environment"),
		want: "a -> left: its source_profile b is left: its credentials come from the environment, which credd does not read\n" +
			"b -> left: its credentials come from the environment, which credd does not read\n"},
	{name: "MFA without keys", config: assume("a", a1, "A", fromAna, "mfa_serial = "+serial), creds: ana,
		want: "a -> left: it asks for an MFA code, which needs the key of ana in the vault: --keys\nana -> left: its key stays in the file; --keys moves it into the vault\n"},
	{name: "MFA", config: assume("a", a1, "A", fromAna, "mfa_serial = "+serial) + assume("b", a2, "B", fromAna), creds: ana, options: Options{Keys: true},
		want: "a -> role a/A\nana -> source ana: which asks for an MFA code once in 12 hours, for all its roles\nb -> role b/B\n+ ana = keys " + serial + " key AKIAANAANAANAANA\n" +
			"+ a/A = arn:aws:iam::012345678901:role/A from ana\n+ b/B = arn:aws:iam::112233445566:role/B from ana\n"},
	{name: "two devices", config: assume("a", a1, "A", fromAna, "mfa_serial = "+serial) + assume("b", a2, "B", fromAna, "mfa_serial = "+serial+"2"), creds: ana, options: Options{Keys: true},
		want: "a -> role a/A\nana -> source ana: which asks for an MFA code once in 12 hours, for all its roles\nb -> role b/B\n+ ana = keys " + serial + " key AKIAANAANAANAANA\n+ ana-ana2 = keys " + serial + "2 key AKIAANAANAANAANA\n" +
			"+ a/A = arn:aws:iam::012345678901:role/A from ana\n+ b/B = arn:aws:iam::112233445566:role/B from ana-ana2\n"},
	{name: "aws-vault", config: "[profile work]\nregion = eu-west-1\nmfa_serial = " + serial + "\n" + assume("a", a1, "A", "source_profile = work"),
		want: "a -> role a/A\nwork -> source work (lines stay)\n+ work = keys " + serial + " eu-west-1\n+ a/A = arn:aws:iam::012345678901:role/A from work\n"},
	{name: "aws-vault's own", config: assume("a", a1, "A", "include_profile = x"), want: "a -> left: include_profile of aws-vault is not taken over\n"},
	{name: "keys that stay", creds: ana, want: "ana -> left: its key stays in the file; --keys moves it into the vault\n"},
	{name: "keys", creds: ana, options: Options{Keys: true}, want: "ana -> source ana\n" + anaKeys},
	{name: "keys in config", config: "[default]\naws_access_key_id=AKIADEFAULTDEFAULT\naws_secret_access_key=x\nregion=eu-west-1\nendpoint_url=http://localhost:1\n", options: Options{Keys: true},
		want: "default -> source default\n+ default = keys eu-west-1 http://localhost:1 key AKIADEFAULTDEFAULT\n"},
	{name: "a session's keys", creds: strings.Replace(ana, "AKIA", "ASIA", 1) + "aws_session_token = x\n", config: assume("a", a1, "A", fromAna),
		want: "a -> role a/A\nana -> source ana (lines stay)\n" + anaStays + "+ a/A = arn:aws:iam::012345678901:role/A from ana\n"},
	{name: "half a key", creds: "[ana]\naws_access_key_id = AKIAX\n", want: "ana -> left: half of an access key\n"},
	{name: "IAM Identity Center", config: ssoNW + "[profile nw-dev]\nsso_session = nw\nsso_account_id = 012345678901\nsso_role_name = Dev\nregion = eu-west-1\n[profile nw-ops]\nsso_session = nw\nsso_account_id = 012345678901\nsso_role_name = Ops\n",
		want: "nw-dev -> role nw/dev\nnw-ops -> role nw/ops\n+ nw.nw.Dev = sso nw 012345678901 Dev eu-west-1\n+ nw.nw.Ops = sso nw 012345678901 Ops\n+ nw/dev = from nw.nw.Dev eu-west-1\n+ nw/ops = from nw.nw.Ops\n"},
	{name: "IAM Identity Center as a source", config: ssoNW + "[profile base]\nsso_session = nw\nsso_account_id = 210987654321\nsso_role_name = Base\n" + assume("a", a1, "A", "source_profile = base"),
		want: "a -> role a/A\nbase -> source base\n+ base = sso nw 210987654321 Base\n+ a/A = arn:aws:iam::012345678901:role/A from base\n"},
	{name: "IAM Identity Center of old", config: "[profile x]\nsso_start_url = https://nw.awsapps.com/start#/\nsso_region = eu-west-1\nsso_account_id = 012345678901\nsso_role_name = Dev\n",
		want: "x -> role x/Dev\n+ nw.x.Dev = sso https://nw.awsapps.com/start#/ 012345678901 Dev\n+ x/Dev = from nw.x.Dev\n"},
	{name: "IAM Identity Center without an account", config: ssoNW + "[profile x]\nsso_session = nw\n[profile y]\nsso_session = other\n",
		want: "x -> left: it names no account and permission set: it is a login only\ny -> left: there is no [sso-session other]\n"},
	{name: "granted", config: "[profile g]\ngranted_sso_start_url = https://nw.awsapps.com/start\ngranted_sso_region = eu-west-1\ngranted_sso_account_id = 012345678901\ngranted_sso_role_name = Dev\ncredential_process = granted credential-process --profile g\n",
		want: "g -> role g/Dev\n+ nw.g.Dev = sso https://nw.awsapps.com/start 012345678901 Dev\n+ g/Dev = from nw.g.Dev\n"},
	{name: "web identity", config: assume("w", a1, "W", "web_identity_token_file = /var/token") + assume("v", a2, "V", "web_identity_token_file = token"),
		want: "v -> left: token_file is not an absolute path\nw -> source w\n+ w = web-identity /var/token\n"},
	{name: "machines", config: assume("e", a1, "E", "credential_source = Ec2InstanceMetadata") + assume("f", a2, "F", "credential_source = EcsContainer") + assume("g", "223344556677", "G", "credential_source = Ec2InstanceMetadata"),
		want: "e -> role e/E\nf -> role f/F\ng -> role g/G\n+ imds = imds\n+ container = container\n+ e/E = arn:aws:iam::012345678901:role/E from imds\n+ f/F = arn:aws:iam::112233445566:role/F from container\n+ g/G = arn:aws:iam::223344556677:role/G from imds\n"},
	{name: "processes", config: "[profile p]\ncredential_process = /opt/x\n[profile q]\ncredential_process = /opt/y\n" + assume("a", a1, "A", "source_profile = p"),
		want: "a -> role a/A\np -> source p (lines stay)\nq -> left: it has a credential_process of its own\n+ p = profile p\n+ a/A = arn:aws:iam::012345678901:role/A from p\n"},
	{name: "aws login", config: "[profile l]\nlogin_session = arn:aws:iam::210987654321:user/ana\n" + assume("a", a1, "A", "source_profile = l"),
		want: "a -> role a/A\nl -> source l (lines stay)\n+ l = login l\n+ a/A = arn:aws:iam::012345678901:role/A from l\n"},
	{name: "already credd", config: "[profile c]\ncredential_process = \"/opt/credhelper\" acme/x\n[profile s]\ncredential_process = \"/opt/credhelper\" @work\n" + assume("a", a2, "A", "source_profile = c") + assume("b", a2, "B", "source_profile = s"),
		roster: []string{"credd.toml", "version = 1\n[source.work]\ntype = \"imds\"\n", "customers/acme.toml", "version = 1\nsource = \"work\"\n[role.x]\narn = \"arn:aws:iam::012345678901:role/X\"\n"},
		want: "a -> role 112233445566/a\nb -> role 112233445566/b\nc -> left: already credd\ns -> left: already credd\n" +
			"+ 112233445566/a = arn:aws:iam::112233445566:role/A from acme/x\n+ 112233445566/b = arn:aws:iam::112233445566:role/B from work\n"},
	{name: "what the roster has", config: assume("one", a1, "X", fromAna) + assume("two", a1, "Y", fromAna), creds: ana,
		roster: []string{"credd.toml", "version = 1\n[source.ana]\ntype = \"profile\"\nprofile = \"ana\"\n", "customers/acme.toml", "version = 1\naccount_id = \"012345678901\"\nsource = \"ana\"\n[role.x]\narn = \"arn:aws:iam::012345678901:role/X\"\n"},
		want:   "ana -> source ana (lines stay)\none -> role acme/x: which credd has, from ana\ntwo -> role acme/Y\n+ acme/Y = arn:aws:iam::012345678901:role/Y from ana\n"},
	{name: "a key that a source reads", config: assume("new", a2, "Y", fromAna, "mfa_serial = "+serial) + "[profile ana]\nregion = eu-west-1\n", creds: ana, options: Options{Keys: true},
		roster: []string{"credd.toml", "version = 1\n[source.own]\ntype = \"profile\"\nprofile = \"ana\"\nsts_region = \"us-east-1\"\n[defaults]\nsource = \"own\"\n"},
		want: "ana -> source own: which asks for an MFA code once in 12 hours, for all its roles\nnew -> role new/Y\n" +
			"+ own = keys " + serial + " eu-west-1 key AKIAANAANAANAANA for the one of type profile\n+ new/Y = arn:aws:iam::112233445566:role/Y from own\n"},
	{name: "a key that a source reads, without codes", creds: ana, options: Options{Keys: true},
		roster: []string{"credd.toml", "version = 1\n[source.ana]\ntype = \"profile\"\nprofile = \"ana\"\nregion = \"us-east-1\"\n"},
		want:   "ana -> source ana: which has the key then, and does not read the profile any more\n+ ana = keys us-east-1 key AKIAANAANAANAANA for the one of type profile\n"},
	{name: "another profile of that name, elsewhere", creds: ana, options: Options{Keys: true, Elsewhere: Elsewhere{Config: true, Credentials: true}},
		roster: []string{"credd.toml", "version = 1\n[source.ana]\ntype = \"profile\"\nprofile = \"ana\"\n"},
		want:   "ana -> source ana-2\n+ ana-2 = keys key AKIAANAANAANAANA\n"},
	{name: "a key that a source reads, its config elsewhere", creds: ana, options: Options{Keys: true, Elsewhere: Elsewhere{Config: true}},
		roster: []string{"credd.toml", "version = 1\n[source.ana]\ntype = \"profile\"\nprofile = \"ana\"\n"},
		want:   "ana -> left: its lines stay: source ana of credd reads them\n"},
	{name: "a key that two sources read", creds: ana, options: Options{Keys: true},
		roster: []string{"credd.toml", "version = 1\n[source.x]\ntype = \"profile\"\nprofile = \"ana\"\n[source.y]\ntype = \"profile\"\nprofile = \"ana\"\n"},
		want:   "ana -> left: its lines stay: source x of credd reads them\n"},
	{name: "a key that a source reads through a role", config: assume("a", a1, "A", fromAna), creds: ana, options: Options{Keys: true},
		roster: []string{"credd.toml", "version = 1\n[source.x]\ntype = \"profile\"\nprofile = \"a\"\n"},
		want:   "a -> role a/A (lines stay)\nana -> source ana (lines stay)\n" + anaStays + "+ a/A = arn:aws:iam::012345678901:role/A from ana\n"},
	{name: "a login that a source reads", config: ssoNW + "[profile dev]\nsso_session = nw\nsso_account_id = 012345678901\nsso_role_name = Dev\n" + assume("b", a2, "B", "source_profile = dev"),
		roster: []string{"credd.toml", "version = 1\n[source.work]\ntype = \"profile\"\nprofile = \"dev\"\n"},
		want:   "b -> role b/B\ndev -> source work (lines stay)\n+ b/B = arn:aws:iam::112233445566:role/B from work\n"},
	{name: "another source of that name", config: assume("one", a1, "X", fromAna), creds: ana, options: Options{Keys: true},
		roster: []string{"credd.toml", "version = 1\n[source.ana]\ntype = \"keys\"\n", "customers/one.toml", "version = 1\n"},
		want:   "ana -> source ana-2\none -> role one-012345678901/X\n+ ana-2 = keys key AKIAANAANAANAANA\n+ one-012345678901/X = arn:aws:iam::012345678901:role/X from ana-2\n"},
	{name: "a key that the vault has", config: assume("one", a1, "X", fromAna), creds: ana, options: Options{Keys: true, InVault: map[string]string{"ours": "AKIAANAANAANAANA"}},
		roster: []string{"credd.toml", "version = 1\n[source.ours]\ntype = \"keys\"\n"},
		want:   "ana -> source ours\none -> role one/X\n+ one/X = arn:aws:iam::012345678901:role/X from ours\n"},
	{name: "MFA from a source of credd", config: "[profile s]\ncredential_process = \"/opt/credhelper\" @work\n" + assume("a", a1, "A", "source_profile = s", "mfa_serial = "+serial) + assume("b", a2, "B", "source_profile = s", "mfa_serial = other-device"),
		roster: []string{"credd.toml", "version = 1\n[source.work]\ntype = \"keys\"\nmfa_serial = \"" + serial + "\"\n"},
		want: "a -> role a/A\nb -> left: its MFA code needs a source with mfa_serial = other-device, which that of s is not\ns -> left: already credd\n" +
			"+ a/A = arn:aws:iam::012345678901:role/A from work\n"},
	{name: "only one", config: assume("a", a1, "A", fromAna) + assume("b", a2, "B", fromAna), creds: ana, options: Options{Only: []string{"b"}},
		want: "ana -> source ana (lines stay)\nb -> role b/B\n" + anaStays + "+ b/B = arn:aws:iam::112233445566:role/B from ana\n"},
	{name: "all but a key", config: assume("a", a1, "A", fromAna), creds: ana + strings.Replace(ana, "[ana]", "[bob]", 1), options: Options{Keys: true, Except: []string{"ana"}},
		want: "a -> role a/A\nana -> source ana (lines stay)\nbob -> source bob\n" + anaStays + "+ bob = keys key AKIAANAANAANAANA\n+ a/A = arn:aws:iam::012345678901:role/A from ana\n"},
	{name: "what AWS would refuse", config: assume("a", a1, "A", fromAna, "duration_seconds = 60") + assume("b", a1, "B", fromAna, "external_id = a b") + assume("c", "12", "C", fromAna), creds: ana,
		want: "a -> left: duration_seconds is not 900 to 43200\nana -> left: its key stays in the file; --keys moves it into the vault\n" +
			"b -> left: external_id is not 2 to 1224 characters of A-Z a-z 0-9 _ + = , . @ : / - (STS AssumeRole)\nc -> left: arn is not the ARN of an IAM role, such as arn:aws:iam::012345678901:role/Admin\n"},
	{name: "indented lines", config: assume("a", a1, "A", fromAna, "external_id = xx", "\n  [profile b]", "  role_arn = x"), creds: "[ana]\naws_access_key_id = AKIAANAANAANAANA\naws_secret_access_key =\n  x\n",
		want: "a -> left: lines are indented below its external_id\nana -> left: lines are indented below its aws_secret_access_key\n"},
	{name: "keys of its own", config: assume("a", a1, "A", fromAna), creds: ana + strings.Replace(ana, "[ana]", "[a]", 1),
		want: "a -> left: it has keys of its own, which would go before credd\nana -> left: its key stays in the file; --keys moves it into the vault\n"},
	{name: "files elsewhere", config: assume("a", a1, "A", fromAna) + assume("p", a2, "P", "source_profile = x") + "[profile x]\ncredential_process = y\n", creds: ana, options: Options{Elsewhere: Elsewhere{Config: true}},
		want: "a -> left: the daemon reads source profiles in ~/.aws only, and these files are elsewhere\nana -> left: its key stays in the file; --keys moves it into the vault\n" +
			"p -> left: the daemon reads source profiles in ~/.aws only, and these files are elsewhere\nx -> left: it has a credential_process of its own\n"},
}
