//go:build linux

package box

import (
	"fmt"
	"strings"
	"testing"

	"credd/internal/fakeaws"
)

// docs/system.md from its first line to its last, on a machine with systemd: one credd for three users, whose key is in a vault that a
// credential of systemd opens.
func TestOneCreddForAMachine(t *testing.T) {
	t.Parallel()
	b := Up(t)
	installed(t, b)
	const us, account = "arn:aws:iam::210987654321:user/build", "012345678901"
	aws, err := fakeaws.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(aws.Close)
	key, err := aws.AddUser(us)
	if err != nil {
		t.Fatal(err)
	}
	for i, user := range []string{"ana", "ben", "cyn"} {
		b.Run(t, "useradd", "--create-home", "--uid", fmt.Sprint(1500+i), user)
	}
	b.Run(t, "groupadd", "dev")
	b.Run(t, "usermod", "--append", "--groups", "dev", "ben")
	root := func(stdin string, args ...string) answer {
		t.Helper()
		cmd := b.Command("sh", "-c", strings.Join(args, " "))
		cmd.Stdin = strings.NewReader(stdin)
		got := say(t, cmd)
		t.Logf("# %s\n%s%s", strings.Join(args, " "), got.out, got.err)
		if got.code != 0 {
			t.Errorf("%s: got %+v", args, got)
		}
		return got
	}
	user := func(name string, code int, args ...string) answer {
		t.Helper()
		got := say(t, b.CommandAs(name, args...))
		t.Logf("%s$ %s\n%s%s", name, strings.Join(args, " "), got.out, got.err)
		if got.code != code {
			t.Errorf("%s: %s: got %+v, want exit %d", name, args, got, code)
		}
		return got
	}
	root("", "credd service install --system")
	root("", "sh -c 'mkdir -p -m 700 /etc/credstore.encrypted; credd vault new-key | systemd-creds encrypt --name=credd-vault-key - /etc/credstore.encrypted/credd-vault-key'")
	root("", "sh -c 'printf \"\\n[vault]\\nkey = \\\"systemd\\\"\\n\\n[network]\\nendpoint_url = \\\""+aws.URL()+"\\\"\\n\" >> /etc/credd/credd.toml; cat /etc/credd/credd.toml'")
	root("", "credd service restart --system")
	root(key.ID+"\n"+key.Secret+"\n", "credd --system source add build --type keys --from-stdin")
	for role, allow := range map[string]string{"acme/admin": "--allow-user ana", "acme/deploy": "--allow-group dev"} {
		arn := "arn:aws:iam::" + account + ":role/" + strings.ReplaceAll(role, "/", "-")
		if err := aws.AddRole(fakeaws.Role{ARN: arn, Trust: fakeaws.TrustPolicy(us, "9d1f-canary")}); err != nil {
			t.Fatal(err)
		}
		root("9d1f-canary\n", "credd --system role add "+role+" --arn "+arn+" --region eu-west-1 --external-id-stdin "+allow)
	}
	user("ana", 0, "credhelper", "acme/admin")
	user("ben", 0, "credhelper", "acme/deploy")
	if got := user("cyn", 8, "credhelper", "acme/admin"); got.err != "credhelper: error: acme/admin: there is no role of this name that cyn may use\ncredhelper: hint: what you may use shows: credd role list; the administrator of this machine's credd opens a role with allow\n" {
		t.Errorf("cyn: got %+v", got)
	}
	user("ana", 0, "credd", "role", "list")
	user("ana", 0, "credd", "profiles", "sync")
	user("ana", 0, "credd", "status")
	user("ana", 0, "credd", "audit")
	user("ana", 0, "credd", "doctor", "--offline")
	user("cyn", 0, "credd", "role", "list")
	user("ana", 8, "credd", "role", "add", "acme/mine", "--arn", "arn:aws:iam::012345678901:role/X")
	root("", "credd --system role list")
	root("", "credd --system status")
	root("", "credd --system audit --role acme")
	if got := root("", "credd --system doctor"); !strings.Contains(got.out, "the vault's key needs no person: systemd") || !strings.Contains(got.out, "the daemon's user credd may read /etc/credd") {
		t.Errorf("doctor: got %+v", got)
	}
	root("", "cd /root && credd --system customer invite globex --account 112233445566 --permissions readonly --region eu-west-1 --service-name northwind --principal "+us+" --allow-group dev")
	if got := b.Run(t, "sh", "-c", "stat -c '%U:%G %a %n' /etc/credd/customers/* $(find /var/lib/credd/customers /var/lib/credd/invitations -type f 2>/dev/null)"); strings.Count(got, "root:credd 640 /etc/credd/") != 2 || strings.Contains(got, "root:root") {
		t.Errorf("got\n%s", got)
	}
	root("", "credd --system customer list")
	root("", "credd --system customer retire globex --yes")
	root("", "credd --system customer retire globex --undo")
	root("", "credd --system login build")
	root("", "credd --system customer export acme")
	root("", "credd --system customer verify acme")
	if got := b.Run(t, "find", "/var/lib/credd", "!", "-user", "credd"); got != "" {
		t.Errorf("in the daemon's own directory is what is another's:\n%s", got)
	}
	root("", "credd --system source add instance --type imds --no-test")
	root("", "credd --system source add task --type container --no-test")
	root("", "credd --system source add cluster --type web-identity --token-file /run/token --role-arn arn:aws:iam::210987654321:role/build --region eu-west-1 --no-test")
	root("", "credd --system role add initech/ops --arn arn:aws:iam::112233445577:role/ops --external-id-stdin < /etc/hostname")
	root("", "credd --system role list")
	root("", "credd --system role show acme/admin")
	root("", "credd --system report")
	user("ben", 0, "credd", "report")
	user("ben", 0, "credd", "role", "show", "acme/deploy")
	// The vault opens again without a person.
	root("", "credd service restart --system")
	user("ana", 0, "credd", "exec", "acme/admin", "--", "true")
}
