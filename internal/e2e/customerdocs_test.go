//go:build linux

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"credd/internal/agent/cred"
	"credd/internal/customer/invite"
	"credd/internal/fakeaws"
)

// deployed is a role that a customer has deployed, and the customer's administrator beside us.
type deployed struct {
	*world
	dir  string // of the invitation
	env  []string
	docs string // for-customers.md
}

func newDeployed(t *testing.T, id string) *deployed {
	t.Helper()
	w := newWorld(t)
	const admin = "arn:aws:iam::" + account + ":user/admin"
	key, err := w.aws.AddUser(admin)
	check(t, err)
	check(t, w.aws.SetPolicies(admin, fakeaws.Administrator))
	docs, err := os.ReadFile("../../docs/for-customers.md")
	check(t, err)
	d := &deployed{w, t.TempDir(), append(w.env[:len(w.env):len(w.env)], "AWS_ACCESS_KEY_ID="+key.ID, "AWS_SECRET_ACCESS_KEY="+key.Secret,
		"AWS_ENDPOINT_URL="+w.aws.URL(), "AWS_DEFAULT_REGION="+region), string(docs)}
	terms := d.invitation(id)
	if r := d.shell(terms.Deploy()[0].Text); r.code != 0 {
		t.Fatalf("deploy: %+v", r)
	}
	w.write(".config/credd/customers/acme.toml", customerFile(id))
	return d
}

func customerFile(id string) string {
	return "version = 1\nexternal_id = \"" + id + "\"\n[role.readonly]\narn = \"arn:aws:iam::" + account + ":role/northwind-readonly\"\n"
}

// invitation writes the folder, with the names that the document has.
func (d *deployed) invitation(id string) *invite.Terms {
	d.t.Helper()
	may, err := invite.Of([]string{"monitoring"}, nil)
	check(d.t, err)
	terms := &invite.Terms{
		Service: "northwind", ServiceAccount: "210987654321", Customer: "acme", CustomerName: "Acme Corp", AccountID: account, Partition: "aws",
		Role: "readonly", RoleName: "northwind-readonly", Path: "/", Principals: []string{us}, Exact: true, Ongoing: may, MaxSession: time.Hour,
		SelfCheck: true, Region: region, Stack: "northwind-readonly", Invited: time.Now(),
	}
	files, err := terms.Folder(cred.NewSecret(id))
	check(d.t, err)
	for _, f := range files {
		path := filepath.Join(d.dir, filepath.FromSlash(f.Path))
		check(d.t, os.MkdirAll(filepath.Dir(path), 0o700))
		check(d.t, os.WriteFile(path, f.Data, 0o600))
	}
	return terms
}

// shell runs what the customer's administrator types, in the invitation.
func (d *deployed) shell(script string) result {
	cmd := d.command("sh", "-ec", script)
	cmd.Env, cmd.Dir = d.env, d.dir
	return runCmd(d.t, cmd)
}

// says is the one block of the document in a language that holds a text.
func (d *deployed) says(language, text string) string {
	d.t.Helper()
	var found []string
	for _, b := range strings.Split(d.docs, "\n```"+language+"\n")[1:] {
		if b, _, _ = strings.Cut(b, "\n```"); strings.Contains(b, text) {
			found = append(found, b)
		}
	}
	if len(found) != 1 {
		d.t.Fatalf("%d blocks have %q", len(found), text)
	}
	return found[0]
}

// does is what the document says to type.
func (d *deployed) does(text string) {
	d.t.Helper()
	if r := d.shell(d.says("sh", text)); r.code != 0 {
		d.t.Fatalf("%s: %+v", text, r)
	}
}

// session is the environment of a session of the role, and whether there is one.
func (d *deployed) session() ([]string, bool) {
	r := d.credd("env", "acme/readonly", "--format", "dotenv")
	return append(append(d.world.env[:len(d.world.env):len(d.world.env)], strings.Split(strings.ReplaceAll(strings.TrimSpace(r.out), `"`, ""), "\n")...),
		"AWS_ENDPOINT_URL="+d.aws.URL()), r.code == 0
}

// works reports whether a session may do something.
func (d *deployed) works(session []string) bool {
	cmd := d.command("aws", "iam", "get-role", "--role-name", "northwind-readonly")
	cmd.Env = session
	r := runCmd(d.t, cmd)
	if r.code != 0 && !strings.Contains(r.err, "AccessDenied") {
		d.t.Errorf("got %+v", r)
	}
	return r.code == 0
}

func (d *deployed) want(what string, got, want bool) {
	d.t.Helper()
	if got != want {
		d.t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// A customer ends access by the words of the document, in its order.
func TestCustomersEndAccess(t *testing.T) {
	t.Parallel()
	d := newDeployed(t, "first-external-id")
	d.serve()
	d.aws.SetClock(func() time.Time { return time.Now().Add(-2 * time.Second) }) // the policy has whole seconds
	old, ok := d.session()
	d.want("a session", ok && d.works(old), true)

	d.does("AWSRevokeOlderSessions --policy-document")
	d.want("a session of before the revocation", d.works(old), false)
	d.aws.SetClock(func() time.Time { return time.Now().Add(2 * time.Second) })
	d.credd("refresh", "acme/readonly").want(t, 0)
	next, ok := d.session()
	d.want("a session of after it", ok && d.works(next), true)

	if r := d.shell(d.says("sh", "cloudformation delete-stack")); r.code == 0 {
		t.Error("a role with a policy that its stack does not know was deleted")
	}
	d.does("delete-role-policy --role-name northwind-readonly --policy-name AWSRevokeOlderSessions")
	d.does("cloudformation delete-stack")
	d.credd("forget", "acme").want(t, 0)
	if r := d.helper("acme/readonly"); r.code != 6 {
		t.Errorf("after the stack was deleted: %+v", r)
	}
}

func TestCustomersEndAllSessions(t *testing.T) {
	t.Parallel()
	d := newDeployed(t, "first-external-id")
	d.serve()
	old, _ := d.session()
	d.want("a session", d.works(old), true)
	check(t, os.WriteFile(filepath.Join(d.dir, "end.json"), []byte(d.says("json", "EndOfAllAccess")), 0o600))
	d.does("--policy-document file://end.json")
	d.want("an old session", d.works(old), false)
	d.credd("refresh", "acme/readonly").want(t, 0)
	next, ok := d.session()
	d.want("a new session", ok && d.works(next), false)
	d.does("delete-role-policy --role-name northwind-readonly --policy-name End")
	d.does("cloudformation delete-stack")
}

func TestCustomersChangeTheExternalID(t *testing.T) {
	t.Parallel()
	d := newDeployed(t, "first-external-id")
	d.serve()
	d.helper("acme/readonly").want(t, 0)
	d.invitation("second-external-id")
	d.does("update-stack")
	d.credd("forget", "acme").want(t, 0)
	if r := d.helper("acme/readonly"); r.code != 6 {
		t.Errorf("with the ID of before: %+v", r)
	}
	d.write(".config/credd/customers/acme.toml", customerFile("second-external-id"))
	d.credd("reload").want(t, 0)
	d.helper("acme/readonly").want(t, 0)
}
