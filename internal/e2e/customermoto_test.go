//go:build linux

package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"credd/internal/agent/cred"
	"credd/internal/customer/invite"
)

// invitation is one that a customer whose account is in moto has in a folder.
type invitation struct {
	w     *world
	terms *invite.Terms
	id    string
	dir   string
}

func (w *world) invitation(account, role string) *invitation {
	w.t.Helper()
	ongoing, err := invite.Of([]string{"readonly", "support"}, []string{"arn:aws:s3:::acme-reports"})
	check(w.t, err)
	setup, err := invite.ReadPolicy([]byte(`{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:CreateBucket", "Resource": "*"}}`))
	check(w.t, err)
	i := &invitation{w: w, id: "canary=External.ID:" + role, dir: w.path("invitation " + role), terms: &invite.Terms{
		Service: "northwind", ServiceAccount: account, Customer: "acme", CustomerName: "Müller & Söhne \"${x}\" \u202eGmbH", AccountID: account, Partition: "aws",
		Role: "readonly", RoleName: role, Path: "/northwind/", Principals: []string{"arn:aws:iam::" + account + ":user/work"}, Exact: true,
		Ongoing: ongoing, Setup: &setup, MaxSession: 2 * time.Hour, Boundary: "arn:aws:iam::aws:policy/ReadOnlyAccess", Tags: map[string]string{"yes": "0123"},
		SelfCheck: true, Region: region, Stack: "stack-" + role, Invited: time.Now(), Until: time.Now().Add(time.Hour),
	}}
	files, err := i.terms.Folder(cred.NewSecret(i.id))
	check(w.t, err)
	for _, f := range files {
		path := filepath.Join(i.dir, filepath.FromSlash(f.Path))
		check(w.t, os.MkdirAll(filepath.Dir(path), 0o700))
		check(w.t, os.WriteFile(path, f.Data, os.FileMode(f.Mode)))
	}
	return i
}

// run does what one of the printed commands says, as the customer's administrator.
func (i *invitation) run(way string, commands []invite.Command) {
	i.w.t.Helper()
	n := slices.IndexFunc(commands, func(c invite.Command) bool { return c.Way == way })
	if n < 0 {
		i.w.t.Fatalf("there is no command for %s", way)
	}
	cmd := i.w.command("sh", "-e", "-c", commands[n].Text)
	cmd.Dir = i.dir
	cmd.Env = append(cmd.Env[:len(cmd.Env):len(cmd.Env)], "AWS_PROFILE=work")
	r := runCmd(i.w.t, cmd)
	r.want(i.w.t, 0)
	if strings.Contains(r.out+r.err, i.id) {
		i.w.t.Errorf("%s shows the external ID:\n%s%s", commands[n].Text, r.out, r.err)
	}
}

// wantPolicies looks at the role, and at the names of its policies.
func (i *invitation) wantPolicies(names ...string) {
	i.w.t.Helper()
	var got struct {
		Role struct {
			ARN                      string
			MaxSessionDuration       int
			Description              string
			PermissionsBoundary      struct{ PermissionsBoundaryArn string }
			Tags                     []struct{ Key, Value string }
			AssumeRolePolicyDocument any
		}
	}
	i.w.awsCLI(&got, nil, "iam", "get-role", "--role-name", i.terms.RoleName, "--profile", "work")
	r := got.Role
	if r.ARN != i.terms.RoleARN() || r.MaxSessionDuration != 7200 || !strings.Contains(r.Description, "northwind") || !strings.Contains(r.Description, `Müller & Söhne "$(x)" ?GmbH`) {
		i.w.t.Errorf("got the role %+v, want %s as the terms have it", r, i.terms.RoleARN())
	}
	if len(r.Tags) != 1 || r.Tags[0].Key != "yes" || r.Tags[0].Value != "0123" || r.PermissionsBoundary.PermissionsBoundaryArn != i.terms.Boundary {
		i.w.t.Errorf("got the tags %v and the boundary %v", r.Tags, r.PermissionsBoundary)
	}
	trust, err := json.Marshal(r.AssumeRolePolicyDocument)
	check(i.w.t, err)
	var want any
	check(i.w.t, json.Unmarshal([]byte(i.terms.Trust(cred.NewSecret(i.id))), &want))
	if w, err := json.Marshal(want); err != nil || string(w) != string(trust) {
		i.w.t.Errorf("got the trust\n%s\nwant\n%s", trust, w)
	}
	var all struct{ PolicyNames []string }
	i.w.awsCLI(&all, nil, "iam", "list-role-policies", "--role-name", i.terms.RoleName, "--profile", "work")
	slices.Sort(all.PolicyNames)
	if !slices.Equal(all.PolicyNames, names) {
		i.w.t.Errorf("got the policies %q, want %q", all.PolicyNames, names)
	}
}

