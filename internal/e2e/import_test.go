//go:build linux

package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"credd/internal/fakeaws"
)

// tenProfiles are what a consultant has: keys of two users, roles with and without external IDs, a chain, IAM Identity Center, a
// tool's credential_process, names with blanks. It returns who each profile is before and after.
func tenProfiles(w *world) map[string]string {
	w.t.Helper()
	ci, err := w.aws.AddUser("arn:aws:iam::210987654321:user/ci")
	check(w.t, err)
	role := func(account, name, trusts, id string) {
		check(w.t, w.aws.AddRole(fakeaws.Role{ARN: "arn:aws:iam::" + account + ":role/" + name, Trust: fakeaws.TrustPolicy(trusts, id)}))
	}
	role(account, "Admin", us, "canary-id")
	role(account, "ReadOnly", us, "canary-id")
	role("112233445566", "Deploy", "arn:aws:iam::"+account+":role/Admin", "")
	role("223344556677", "Team", us, "")
	role("334455667788", "Ops", "arn:aws:iam::210987654321:user/ci", "")
	at := "region = " + region + "\nendpoint_url = " + w.aws.URL() + "\n"
	w.write(".aws/credentials", "# mine\n[work]\naws_access_key_id = "+w.key.ID+"\naws_secret_access_key = "+w.key.Secret+"\n\n[ci]\naws_secret_access_key="+ci.Secret+"\naws_access_key_id="+ci.ID+"\nregion = us-east-1\n")
	w.write(".aws/config", "[default]\nregion = "+region+"\n\n[profile work]\n"+at+
		"[sso-session nw]\nsso_start_url = https://nw.awsapps.com/start\nsso_region = "+region+"\n\n"+
		"[profile acme-admin]\nrole_arn = arn:aws:iam::"+account+":role/Admin\n# the way in\nsource_profile = work\nexternal_id = canary-id\n"+at+
		"s3 =\n    addressing_style = path\n\n"+
		"[profile acme-readonly]\n"+at+"role_arn=arn:aws:iam::"+account+":role/ReadOnly\nsource_profile=work\nexternal_id=canary-id\nrole_session_name=ana\nduration_seconds=1800\n"+
		"[profile deploy]\nrole_arn = arn:aws:iam::112233445566:role/Deploy\nsource_profile = acme-admin\n"+at+
		"[profile \"my team\"]\nrole_arn = arn:aws:iam::223344556677:role/Team\nsource_profile = work\n"+at+
		"[profile ops]\nrole_arn = arn:aws:iam::334455667788:role/Ops\nsource_profile = ci\n"+at+
		"[profile ci]\n"+at+
		"[profile nw-dev]\nsso_session = nw\nsso_account_id = "+account+"\nsso_role_name = Dev\n"+
		"[profile tool]\ncredential_process = /bin/false")
	w.write(".config/credd/credd.toml", "version = 1\n\n[service]\nname = \"northwind\"\n\n[vault]\nkey = \"file\"\n\n[log]\nlevel = \"debug\"\n")
	return map[string]string{
		"acme-admin": "assumed-role/Admin/", "acme-readonly": "assumed-role/ReadOnly/ana", "deploy": "assumed-role/Deploy/",
		"my team": "assumed-role/Team/", "ops": "assumed-role/Ops/",
	}
}

// areTheyStill asks AWS through the AWS CLI.
func (w *world) areTheyStill(who map[string]string) {
	w.t.Helper()
	for profile, want := range who {
		r := runCmd(w.t, w.command("aws", "sts", "get-caller-identity", "--profile", profile, "--query", "Arn", "--output", "text"))
		if r.code != 0 || !strings.Contains(r.out, want) {
			w.t.Errorf("profile %s: got %d, %s%s\nwant %s", profile, r.code, r.out, r.err, want)
		}
	}
}

// holders are the files of the home that have a text, raw, base64 or hex.
func (w *world) holders(text string) (names []string) {
	w.t.Helper()
	forms := [][]byte{[]byte(text), []byte(base64.StdEncoding.EncodeToString([]byte(text))), []byte(hex.EncodeToString([]byte(text)))}
	check(w.t, filepath.WalkDir(w.home, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return gone(err)
		}
		data, err := os.ReadFile(path)
		for _, f := range forms {
			if bytes.Contains(data, f) {
				names = append(names, path)
				break
			}
		}
		return gone(err)
	}))
	return names
}

