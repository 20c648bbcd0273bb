//go:build linux

package e2e

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// motoSettings writes credd.toml for moto, without a source.
func (w *world) motoSettings(url string) {
	w.t.Helper()
	w.settings("[vault]\nkey = \"file\"\n")
	text := strings.Replace(w.read(".config/credd/credd.toml"), "source = \"work\"\n", "", 1)
	w.write(".config/credd/credd.toml", strings.Replace(text, w.aws.URL(), url, 1))
}

// awsCLI runs the AWS CLI and decodes what it prints.
func (w *world) awsCLI(out any, env []string, args ...string) {
	w.t.Helper()
	cmd := w.command("aws", append(args, "--output", "json")...)
	cmd.Env = append(cmd.Env[:len(cmd.Env):len(cmd.Env)], env...)
	r := runCmd(w.t, cmd)
	r.want(w.t, 0)
	if err := json.Unmarshal([]byte(r.out), out); err != nil {
		w.t.Fatalf("aws %s: %v\n%s%s", args, err, r.out, r.err)
	}
}

func TestMotoRotatesAKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.customer("acme", "readonly")
	w.customer("wrong", "readonly")
	url := startMoto(t)
	account := w.useMoto(url)
	w.motoSettings(url)
	check(t, os.Remove(w.path(".config/credd/customers/wrong.toml")))
	user := "arn:aws:iam::" + account + ":user/work"
	w.credd("source", "add", "work", "--type", "keys", "--from-profile", "work").want(t, 0, "the key of "+user+" is in the vault", "it is "+user)
	w.fromWork("acme")
	w.helper("acme/readonly").want(t, 0, "ASIA")

	type key struct{ AccessKeyID, Status string }
	list := func() (keys []key) {
		t.Helper()
		var out struct{ AccessKeyMetadata []key }
		w.awsCLI(&out, nil, "iam", "list-access-keys", "--user-name", "work", "--profile", "acme/readonly")
		return out.AccessKeyMetadata
	}
	before := list()
	w.credd("source", "rotate", "work").want(t, 0, "the access key of work is a new one")
	after := list()
	if len(before) != 1 || len(after) != 1 || before[0].AccessKeyID == after[0].AccessKeyID || after[0].Status != "Active" {
		t.Errorf("got %+v after %+v, want one new key in the place of one", after, before)
	}
	w.credd("forget", "--all").want(t, 0)
	w.helper("acme/readonly").want(t, 0, "ASIA")
	w.credd("source", "test", "work").want(t, 0, user)
	w.stopAll()
	w.helper("acme/readonly").want(t, 0, "ASIA")

	old := w.command("aws", "sts", "get-caller-identity", "--profile", "work")
	if r := runCmd(t, old); r.code == 0 || !strings.Contains(r.err, "InvalidClientTokenId") {
		t.Errorf("the old key: got exit %d\n%s%s\nwant it refused", r.code, r.out, r.err)
	}
}

// TestMotoWebIdentity has moto check nothing at first: it takes no call without a signature once it checks.
func TestMotoWebIdentity(t *testing.T) {
	t.Parallel()
	const motoAccount = "123456789012"
	w := newWorld(t)
	url := startMoto(t)
	w.eventually("moto_server answers", func() bool { _, status, _ := get(url + "/moto-api/"); return status == 200 })
	setup := []string{"AWS_ACCESS_KEY_ID=setup", "AWS_SECRET_ACCESS_KEY=setup", "AWS_DEFAULT_REGION=us-east-1", "AWS_ENDPOINT_URL=" + url}
	for role, principal := range map[string]string{
		"web":            `{"Federated": "arn:aws:iam::` + motoAccount + `:oidc-provider/ci.example"}`,
		"acme-readonly":  `{"AWS": "arn:aws:sts::` + motoAccount + `:assumed-role/web/credd"}`,
		"wrong-readonly": `{"AWS": "arn:aws:iam::` + motoAccount + `:user/nobody"}`,
	} {
		action := map[bool]string{true: "sts:AssumeRoleWithWebIdentity", false: "sts:AssumeRole"}[role == "web"]
		var out any
		w.awsCLI(&out, setup, "iam", "create-role", "--role-name", role, "--assume-role-policy-document",
			`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": `+principal+`, "Action": "`+action+`"}]}`)
	}
	cmd := w.command("aws", "iam", "put-role-policy", "--role-name", "web", "--policy-name", "all", "--policy-document",
		`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}`)
	cmd.Env = append(cmd.Env[:len(cmd.Env):len(cmd.Env)], setup...)
	runCmd(t, cmd).want(t, 0)
	for _, name := range []string{"acme", "wrong"} {
		w.customer(name, "readonly")
		file := ".config/credd/customers/" + name + ".toml"
		w.write(file, "source = \"web\"\n"+strings.ReplaceAll(w.read(file), account, motoAccount))
	}
	w.motoSettings(url)
	w.write("token", "canary.web.identity\n")

	w.credd("source", "add", "web", "--type", "web-identity", "--token-file", w.path("token"), "--role-arn", "arn:aws:iam::"+motoAccount+":role/web").
		want(t, 0, "it is arn:aws:sts::"+motoAccount+":assumed-role/web/credd")
	reset(t, url)
	d, err := whole(w.helper("acme/readonly").out)
	check(t, err)
	if d.AccountID != motoAccount {
		t.Errorf("got the account %s", d.AccountID)
	}
	// moto's refusals have a form that AWS's own SDK cannot read: no more is known than that this is one.
	if r := w.helper("wrong/readonly"); r.code == 0 || r.out != "" || !strings.Contains(r.err, "credhelper: error: wrong/readonly: ") {
		t.Errorf("a role that trusts somebody else: got exit %d\n%s%s", r.code, r.out, r.err)
	}
	for name, text := range map[string]string{"status": w.credd("status").out, "log": w.read(".local/state/credd/credd.log")} {
		if strings.Contains(text, "canary") {
			t.Errorf("a secret is in the %s:\n%s", name, text)
		}
	}
}
