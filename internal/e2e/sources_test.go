//go:build linux

package e2e

import (
	"strings"
	"testing"

	"credd/internal/fakeaws"
)

// vaulted is a world whose source is a key in the vault, whose key is in a file.
func newVaulted(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.write(".aws/credentials", "")
	w.settings("[vault]\nkey = \"file\"\n")
	return w
}

// settings writes credd.toml, for the simulator and with what is added.
func (w *world) settings(more string) {
	w.t.Helper()
	w.write(".config/credd/credd.toml", "version = 1\n\n[service]\nname = \"northwind\"\n\n[network]\nendpoint_url = \""+w.aws.URL()+"\"\n\n"+
		"[defaults]\nsource = \"work\"\nregion = \""+region+"\"\nsession_name = \"{service}-{customer}\"\n\n[log]\nlevel = \"debug\"\n\n"+more)
}

// addKey adds the world's key as the source work.
func (w *world) addKey(stdin string, args ...string) result {
	w.t.Helper()
	w.settings("[vault]\nkey = \"file\"\n")
	w.write(".config/credd/credd.toml", strings.Replace(w.read(".config/credd/credd.toml"), "source = \"work\"\n", "", 1))
	cmd := w.command("credd", append([]string{"source", "add", "work", "--type", "keys", "--from-stdin"}, args...)...)
	cmd.Stdin = strings.NewReader(stdin)
	return runCmd(w.t, cmd)
}

// fromWork makes work the source of a customer's roles.
func (w *world) fromWork(customer string) {
	w.t.Helper()
	name := ".config/credd/customers/" + customer + ".toml"
	w.write(name, "source = \"work\"\n"+w.read(name))
	w.credd("reload").want(w.t, 0)
}

func (r result) want(t *testing.T, code int, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(r.out+r.err, text) {
			t.Errorf("got exit %d\n%s%s\nwant %q", r.code, r.out, r.err, text)
		}
	}
	if r.code != code {
		t.Errorf("got exit %d\n%s%s\nwant %d", r.code, r.out, r.err, code)
	}
}

func TestAKeyInTheVault(t *testing.T) {
	w := newVaulted(t)
	arn := w.customer("acme", "admin")
	w.addKey("  "+w.key.ID+" \r\n\t"+w.key.Secret+"\n").want(t, 0, "the key of "+us+" is in the vault", "it is "+us)
	w.fromWork("acme")
	w.helper("acme/admin").want(t, 0, "ASIA")
	w.credd("source", "rotate", "work").want(t, 0, "the access key of work is a new one")
	w.credd("forget", "--all").want(t, 0)
	w.helper("acme/admin").want(t, 0, "ASIA")
	if keys := w.aws.Keys(us); len(keys) != 1 || keys[0].ID == w.key.ID {
		t.Errorf("got %+v", keys)
	}
	if n := w.aws.CallsFor("AssumeRole", arn); n != 2 {
		t.Errorf("%d calls", n)
	}
	w.helper("@work").want(t, 0, "ASIA")
	w.credd("status").want(t, 0, "work    keys  ready")
	w.credd("source", "remove", "work", "--yes").want(t, 2, "is needed by role acme/admin")
}

func TestWrongKeysAreNotStored(t *testing.T) {
	w := newVaulted(t)
	for name, c := range map[string]struct {
		stdin string
		code  int
		want  string
	}{
		"wrong secret": {w.key.ID + "\nwrong-canary-secret\n", 2, "does not accept"},
		"no secret":    {w.key.ID + "\n", 2, "there is no access key and secret"},
		"temporary":    {"ASIAEXAMPLEEXAMPLE00\nsecret-canary\n", 2, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := w.addKey(c.stdin)
			r.want(t, c.code, c.want)
			if strings.Contains(r.out+r.err, "canary") {
				t.Errorf("a secret is shown:\n%s%s", r.out, r.err)
			}
		})
	}
	w.credd("source", "list").want(t, 0)
}

func TestMFAWithASeed(t *testing.T) {
	w := newVaulted(t)
	dev, err := w.aws.AddMFADevice(us)
	check(t, err)
	w.aws.RequireMFA(us)
	w.customer("acme", "admin")
	w.addKey(w.key.ID+"\n"+w.key.Secret+"\n"+dev.Seed+"\n", "--mfa-serial", dev.Serial, "--mfa", "totp").want(t, 0, "it is "+us)
	w.fromWork("acme")
	w.helper("acme/admin").want(t, 0, "ASIA")
	w.stopAll()
	w.helper("acme/admin").want(t, 0, "ASIA")
	if n := w.aws.Calls("GetSessionToken"); n != 1 {
		t.Errorf("%d GetSessionToken calls", n)
	}
	w.credd("source", "rotate", "work").want(t, 0, "is a new one")
	w.credd("forget", "--all").want(t, 0)
	w.helper("acme/admin").want(t, 0, "ASIA")
}

func TestAnMFACodeWithoutATerminal(t *testing.T) {
	w := newVaulted(t)
	dev, err := w.aws.AddMFADevice(us)
	check(t, err)
	w.customer("acme", "admin")
	w.addKey(w.key.ID+"\n"+w.key.Secret+"\n", "--mfa-serial", dev.Serial).want(t, 0, "before its first use: credd login work")
	w.fromWork("acme")
	w.helper("acme/admin").want(t, 5, "acme/admin: source work needs an MFA code", "credd login work")
	w.credd("login", "work").want(t, 5, "no terminal")
	w.credd("status").want(t, 0, "login needed since", "needs an MFA code")
}

func TestIdentityCenterByDeviceCode(t *testing.T) {
	w := newVaulted(t)
	const start = "https://nw.awsapps.com/start"
	w.aws.AddSSO(start)
	w.aws.AssignSSO(start, "210987654321", "Northwind", "ops@example.com", "CustomerAccess")
	w.aws.AssignSSO(start, account, "Acme Corp", "aws@acme.example", "Admin", "ReadOnly")
	w.aws.SetDeviceInterval(1)
	check(t, w.aws.AddRole(fakeaws.Role{ARN: "arn:aws:iam::" + account + ":role/x", Trust: fakeaws.TrustPolicy(w.aws.SSORoleARN(start, "210987654321", "CustomerAccess"), "")}))
	w.write(".config/credd/credd.toml", strings.Replace(w.read(".config/credd/credd.toml"), "source = \"work\"\n", "", 1))
	w.credd("source", "add", "work", "--type", "sso", "--start-url", start, "--sso-region", region, "--account-id", "210987654321", "--role-name", "CustomerAccess").
		want(t, 0, "before its first use: credd login work")
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.eventually("a device asks", func() bool { return len(w.aws.PendingDevices()) > 0 })
		check(t, w.aws.ApproveDevice(w.aws.PendingDevices()[0]))
	}()
	w.credd("login", "work", "--device").want(t, 0, "shows the code", "work is ready until")
	<-done
	w.credd("customer", "add", "--from-sso", "work", "--all").want(t, 0, "acme-corp/Admin", "added 3 roles")
	w.helper("acme-corp/ReadOnly").want(t, 0, "ASIA", account)
	w.stopAll()
	w.helper("acme-corp/Admin").want(t, 0, "ASIA")
	w.credd("customer", "add", "--from-sso", "work", "--all").want(t, 0, "there already")
	w.credd("logout", "work").want(t, 0, "logged out")
	w.helper("acme-corp/Admin").want(t, 5, "credd login")
}
