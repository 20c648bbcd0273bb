package invite

import (
	"strings"
)

// The ways to deploy, as Command names them.
const (
	WayCloudFormation = "CloudFormation"
	WayTerraform      = "Terraform"
	WayCLI            = "AWS CLI"
)

// revokePolicy is the name that IAM's console gives to the policy that it revokes sessions with.
const revokePolicy = "AWSRevokeOlderSessions"

// Deploy are the commands by which the customer creates the role, run in the invitation's folder.
func (t *Terms) Deploy() []Command {
	return []Command{
		{WayCloudFormation, t.stack("create-stack", "stack-create-complete", "--template-body file://"+TemplateFile,
			"--parameters file://"+parametersFile, "--capabilities CAPABILITY_NAMED_IAM")},
		{WayTerraform, "terraform -chdir=terraform init\nterraform -chdir=terraform apply"},
		{WayCLI, "sh " + createFile},
	}
}

// FinishSetup are the commands by which the customer ends the setup permissions. They hold no external ID. There are none with one
// phase.
func (t *Terms) FinishSetup() []Command {
	if t.Setup == nil {
		return nil
	}
	return []Command{
		{WayCloudFormation, t.stack("update-stack", "stack-update-complete", "--use-previous-template",
			"--parameters ParameterKey="+idParameter+",UsePreviousValue=true ParameterKey="+setupParameter+",ParameterValue=Off",
			"--capabilities CAPABILITY_NAMED_IAM")},
		// In a file, so that a later apply does not bring them back.
		{WayTerraform, "echo 'setup = false' > terraform/setup.auto.tfvars\nterraform -chdir=terraform apply"},
		{WayCLI, "sh " + finishFile},
	}
}

// End are the commands by which the customer ends all access: no new sessions. A role in which sessions were revoked has a policy
// that no stack knows of, and that would keep it from being deleted, so that goes first.
func (t *Terms) End() []Command {
	return []Command{
		{WayCloudFormation, "aws iam delete-role-policy --role-name " + shellWord(t.RoleName) + " --policy-name " + revokePolicy + " 2>/dev/null || true\n" +
			t.stack("delete-stack", "stack-delete-complete")},
		{WayTerraform, "terraform -chdir=terraform destroy"},
		{WayCLI, "sh " + deleteFile},
	}
}

// RevokeSessions are the commands by which the customer also ends the sessions that are still alive: what a session of before this
// moment asks for is denied. The role must still exist.
func (t *Terms) RevokeSessions() []Command {
	const now = `$(date -u +%Y-%m-%dT%H:%M:%SZ)`
	document := `'{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*",` +
		`"Condition":{"DateLessThan":{"aws:TokenIssueTime":"'"` + now + `"'"}}}]}'`
	return []Command{{WayCLI, "aws iam put-role-policy --role-name " + shellWord(t.RoleName) + " --policy-name " + revokePolicy +
		" --policy-document " + document}}
}

// stack is a command on the stack, and the one that waits for its end.
func (t *Terms) stack(verb, until string, options ...string) string {
	name := " --stack-name " + shellWord(t.Stack)
	region := " --region " + shellWord(t.Region)
	command := "aws cloudformation " + verb + name
	if len(options) > 0 {
		command += " " + strings.Join(options, " ")
	}
	return command + region + "\naws cloudformation wait " + until + name + region
}
