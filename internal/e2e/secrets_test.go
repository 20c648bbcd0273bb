//go:build linux

package e2e

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"filippo.io/age"

	"credd/internal/agent/vault"
	"credd/internal/fakeaws"
)

const (
	spiedStart   = "https://nw.awsapps.com/start"
	spiedAccount = "210987654321"
)

// spied is a world in which all that is written is looked at, with a source of each kind.
type spied struct {
	*world
	*wiretap
	seen map[string][]byte // what was written, by where
	asks fakeaws.MFADevice // of the source asked
}

// user makes an IAM user, whose secret is one to look for.
func (s *spied) user(name string) (arn string, key fakeaws.Key) {
	s.t.Helper()
	arn = "arn:aws:iam::" + spiedAccount + ":user/" + name
	key, err := s.aws.AddUser(arn)
	check(s.t, err)
	s.add("access key", key.Secret)
	return arn, key
}

// script writes a program that leaves its arguments and environment in dumps, complains, and prints the file given/NAME.
func (s *spied) script(name string) string {
	s.t.Helper()
	file := s.path("bin/" + name)
	s.write("bin/"+name, "#!/bin/sh\ncat /proc/$$/cmdline /proc/$$/environ >>'"+s.path("dumps/"+name)+"'\n"+
		"cat '"+s.path("given/stderr")+"' >&2\ncat '"+s.path("given/"+name)+"'\n[ ! -e '"+s.path("given/fails")+"' ]\n")
	check(s.t, os.Chmod(file, 0o700))
	return file
}