func (i *invitation) gone() {
	i.w.t.Helper()
	cmd := i.w.command("aws", "iam", "get-role", "--role-name", i.terms.RoleName, "--profile", "work")
	if r := runCmd(i.w.t, cmd); r.code == 0 || !strings.Contains(r.err, "NoSuchEntity") {
		i.w.t.Errorf("the role: got exit %d\n%s%s\nwant it gone", r.code, r.out, r.err)
	}
}

// TestMotoInvitations has a customer follow the printed commands with the real AWS CLI. moto ignores the managed policies of a
// template, and has none to attach unless it is told to load all of AWS's, which slows it.
func TestMotoInvitations(t *testing.T) {
	t.Parallel()
	for way, role := range map[string]string{invite.WayCloudFormation: "northwind-stack", invite.WayCLI: "northwind-cli"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.customer("acme", "readonly")
			w.customer("wrong", "readonly")
			account := w.useMoto(startMoto(t, "MOTO_IAM_LOAD_MANAGED_POLICIES="+map[string]string{invite.WayCLI: "true"}[way]))
			i := w.invitation(account, role)
			for name, id := range map[string]string{"acme": i.id, "wrong": "another=External.ID"} {
				w.write(".config/credd/customers/"+name+".toml", "version = 1\naccount_id = \""+account+"\"\nexternal_id = \""+id+"\"\n\n[role.readonly]\narn = \""+i.terms.RoleARN()+"\"\n")
			}
			w.serve()

			i.run(way, i.terms.Deploy())
			i.wantPolicies("access", "self-check", "setup")
			w.helper("acme/readonly").want(t, 0, "ASIA")
			var who struct{ Arn string }
			w.awsCLI(&who, nil, "sts", "get-caller-identity", "--profile", "acme/readonly")
			if want := "arn:aws:sts::" + account + ":assumed-role/" + role + "/northwind-acme"; who.Arn != want {
				t.Errorf("got %s, want %s", who.Arn, want)
			}
			if r := w.helper("wrong/readonly"); r.code == 0 || r.out != "" {
				t.Error("another external ID opens the role")
			}

			i.run(way, i.terms.FinishSetup())
			left := []string{"access", "self-check"}
			if way == invite.WayCloudFormation {
				i.stackIsFinished()
				left = append(left, "setup") // moto looks at no condition when it updates; a new stack is without, see below
			}
			i.wantPolicies(left...)
			i.run(invite.WayCLI, i.terms.RevokeSessions())
			i.wantPolicies(append([]string{"AWSRevokeOlderSessions"}, left...)...)
			i.run(way, i.terms.End())
			i.gone()
			if way == invite.WayCloudFormation {
				parameters := filepath.Join(i.dir, "parameters.json")
				b, err := os.ReadFile(parameters)
				check(t, err)
				check(t, os.WriteFile(parameters, []byte(strings.Replace(string(b), `"On"`, `"Off"`, 1)), 0o600))
				i.run(way, i.terms.Deploy())
				i.wantPolicies("access", "self-check")
			}
		})
	}
}

// stackIsFinished looks at what the stack has after finish-setup.
func (i *invitation) stackIsFinished() {
	i.w.t.Helper()
	var out struct {
		Stacks []struct {
			StackStatus string
			Parameters  []struct{ ParameterKey, ParameterValue string }
			Outputs     []struct{ OutputKey, OutputValue string }
		}
	}
	i.w.awsCLI(&out, nil, "cloudformation", "describe-stacks", "--stack-name", i.terms.Stack, "--region", i.terms.Region, "--profile", "work")
	s := out.Stacks[0]
	values := map[string]string{}
	for _, p := range s.Parameters {
		values[p.ParameterKey] = p.ParameterValue
	}
	if s.StackStatus != "UPDATE_COMPLETE" || values["SetupPermissions"] != "Off" {
		i.w.t.Errorf("got the stack %s with %q, want it updated and setup off", s.StackStatus, values)
	}
	if len(s.Outputs) != 1 || s.Outputs[0].OutputValue != i.terms.RoleARN() {
		i.w.t.Errorf("got the outputs %v, want the role's ARN alone", s.Outputs)
	}
}