// gone takes a file that went while it was looked at for none.
func gone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func TestImportOfTenProfiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	who := tenProfiles(w)
	w.areTheyStill(who)
	before := map[string]string{}
	for _, name := range []string{".aws/config", ".aws/credentials", ".config/credd/credd.toml"} {
		before[name] = w.read(name)
	}
	if got := w.holders(w.key.Secret); len(got) != 1 {
		t.Fatalf("the search finds nothing: %q", got)
	}
	r := w.credd("import", "--keys", "--yes")
	r.want(t, 0, "acme-admin     role acme/admin", "my team        role my/team", "tool           left", "changes "+w.path(".aws/credentials")+": 2 profiles",
		"nw-dev         role acme/nw-dev", "log in: credd login nw.acme.Dev", "credd source rotate work", "take it back: credd import --undo")
	if strings.Contains(r.out+r.err, w.key.Secret) || strings.Contains(r.out+r.err, "canary-id") {
		t.Errorf("a secret is shown:\n%s%s", r.out, r.err)
	}
	if got := w.holders(w.key.Secret); got != nil {
		t.Errorf("the secret is still in %q", got)
	}
	if got := w.read(".aws/credentials"); got != "# mine\n[ci]\nregion = us-east-1\n" {
		t.Errorf("credentials: %s", got)
	}
	w.areTheyStill(who)
	w.helper("@work").want(t, 0, "ASIA")
	w.credd("import", "--undo", "--yes").want(t, 0, "the import is taken back")
	for name, text := range before {
		if got := w.read(name); got != text {
			t.Errorf("%s after the undo:\n%s\nwant\n%s", name, got, text)
		}
	}
	if left, _ := filepath.Glob(w.path(".config/credd/customers/*")); left != nil {
		t.Errorf("left: %q", left)
	}
	w.areTheyStill(who)
	w.credd("import", "--undo", "--yes").want(t, 0, "there is no import to take back")
	w.credd("source", "remove", "work", "--yes").want(t, 4, "no key of it in the vault")
	handed := 0
	for _, e := range w.trail() {
		if strings.HasPrefix(e.Role, "import.") && e.Outcome == "ok" {
			handed++
		}
	}
	if handed != 1 {
		t.Errorf("the trail has %d lines of what was handed out", handed)
	}
}

func TestImportWithoutAVaultChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tenProfiles(w)
	w.write(".config/credd/credd.toml", "version = 1\n\n[vault]\nkey = \"file\"\nkey_file = \"/nonexistent/key\"\n")
	config, creds := w.read(".aws/config"), w.read(".aws/credentials")
	if r := w.credd("import", "--keys", "--yes"); r.code == 0 {
		t.Errorf("got %s%s", r.out, r.err)
	}
	if w.read(".aws/config") != config || w.read(".aws/credentials") != creds {
		t.Error("the files changed")
	}
	if _, err := os.Stat(w.path(".local/state/credd/import.json")); err == nil {
		t.Error("there is a journal")
	}
}

// locked holds a lock of credd's, so that who needs it waits, until unlock.
func (w *world) locked(name string) (unlock func()) {
	w.t.Helper()
	f, err := os.OpenFile(w.path(name), os.O_RDONLY, 0)
	check(w.t, err)
	check(w.t, syscall.Flock(int(f.Fd()), syscall.LOCK_EX))
	return func() { f.Close() }
}

// TestKilledImports kills credd import at many moments, and takes back what it left. At some it waits for a lock, at the others it
// may be through before it is killed.
func TestKilledImports(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tenProfiles(w)
	w.serve()
	back := w.asItWas()
	const journal, roster, files = ".local/state/credd/import.json", ".config/credd", ".local/state/credd/aws.lock"
	w.write(files, "")
	changed := func(name string) func() bool {
		before := w.read(name)
		return func() bool {
			data, err := os.ReadFile(w.path(name))
			return err == nil && string(data) != before
		}
	}
	there := func(pattern string) func() bool {
		return func() bool {
			names, _ := filepath.Glob(w.path(pattern))
			return len(names) > 0
		}
	}
	kill := func(now func() bool) {
		t.Helper()
		cmd := w.command("credd", "import", "--keys", "--yes")
		check(t, cmd.Start())
		ended := make(chan struct{})
		go func() { cmd.Wait(); close(ended) }()
		for end := time.Now().Add(patient); !now() && time.Now().Before(end); {
		}
		cmd.Process.Kill()
		<-ended
	}
	broken := func() bool {
		data, _ := os.ReadFile(w.path(journal))
		return bytes.Contains(data, []byte(`"done": false`))
	}
	for what, moment := range map[string]struct {
		lock string
		now  func() bool
	}{
		"the journal":                  {roster, there(journal)},
		"the keys, before the sources": {roster, func() bool { return w.hasKey("work") && w.hasKey("ci") }},
		"a customer, before the files": {files, there(".config/credd/customers/*.toml")},
		"the sources":                  {"", changed(".config/credd/credd.toml")},
		"config":                       {"", changed(".aws/config")},
		"credentials":                  {"", changed(".aws/credentials")},
	} {
		unlock := func() {}
		if moment.lock != "" {
			unlock = w.locked(moment.lock)
		}
		kill(moment.now)
		unlock()
		if moment.lock != "" && !broken() {
			t.Errorf("killed at %s, the import did not break off", what)
		}
		w.credd("import", "--undo", "--yes").want(t, 0)
		back()
		if left, _ := filepath.Glob(w.path(".config/credd/customers/*.toml")); left != nil || t.Failed() {
			t.Fatalf("killed at %s: left %q", what, left)
		}
	}
	// What broke off can be repeated too.
	unlock := w.locked(files)
	kill(there(".config/credd/customers/*.toml"))
	unlock()
	w.credd("import", "--keys", "--yes").want(t, 0, "an earlier import did not finish: it is taken back first", "imported:")
	w.credd("import", "--undo", "--yes").want(t, 0)
	back()
}

func TestARotatedKeyStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tenProfiles(w)
	w.write(".config/credd/credd.toml", w.read(".config/credd/credd.toml")+"\n[network]\nendpoint_url = \""+w.aws.URL()+"\"\n")
	w.credd("import", "--keys", "--yes").want(t, 0)
	w.credd("source", "rotate", "work").want(t, 0)
	config := w.read(".aws/config")
	w.credd("import", "--undo", "--yes").want(t, 2, "the access key of source work was changed since the import", "credd import --finish")
	if w.read(".aws/config") != config {
		t.Error("config changed")
	}
	w.credd("import", "--finish", "--yes").want(t, 0)
	w.helper("acme/admin").want(t, 0, "ASIA")
}

// TestImportWithMFA takes over a role that asks for a code, and a key that is old.
func TestImportWithMFA(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	dev, err := w.aws.AddMFADevice(us)
	check(t, err)
	w.aws.Advance(-100 * 24 * time.Hour)
	old, err := w.aws.AddUser("arn:aws:iam::210987654321:user/old")
	check(t, err)
	w.aws.Advance(100 * 24 * time.Hour)
	check(t, w.aws.AddRole(fakeaws.Role{ARN: "arn:aws:iam::" + account + ":role/Admin", Trust: fakeaws.TrustPolicy(us, "")}))
	w.write(".aws/credentials", w.read(".aws/credentials")+"[old]\naws_access_key_id = "+old.ID+"\naws_secret_access_key = "+old.Secret+"\n[gone]\naws_access_key_id = AKIAGONEGONEGONE\naws_secret_access_key = x\n")
	w.write(".aws/config", w.read(".aws/config")+"[profile acme]\nrole_arn = arn:aws:iam::"+account+":role/Admin\nsource_profile = work\nmfa_serial = "+dev.Serial+"\nduration_seconds = 7200\n")
	w.write(".config/credd/credd.toml", "version = 1\n\n[vault]\nkey = \"file\"\n\n[network]\nendpoint_url = \""+w.aws.URL()+"\"\n")
	w.credd("import", "--yes").want(t, 0, "it asks for an MFA code, which needs the key of work in the vault: --keys", "there is nothing to import",
		"key "+w.key.ID+" of profile work is still in clear in "+w.path(".aws/credentials"), "access key "+old.ID+" of profile old was created 100 days ago",
		"key AKIAGONEGONEGONE of profile gone is not accepted by AWS any more: its lines in "+w.path(".aws/credentials")+" can go")
	w.credd("import", "--keys", "--yes").want(t, 2, "the key of profile gone was not taken", "--except gone")
	w.credd("import", "--keys", "--yes", "--except", "gone").want(t, 0, "acme     role acme/Admin", "acme/Admin asks for 2h: from the session of an MFA code AWS gives 1h",
		"source old: access key "+old.ID+" was created 100 days ago")
	w.helper("acme/Admin").want(t, 5, "source work needs an MFA code", "credd login work")
}

// TestImportAtATerminal asks before keys are moved, and before anything is done.
func TestImportAtATerminal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tenProfiles(w)
	config := w.read(".aws/config")
	for _, no := range []struct{ keys, all string }{{"no", "no"}, {"\x04", "\x04"}} {
		p := w.pty()
		p.start(w.command("credd", "import"))
		p.see("move the access keys of ci, work into the vault (yes/no): ")
		p.types(no.keys + "\n")
		if no.keys == "no" {
			p.see("do that (yes/no): ")
			p.types(no.all + "\n")
		}
		p.see("nothing was changed")
	}
	if w.read(".aws/config") != config {
		t.Error("config changed")
	}
	p := w.pty()
	p.start(w.command("credd", "import"))
	p.see("(yes/no): ")
	p.types("yes\n")
	p.see("puts key " + w.key.ID)
	p.see("do that (yes/no): ")
	p.types("yes\n")
	p.see("take it back: credd import --undo")
	if got := w.holders(w.key.Secret); got != nil {
		t.Errorf("the secret is still in %q", got)
	}
}

// TestAWSVaultUsers gives a source its key later.
func TestAWSVaultUsers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tenProfiles(w)
	w.write(".aws/credentials", "")
	w.credd("import", "--yes").want(t, 0, "work           source work", "source work has no key yet: credd source add work --type keys --replace")
	cmd := w.command("credd", "source", "add", "work", "--type", "keys", "--replace", "--from-env")
	cmd.Env = append(cmd.Env, "AWS_ACCESS_KEY_ID="+w.key.ID, "AWS_SECRET_ACCESS_KEY="+w.key.Secret)
	runCmd(t, cmd).want(t, 0, "it is "+us)
	w.areTheyStill(map[string]string{"acme-admin": "assumed-role/Admin/"})
}