// newSpied makes the world and its settings. No key is in the vault yet.
func newSpied(t *testing.T) *spied {
	t.Helper()
	w := newVaulted(t)
	s := &spied{world: w, wiretap: newWiretap(t, w.aws.URL()), seen: map[string][]byte{}}
	for _, dir := range []string{"tmp", "dumps"} {
		check(t, os.Mkdir(s.path(dir), 0o700))
	}
	s.env = append(s.env, "TMPDIR="+s.path("tmp"), "PATH="+s.path("bin")+":"+os.Getenv("PATH"))
	s.add("access key", s.key.Secret)
	s.add("external ID", "canary-external-id-acme")
	s.add("stderr of a program", "canary-of-stderr")
	s.write("given/stderr", "canary-of-stderr\n")

	_, own := s.user("own")
	s.write("given/own", process(own.ID, own.Secret))
	_, piped := s.user("piped")
	s.write("given/piped", process(piped.ID, piped.Secret))
	provider := "arn:aws:iam::" + spiedAccount + ":oidc-provider/ci.example.com"
	webRole := "arn:aws:iam::" + spiedAccount + ":role/ci"
	check(t, s.aws.AddRole(fakeaws.Role{ARN: webRole, Trust: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"` + provider + `"},"Action":"sts:AssumeRoleWithWebIdentity"}]}`}))
	token := s.aws.WebIdentityToken(provider, "ci", time.Hour)
	s.add("web identity token", token)
	s.write("given/token", token+"\n")
	s.aws.AddSSO(spiedStart)
	s.aws.AssignSSO(spiedStart, spiedAccount, "Northwind", "ops@example.com", "CustomerAccess")
	s.aws.SetDeviceInterval(1)

	s.write(".aws/config", "[profile piped]\nregion = "+region+"\nendpoint_url = "+s.URL+"\ncredential_process = "+s.script("piped")+"\n")
	s.settings(fmt.Sprintf("[vault]\nkey = \"file\"\n\n[source.own]\ntype = \"process\"\ncommand = [%q]\n\n"+
		"[source.piped]\ntype = \"profile\"\nprofile = \"piped\"\n\n[source.web]\ntype = \"web-identity\"\ntoken_file = %q\nrole_arn = %q\n\n"+
		"[source.sso]\ntype = \"sso\"\nstart_url = %q\nsso_region = %q\naccount_id = %q\nrole_name = \"CustomerAccess\"\n\n[source.ecs]\ntype = \"container\"\n",
		s.script("own"), s.path("given/token"), webRole, spiedStart, region, spiedAccount))
	text := strings.Replace(s.read(".config/credd/credd.toml"), "source = \"work\"\n", "", 1)
	s.write(".config/credd/credd.toml", strings.ReplaceAll(text, s.aws.URL(), s.URL))
	return s
}

// process is what a credential_process prints.
func process(id, secret string) string {
	return fmt.Sprintf("{\"Version\": 1, \"AccessKeyId\": %q, \"SecretAccessKey\": %q}\n", id, secret)
}

// look keeps what a command wrote.
func (s *spied) look(r result, args ...string) result {
	where := fmt.Sprintf("%d %s", len(s.seen), strings.Join(args, " "))
	s.seen[where] = []byte(r.out + r.err)
	return r
}

// do runs credd. With a code that is not -1 it is the one to end with.
func (s *spied) do(code int, stdin string, args ...string) result {
	s.t.Helper()
	cmd := s.command("credd", args...)
	cmd.Stdin = strings.NewReader(stdin)
	r := s.look(runCmd(s.t, cmd), args...)
	if code != -1 && r.code != code {
		s.t.Errorf("%q: got %d, want %d\n%s%s", args, r.code, code, r.out, r.err)
	}
	return r
}

// typed runs credd at a terminal, which shows what is typed where that is no secret.
func (s *spied) typed(code int, args []string, pairs ...string) result {
	s.t.Helper()
	r, shown := s.typing(s.command("credd", args...), pairs...)
	for i := 1; i < len(pairs); i += 2 {
		if isCode.MatchString(pairs[i]) {
			shown = strings.Replace(shown, pairs[i], "", 1)
		}
	}
	r.err += shown
	if s.look(r, args...); r.code != code {
		s.t.Errorf("%q at a terminal: got %d, want %d\n%s%s", args, r.code, code, r.out, r.err)
	}
	return r
}

// help asks for a role. Its own session is the one secret that may be in the answer.
func (s *spied) help(role string) {
	s.t.Helper()
	r := s.helper(role)
	if d, err := whole(r.out); err == nil {
		for _, own := range []string{d.SecretAccessKey, d.SessionToken} {
			if own != "" {
				r.out = strings.ReplaceAll(r.out, own, "")
			}
		}
	}
	s.look(r, "credhelper", role)
}

// addKeys puts a key into the vault in each of the ways. The first command starts the daemon.
func (s *spied) addKeys() {
	s.t.Helper()
	_, envy := s.user("envy")
	poor := s.env
	s.env = append(slices.Clone(poor), "AWS_ACCESS_KEY_ID="+envy.ID, "AWS_SECRET_ACCESS_KEY="+envy.Secret, "HTTPS_PROXY=http://canary-of-stderr")
	s.do(0, "", "source", "add", "envy", "--type", "keys", "--from-env")
	s.env = poor
	_, filed := s.user("filed")
	s.write(".aws/credentials", "[filed]\naws_access_key_id = "+filed.ID+"\naws_secret_access_key = "+filed.Secret+"\n")
	s.do(0, "", "source", "add", "filed", "--type", "keys", "--from-profile", "filed")
	s.do(0, s.key.ID+"\n"+s.key.Secret+"\n", "source", "add", "work", "--type", "keys", "--from-stdin")

	arn, seeded := s.user("seeded")
	dev, err := s.aws.AddMFADevice(arn)
	check(s.t, err)
	s.add("MFA seed", dev.Seed)
	s.do(0, seeded.ID+"\n"+seeded.Secret+"\n"+dev.Seed+"\n", "source", "add", "seeded", "--type", "keys", "--from-stdin", "--mfa-serial", dev.Serial, "--mfa", "totp")

	arn, cmd := s.user("cmd")
	dev, err = s.aws.AddMFADevice(arn)
	check(s.t, err)
	s.write("given/code", s.aws.Code(dev.Serial)+"\n")
	s.do(0, cmd.ID+"\n"+cmd.Secret+"\n", "source", "add", "cmd", "--type", "keys", "--from-stdin", "--mfa-serial", dev.Serial, "--mfa", "command", "--mfa-command", s.script("code"))

	arn, asked := s.user("asked")
	s.asks, err = s.aws.AddMFADevice(arn)
	check(s.t, err)
	s.typed(0, []string{"source", "add", "asked", "--type", "keys", "--mfa-serial", s.asks.Serial},
		"access key ID", asked.ID, "secret access key", asked.Secret, "MFA code", "271828", "MFA code", s.aws.Code(s.asks.Serial))
}

// wrongKeys adds what is no key, or not the right one.
func (s *spied) wrongKeys() {
	s.t.Helper()
	s.add("wrong secret", "wrong/canary+secret")
	s.add("wrong seed", "0189CANARY0189SEED")
	id, secret := s.key.ID, s.key.Secret
	for _, stdin := range []string{
		id + "\nwrong/canary+secret\n", secret + "\n" + id + "\n", secret + "\n", id + " " + secret + "\n" + secret + "\n",
		secret + "\n" + secret + "\n", "ASIA" + id[4:] + "\n" + secret + "\n", `{"AccessKey": {"AccessKeyId": "` + secret + `", "SecretAccessKey": "` + id + `"}}`,
		`["` + secret + `"]`, id + "\n" + secret + "\n0189CANARY0189SEED\n", "aws_secret_access_key = " + secret + "\n" + id,
	} {
		s.do(2, stdin, "source", "add", "wrong", "--type", "keys", "--from-stdin")
	}
	s.typed(2, []string{"source", "add", "wrong", "--type", "keys"}, "access key ID", id, "secret access key", "wrong/canary+secret")
}

// failing asks for all that needs AWS.
func (s *spied) failing() {
	s.t.Helper()
	for _, name := range []string{"work", "web"} {
		s.do(-1, "", "source", "test", name)
	}
	s.do(-1, "", "customer", "add", "--from-sso", "sso", "--all")
	s.do(-1, "", "source", "rotate", "work")
	s.do(-1, "", "refresh", "acme/admin")
	s.do(-1, "", "login", "sso", "--device")
	s.do(-1, "", "console", "acme/admin", "--print")
	s.help("acme/admin")
}

// console signs in. The address is the one secret that may be in the answer.
func (s *spied) console(role string) {
	s.t.Helper()
	r := s.credd("console", role, "--print")
	r.want(s.t, 0, "/federation?Action=login&")
	r.out = ""
	s.look(r, "console", role)
}

// garbage has programs print what is of no use.
func (s *spied) garbage() {
	s.t.Helper()
	s.add("output of a program", "canary-of-output")
	own, piped, code := s.read("given/own"), s.read("given/piped"), s.read("given/code")
	for _, text := range []string{
		"canary-of-output", "{\"Version\": \"canary-of-output\"}", "{\"canary-of-output\": 1}", "{\"Version\": 1, \"AccessKeyId\": 3, \"SecretAccessKey\": \"canary-of-output\"}",
		"{\"Version\": 1, \"AccessKeyId\": \"AKIA\", \"SecretAccessKey\": \"canary-of-output\", \"Expiration\": \"canary-of-output\"}", process("AKIAEXAMPLEEXAMPLE00", "canary-of-output"),
	} {
		for _, name := range []string{"own", "piped"} {
			s.write("given/"+name, text)
			s.write(".aws/config", s.read(".aws/config")+"\n") // so that it is asked again
			s.do(-1, "", "source", "test", name)
		}
	}
	s.write("given/code", "canary-of-output")
	s.do(0, "", "logout", "cmd")
	s.do(-1, "", "source", "test", "cmd")
	s.write("given/fails", "")
	for _, name := range []string{"own", "piped", "cmd"} {
		s.do(-1, "", "source", "test", name)
	}
	s.do(0, "", "status", "--json")
	check(s.t, os.Remove(s.path("given/fails")))
	s.write("given/own", own)
	s.write("given/piped", piped)
	s.write(".aws/config", s.read(".aws/config")+"\n")
	s.write("given/code", code)
}

// logIn logs in to IAM Identity Center: denied, with a code, and in a browser, whose token is then refreshed.
func (s *spied) logIn() {
	s.t.Helper()
	decide := func(how func(string) error) chan struct{} {
		done := make(chan struct{})
		go func() {
			defer close(done)
			s.eventually("a device asks", func() bool { return len(s.aws.PendingDevices()) > 0 })
			how(s.aws.PendingDevices()[0])
		}()
		return done
	}
	denied := decide(s.aws.DenyDevice)
	s.do(5, "", "login", "sso", "--device")
	<-denied
	allowed := decide(s.aws.ApproveDevice)
	s.do(0, "", "login", "sso", "--device")
	<-allowed
	s.do(0, "", "logout", "sso")

	s.aws.SetSSOTokenLife(4 * time.Minute) // which credd takes for one to refresh
	s.write("bin/xdg-open", "#!/bin/sh\ncat /proc/$$/cmdline /proc/$$/environ >'"+s.path("dumps/xdg-open")+"'\nprintf %s \"$1\" >'"+s.path("url.part")+"'\nmv '"+s.path("url.part")+"' '"+s.path("url")+"'\n")
	check(s.t, os.Chmod(s.path("bin/xdg-open"), 0o700))
	done := make(chan struct{})
	go func() { defer close(done); s.browse() }()
	s.do(0, "", "login", "sso", "--browser")
	<-done
	s.do(0, "", "source", "test", "sso")
	s.do(0, "", "reload")
	s.help("@sso")
}

// browse does what a browser does on the page that a login opens.
func (s *spied) browse() {
	s.eventually("a browser is opened", func() bool { _, err := os.Stat(s.path("url")); return err == nil })
	u, err := url.Parse(s.read("url"))
	if err != nil {
		s.t.Error(err)
		return
	}
	q := u.Query()
	q.Set("decision", "allow")
	client := &http.Client{CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		s.add("authorization code", r.URL.Query().Get("code"))
		return nil
	}}
	resp, err := client.PostForm(s.URL+"/authorize", q)
	if err != nil {
		s.t.Error(err)
		return
	}
	resp.Body.Close()
}

// spoil puts what is no item of credd's into the vault, and what is no key beside it.
func (s *spied) spoil() {
	s.t.Helper()
	s.add("content of the vault", "canary-of-vault")
	v := vault.New(s.path(".local/share/credd/vault.age"), vault.Settings{Key: vault.KeyFile})
	for _, item := range []string{"key/filed", "totp/seeded", "session/seeded", "session/cmd", "rotate/work", "sso/" + region + "/" + spiedStart + " at " + s.URL} {
		check(s.t, v.Put(s.t.Context(), item, []byte(`{"id": "canary-of-vault", "expires": "canary-of-vault", canary-of-vault`)))
	}
	for _, name := range []string{"filed", "seeded", "sso", "cmd"} {
		s.do(-1, "", "logout", name)
		s.do(-1, "", "source", "test", name)
	}
	s.do(-1, "", "source", "rotate", "filed")
	s.do(0, "", "source", "rotate", "work")
	good := s.read(".local/share/credd/vault.key")
	defer s.write(".local/share/credd/vault.key", good)
	s.stopAll()
	for _, text := range []string{"AGE-SECRET-KEY-1CANARY-OF-VAULT", "canary-of-vault"} {
		s.write(".local/share/credd/vault.key", text)
		s.do(-1, "", "source", "test", "work")
	}
	s.stopAll()
}

// daemon keeps the arguments and the environment that the daemon started with.
func (s *spied) daemon() int {
	s.t.Helper()
	pids := s.daemons()
	if len(pids) != 1 {
		s.t.Fatalf("got daemons %v", pids)
	}
	for _, f := range []string{"cmdline", "environ"} {
		b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pids[0]), f))
		check(s.t, err)
		if strings.Contains(string(b), "AWS_") {
			s.t.Errorf("the daemon started with %q", b)
		}
		s.seen[fmt.Sprintf("%s of %d", f, pids[0])] = b
	}
	return pids[0]
}

// quit has the daemon end as Go ends at SIGQUIT: with all stacks in its log.
func (s *spied) quit(pid int, log string) {
	s.t.Helper()
	check(s.t, syscall.Kill(pid, syscall.SIGQUIT))
	s.gone()
	if !strings.Contains(s.read(log), "SIGQUIT") {
		s.t.Error("the crash left no trace to look at")
	}
}

// gone waits until nobody listens: of a process that ends, the socket is among the last to go.
func (s *spied) gone() {
	s.t.Helper()
	s.eventually("the daemon has ended", func() bool {
		c, err := net.Dial("unix", s.sock)
		if err == nil {
			c.Close()
		}
		return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, fs.ErrNotExist)
	})
}

// search looks at all that was seen, and at every file but those that the test filled.
func (s *spied) search() {
	s.t.Helper()
	for where, text := range s.seen {
		if found := s.in(text); found != nil {
			s.t.Errorf("%s: holds %q:\n%s", where, found, text)
		}
	}
	check(s.t, filepath.WalkDir(s.home, func(p string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		name, _ := filepath.Rel(s.home, p)
		if strings.HasPrefix(name, "given/") || strings.HasPrefix(name, ".aws/") || strings.Contains(name, "/customers/") {
			return nil
		}
		b, err := os.ReadFile(p)
		check(s.t, err)
		found := s.in(b)
		if name == ".local/share/credd/vault.key" {
			if i, err := e.Info(); err != nil || i.Mode().Perm() != 0o600 || !slices.Equal(found, []string{"vault key"}) {
				s.t.Errorf("%s has mode %v and holds %q", name, i.Mode(), found)
			}
			return nil
		}
		if found != nil {
			s.t.Errorf("%s: holds %q", name, found)
		}
		if strings.HasPrefix(name, "dumps/") && strings.Contains(string(b), "AWS_") && !strings.HasSuffix(name, "xdg-open") {
			s.t.Errorf("%s has an AWS_ variable: %q", name, b)
		}
		return nil
	}))
}

// proves has the search find one planted secret of each kind, in each form, wherever it looks.
func (s *spied) proves() {
	s.t.Helper()
	for _, kind := range []string{
		"access key", "MFA seed", "web identity token", "external ID", "stderr of a program", "output of a program", "content of the vault", "vault key",
		"wrong secret", "wrong seed", "authorization code", "container token", "GetSessionToken TokenCode", "GetSessionToken SecretAccessKey", "GetSessionToken SessionToken",
		"CreateAccessKey SecretAccessKey", "AssumeRole ExternalId", "AssumeRole SecretAccessKey", "AssumeRole SessionToken", "AssumeRoleWithWebIdentity WebIdentityToken",
		"AssumeRoleWithWebIdentity SecretAccessKey", "AssumeRoleWithWebIdentity SessionToken", "/client/register clientSecret", "/device_authorization deviceCode",
		"/token clientSecret", "/token deviceCode", "/token code", "/token codeVerifier", "/token accessToken", "/token refreshToken",
		"getSigninToken sessionKey", "getSigninToken sessionToken", "getSigninToken SigninToken",
		"/federation/credentials X-Amz-Sso_bearer_token", "/federation/credentials secretAccessKey", "/federation/credentials sessionToken",
	} {
		if len(s.texts[kind]) == 0 {
			s.t.Errorf("no %s came by: it was not looked for", kind)
		}
		for secret, forms := range s.texts[kind] {
			for _, form := range forms {
				if !holds(slices.Concat([]byte("planted \""), form, []byte("\", ")), secret, forms) {
					s.t.Errorf("a planted %s is not found as %s", kind, form)
				}
			}
			item := base64.StdEncoding.EncodeToString([]byte(`{"secret":"` + secret + `"}`)) // as in the vault
			if len(secret) > 6 && !slices.Contains(s.in([]byte(item)), kind) {
				s.t.Errorf("a planted %s is not found in %s", kind, item)
			}
		}
	}
	if got := s.in([]byte("planted nothing: 123456789 AKIAEXAMPLEEXAMPLE00")); got != nil {
		s.t.Errorf("found %q in a text without secrets", got)
	}
}

// All that credd and its sources write at debug level, of all types, in a good and a bad day.
func TestNoSecretOfASourceLeaks(t *testing.T) {
	t.Parallel()
	s := newSpied(t)
	s.customer("acme", "admin")
	s.addKeys()
	s.fromWork("acme")
	s.add("vault key", strings.TrimSpace(s.read(".local/share/credd/vault.key")))
	s.wrongKeys()
	s.logIn()
	s.console("acme/admin")
	for _, code := range []string{"ValidationError", "AccessDenied", "SignatureDoesNotMatch", "InvalidRequestException"} {
		s.twist(refusing(code))
		s.failing()
	}
	s.do(0, "", "logout", "asked")
	s.twist(refusing("ValidationError"))
	s.typed(2, []string{"login", "asked"}, "MFA code", "161803")
	s.do(0, "", "status", "--json")
	s.twist(garbling)
	s.failing()
	s.twist(nil)
	s.do(0, "", "reload")
	for _, name := range []string{"web", "own", "piped", "seeded", "cmd", "sso"} {
		s.do(0, "", "source", "test", name)
	}
	s.garbage()
	for _, role := range []string{"acme/admin", "@work", "@seeded", "@web", "@own"} {
		s.help(role)
	}
	s.do(0, "", "source", "rotate", "work")
	for _, args := range [][]string{{"status"}, {"status", "--json"}, {"source", "list", "--json"}, {"audit", "--json"}, {"customer", "show", "acme", "--json"},
		{"source", "show", "work", "--json"}, {"source", "show", "seeded", "--json"}, {"source", "show", "sso", "--json"}, {"source", "show", "own", "--json"}, {"source", "show", "web"}} {
		s.do(0, "", args...)
	}
	s.quit(s.daemon(), ".local/state/credd/credd.log")
	s.spoil()
	s.besideATerminal()
	s.search()
	s.proves()
}

// besideATerminal runs a daemon in the environment of a person's terminal and of a container, with leave to dump core.
func (s *spied) besideATerminal() {
	s.t.Helper()
	_, key := s.user("ecs")
	s.add("container token", "canary-of-container")
	ecs := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "canary-of-container" {
			http.Error(w, "canary-of-container", http.StatusForbidden)
			return
		}
		fmt.Fprintf(w, `{"AccessKeyId": %q, "SecretAccessKey": %q, "Token": "canary-of-container", "Expiration": %q}`, key.ID, key.Secret, time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
	}))
	s.t.Cleanup(ecs.Close)
	poor := s.env
	s.env = append(slices.Clone(poor), "AWS_SECRET_ACCESS_KEY="+s.key.Secret, "AWS_CONTAINER_CREDENTIALS_FULL_URI="+ecs.URL+"/?canary-of-container",
		"AWS_CONTAINER_AUTHORIZATION_TOKEN=canary-of-container", "aws_session_token=canary-of-container", "GOTRACEBACK=crash")
	log, err := os.Create(s.path("credd.log"))
	check(s.t, err)
	defer log.Close()
	cmd := s.command("sh", "-c", "ulimit -c unlimited; exec \"$0\" serve", filepath.Join(bin, "credd"))
	cmd.Dir, cmd.Stderr = s.home, log
	s.env = poor
	check(s.t, cmd.Start())
	s.eventually("the daemon answers", s.answers)
	s.do(-1, "", "source", "test", "ecs") // AWS does not know its token
	s.help("@ecs")
	for _, name := range []string{"own", "piped", "work"} {
		s.do(0, "", "source", "test", name)
	}
	s.do(0, "", "status", "--json")
	check(s.t, cmd.Process.Signal(syscall.SIGQUIT))
	cmd.Wait() // told by its state
	status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if !ok || status.CoreDump() || !strings.Contains(s.read("credd.log"), "SIGQUIT") {
		s.t.Errorf("the daemon ended with %v", cmd.ProcessState)
	}
	control := s.command("sh", "-c", "ulimit -c unlimited; kill -ABRT $$")
	control.Dir = s.path("given")
	if control.Run(); !control.ProcessState.Sys().(syscall.WaitStatus).CoreDump() {
		s.t.Log("nothing dumps core on this machine, so that this shows nothing")
	}
	for _, dir := range []string{s.home, "/", os.TempDir()} {
		if cores, _ := filepath.Glob(filepath.Join(dir, "core*")); len(cores) > 0 {
			s.t.Errorf("a core was dumped: %v", cores)
		}
	}
}

// A passphrase is of the person and of nobody else, whatever it is typed for.
func TestNoSecretOfAPassphraseLeaks(t *testing.T) {
	t.Parallel()
	s := newSpied(t)
	s.write(".config/credd/credd.toml", strings.Replace(s.read(".config/credd/credd.toml"), `key = "file"`, `key = "passphrase"`, 1))
	const right, wrong = `canary "of" a päss`, "canary/of+a=wrong one"
	s.add("passphrase", right)
	s.add("wrong passphrase", wrong)
	s.add("access key", s.key.Secret)
	add, key := []string{"source", "add", "work", "--type", "keys"}, []string{"access key ID", s.key.ID, "secret access key", s.key.Secret}
	s.typed(5, add, append(key, "choose a passphrase", wrong, "the same passphrase", right, "not the same", right, "the same passphrase", "\x04")...)
	identity, err := age.GenerateX25519Identity()
	check(t, err)
	s.add("vault key", identity.String())
	to, err := age.NewScryptRecipient(right)
	check(t, err)
	to.SetWorkFactor(8) // credd's own takes a second, and many with the race detector
	var file bytes.Buffer
	out, err := age.Encrypt(&file, to)
	check(t, err)
	_, err = io.WriteString(out, identity.String())
	check(t, errors.Join(err, out.Close()))
	s.write(".local/share/credd/vault.key.age", file.String())
	s.typed(0, add, append([]string{"passphrase", wrong, "wrong passphrase", right}, key...)...)
	s.quit(s.daemon(), ".local/state/credd/credd.log")
	s.do(5, "", "source", "test", "work")
	s.typed(0, []string{"source", "test", "work"}, "passphrase", wrong, "wrong passphrase", right)
	s.do(0, "", "status", "--json")
	s.quit(s.daemon(), ".local/state/credd/credd.log")
	s.search()
	for _, kind := range []string{"passphrase", "wrong passphrase", "vault key"} {
		for secret := range s.texts[kind] {
			for _, text := range []string{secret, fmt.Sprintf("%q", secret)} {
				if !slices.Contains(s.in([]byte("planted "+text)), kind) {
					t.Errorf("a planted %s is not found", kind)
				}
			}
		}
	}
}

// A daemon is killed while it writes the vault. What it leaves is a vault that opens, and beside it nothing to read.
func TestNoSecretLeaksFromAVaultWriteThatIsKilled(t *testing.T) {
	t.Parallel()
	s := newSpied(t)
	second, err := s.aws.AddKey(us)
	check(t, err)
	s.add("access key", second.Secret)
	pairs := []string{s.key.ID + "\n" + s.key.Secret + "\n", second.ID + "\n" + second.Secret + "\n"}
	add := []string{"source", "add", "work", "--type", "keys", "--from-stdin", "--no-test"}
	s.do(0, pairs[0], add...)
	s.add("vault key", strings.TrimSpace(s.read(".local/share/credd/vault.key")))
	left := map[string]bool{}
	for n := range 6 {
		if len(s.daemons()) == 0 {
			s.do(0, "", "source", "test", "work")
		}
		pid, ended := s.daemon(), make(chan struct{})
		go func() {
			defer close(ended)
			s.do(-1, pairs[n%2], append(add, "--replace")...)
		}()
		for late := time.After(patient); ; {
			parts, _ := filepath.Glob(s.path(".local/share/credd/.credd-vault-*"))
			if slices.ContainsFunc(parts, func(p string) bool { return !left[p] }) {
				break
			}
			select {
			case <-ended:
			case <-late:
			default:
				continue
			}
			break
		}
		syscall.Kill(pid, syscall.SIGKILL)
		<-ended
		s.gone()
		parts, _ := filepath.Glob(s.path(".local/share/credd/.credd-vault-*"))
		for _, p := range parts {
			left[p] = true
		}
	}
	s.do(0, "", "source", "test", "work")
	t.Logf("left behind: %q", slices.Sorted(maps.Keys(left)))
	s.search()
	s.write("planted", "x"+pairs[1])
	if found := s.in([]byte(s.read("planted"))); !slices.Contains(found, "access key") {
		t.Error("a planted key is not found")
	}
}
