package invite

import (
	"fmt"
	"strings"

	"credd/internal/agent/cred"
)

// scripts are the files of the AWS CLI's way: plain commands, and the documents that they name.
func (t *Terms) scripts(id cred.Secret) []File {
	r := t.role()
	files := []File{
		{createFile, []byte(t.createScript(r)), public},
		{deleteFile, []byte(t.deleteScript(r)), public},
		{"cli/trust.json", []byte(t.Trust(id)), secret},
	}
	if r.phases {
		files = append(files, File{finishFile, []byte(t.finishScript(r)), public})
	}
	for _, p := range r.inline {
		document := toJSON(resolve(p.document, id.Reveal(), t.RoleARN())) + "\n"
		files = append(files, File{"cli/" + p.name + ".json", []byte(document), public})
	}
	if len(r.tags) > 0 {
		var tags list
		for _, tag := range r.tags {
			tags = append(tags, object{{"Key", tag.key}, {"Value", tag.value}})
		}
		files = append(files, File{"cli/tags.json", []byte(toJSON(tags) + "\n"), public})
	}
	return files
}

// script begins each of them. It works from any directory, and in the right account only.
func (t *Terms) script(does string) string {
	return fmt.Sprintf(`#!/bin/sh
# %s
set -eu
CDPATH= cd -- "$(dirname -- "$0")"

account=$(aws sts get-caller-identity --query Account --output text)
if [ "$account" != %s ]; then
  echo "these credentials are of account $account, the role belongs into %[2]s" >&2
  exit 1
fi
`, does, t.AccountID)
}

func (t *Terms) createScript(r *role) string {
	var b strings.Builder
	b.WriteString(t.script("Creates the role, the same one as template.yaml. If it stops half-way, run delete.sh and start anew."))
	b.WriteString("\n# Who may assume it is in trust.json, with the external ID.\n")
	command := []string{"aws iam create-role", "--role-name " + shellWord(r.name), "--path " + shellWord(r.path),
		"--description " + shellWord(r.description), fmt.Sprintf("--max-session-duration %d", r.maxSession)}
	if r.boundary != "" {
		command = append(command, "--permissions-boundary "+shellWord(r.boundary))
	}
	command = append(command, "--assume-role-policy-document file://trust.json")
	if len(r.tags) > 0 {
		command = append(command, "--tags file://tags.json")
	}
	command = append(command, "--query Role.Arn --output text") // the whole answer would show the external ID
	b.WriteString(strings.Join(command, " \\\n  ") + "\n")
	fmt.Fprintf(&b, "aws iam wait role-exists --role-name %s\n", shellWord(r.name))
	for _, p := range r.inline {
		fmt.Fprintf(&b, "\n# %s\naws iam put-role-policy --role-name %s --policy-name %s --policy-document file://%[3]s.json\n",
			notes[p.name], shellWord(r.name), p.name)
	}
	b.WriteString(attachments("attach", "Policies that AWS writes and keeps up to date.", r.name, r.managed))
	b.WriteString(attachments("attach", "Policies that AWS writes and keeps up to date, until the setup is done.", r.name, r.setup))
	return b.String()
}

// finishScript takes away what the setup phase alone has.
func (t *Terms) finishScript(r *role) string {
	var b strings.Builder
	b.WriteString(t.script("Ends the setup permissions. All others stay."))
	for _, p := range r.inline {
		if p.setup {
			fmt.Fprintf(&b, "\naws iam delete-role-policy --role-name %s --policy-name %s\n", shellWord(r.name), p.name)
		}
	}
	b.WriteString(attachments("detach", "", r.name, r.setup))
	return b.String()
}

func attachments(verb, note, name string, arns []string) string {
	var b strings.Builder
	for i, arn := range arns {
		if i == 0 {
			b.WriteByte('\n')
			if note != "" {
				b.WriteString("# " + note + "\n")
			}
		}
		fmt.Fprintf(&b, "aws iam %s-role-policy --role-name %s --policy-arn %s\n", verb, shellWord(name), shellWord(arn))
	}
	return b.String()
}

// deleteScript takes all that is in the role out of it, also what was put there since, as AWS deletes no other. The role is known by
// whom it lets in: one of the same name that somebody else made may be why create.sh stopped, and is not ours to delete.
func (t *Terms) deleteScript(r *role) string {
	return t.script("Deletes the role: no new sessions. Those that exist live to their end, see invitation.html.") + fmt.Sprintf(`
role=%s
trusted=$(aws iam get-role --role-name "$role" --query 'Role.AssumeRolePolicyDocument.Statement[].Principal.AWS' --output text)
case $trusted in
*%s*) ;;
*)
  echo "role $role does not let in account %[2]s, so it is left as it is; if it should go, delete it in the console" >&2
  exit 1
  ;;
esac
for policy in $(aws iam list-role-policies --role-name "$role" --query 'PolicyNames[]' --output text); do
  aws iam delete-role-policy --role-name "$role" --policy-name "$policy"
done
for arn in $(aws iam list-attached-role-policies --role-name "$role" --query 'AttachedPolicies[].PolicyArn' --output text); do
  aws iam detach-role-policy --role-name "$role" --policy-arn "$arn"
done
aws iam delete-role --role-name "$role"
`, shellWord(r.name), t.ServiceAccount)
}
