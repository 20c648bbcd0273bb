package fakeaws

import (
	"html"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
)

const (
	deployStack = `
aws cloudformation create-stack --stack-name northwind --template-body file://role.yaml --capabilities CAPABILITY_NAMED_IAM \
	--parameters ParameterKey=ExternalId,ParameterValue=` + externalID + ` >/dev/null
aws cloudformation wait stack-create-complete --stack-name northwind
`
	readRoleScript = `
aws iam list-role-policies --role-name Admin --query PolicyNames --output text
aws iam list-attached-role-policies --role-name Admin --query AttachedPolicies[].PolicyName --output text
`
)

func roleTemplate(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("testdata/role.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{"role.yaml": string(text)}
}

// A stack's whole life, as a customer sees it.
func TestStack(t *testing.T) {
	t.Parallel()
	s, ours, theirs := customerSide(t)
	files := roleTemplate(t)
	run := func(script, want string) {
		t.Helper()
		if out, ok := shell(t, s, theirs, files, script); !ok || out != strings.TrimSpace(want) {
			t.Fatalf("the CLI says\n%s\nwant\n%s", out, want)
		}
	}
	run(`aws cloudformation validate-template --template-body file://role.yaml --query '[Capabilities, Parameters[].ParameterKey]' --output text`,
		"CAPABILITY_NAMED_IAM\nBoundary\tExternalId\tSetup")
	run(deployStack+`
aws cloudformation describe-stacks --stack-name northwind --query 'Stacks[0].[StackStatus, Outputs[0].OutputValue, Parameters[1].ParameterValue]' --output text
`+readRoleScript+`
aws iam get-role --role-name Admin --query 'Role.[MaxSessionDuration, Tags[0].Value]' --output text`,
		"CREATE_COMPLETE\t"+adminARN+"\t****\naccess\tself\tsetup\nSecurityAudit\tAmazonS3FullAccess\n7200\tnorthwind")
	if !mayAssume(t, s, ours) {
		t.Error("the role cannot be assumed")
	}

	run(`
aws cloudformation update-stack --stack-name northwind --use-previous-template --capabilities CAPABILITY_NAMED_IAM \
	--parameters ParameterKey=ExternalId,UsePreviousValue=true ParameterKey=Setup,ParameterValue=Off >/dev/null
aws cloudformation wait stack-update-complete --stack-name northwind
`+readRoleScript, "access\tself\nSecurityAudit")
	if !mayAssume(t, s, ours) {
		t.Error("the role cannot be assumed after the update: the external ID is not what it was")
	}

	run(`
aws cloudformation delete-stack --stack-name northwind
aws cloudformation wait stack-delete-complete --stack-name northwind
aws iam get-role --role-name Admin 2>&1 | grep -o NoSuchEntity`, "NoSuchEntity")
	if mayAssume(t, s, ours) {
		t.Error("the role can be assumed without its stack")
	}
	run(deployStack, "") // the name is free again
}

// ask sends a request of the query protocol: an action and its parameters. It returns the answer.
func ask(t *testing.T, s *Server, key Key, service, version, action string, pairs ...string) (string, bool) {
	t.Helper()
	form := url.Values{"Action": {action}, "Version": {version}}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	status, body := post(t, s, form, signature{key: key, service: service})
	return html.UnescapeString(body), status == http.StatusOK
}

func TestStacksAreRefused(t *testing.T) {
	s, _, theirs := customerSide(t)
	text := roleTemplate(t)["role.yaml"]
	const (
		able, named = "Capabilities.member.1", "CAPABILITY_NAMED_IAM"
		firstKey    = "Parameters.member.1.ParameterKey"
		firstValue  = "Parameters.member.1.ParameterValue"
		firstSame   = "Parameters.member.1.UsePreviousValue"
		secondKey   = "Parameters.member.2.ParameterKey"
		secondValue = "Parameters.member.2.ParameterValue"
		previous    = "UsePreviousTemplate"
	)
	create := func(stack, id string, more ...string) []string {
		return append([]string{"CreateStack", "StackName", stack, "TemplateBody", text, able, named, firstKey, "ExternalId", firstValue, id}, more...)
	}
	update := func(more ...string) []string {
		return append([]string{"UpdateStack", "StackName", "northwind", previous, "true", firstKey, "ExternalId", firstSame, "true"}, more...)
	}
	do := func(request []string) (string, bool) {
		t.Helper()
		return ask(t, s, theirs, "cloudformation", cfnVersion, request[0], request[1:]...)
	}
	if out, ok := do(create("northwind", externalID)); !ok {
		t.Fatal(out)
	}
	for name, tt := range map[string]struct {
		request []string
		want    string
	}{
		"no capability":     {create("new", "x1", able, "CAPABILITY_IAM"), "Requires capabilities : [CAPABILITY_NAMED_IAM]"},
		"no external ID":    {[]string{"CreateStack", "StackName", "new", "TemplateBody", text, able, named}, "Parameters: [ExternalId] must have values"},
		"short external ID": {create("new", "x"), "Parameter ExternalId failed to satisfy constraint: 2 to 64 letters"},
		"odd external ID":   {create("new", "a b"), "failed to satisfy constraint"},
		"no such value":     {create("new", "x1", secondKey, "Setup", secondValue, "on"), "Parameter 'Setup' must be one of AllowedValues"},
		"unknown parameter": {create("new", "x1", secondKey, "Other", secondValue, "x"), "Parameters: [Other] do not exist in the template"},
		"no template":       {[]string{"CreateStack", "StackName", "new"}, "Either Template URL or Template Body"},
		"twice":             {create("northwind", externalID), "<Code>AlreadyExistsException</Code><Message>Stack [northwind] already exists"},
		"odd name":          {create("new_stack", "x1"), "at 'stackName'"},
		"too large":         {create("new", "x1", "TemplateBody", strings.Repeat("#", maxTemplate+1)), "less than or equal to 51200"},
		"no change":         {update(able, named), "<Code>ValidationError</Code><Message>No updates are to be performed."},
		"update without ID": {update(able, named, firstKey, "Setup"), "Parameters: [ExternalId] must have values"},
		"both":              {update(able, named, firstValue, "x1"), "Cannot specify usePreviousValue as true and non empty value"},
		"new and previous":  {update(able, named, "TemplateBody", text), "both usePreviousTemplate and Template Body"},
		"update may not":    {update(secondKey, "Setup", secondValue, "Off"), "<Code>InsufficientCapabilitiesException"},
		"update no such":    {[]string{"UpdateStack", "StackName", "other", previous, "true"}, "Stack with id other does not exist"},
		"describe no such":  {[]string{"DescribeStacks", "StackName", "other"}, "<Code>ValidationError</Code><Message>Stack with id other does not exist"},
		"unknown option":    {create("new", "x1", "RoleARN", adminARN), "The parameter RoleARN is not supported here"},
	} {
		if out, ok := do(tt.request); ok || !strings.Contains(out, tt.want) {
			t.Errorf("%s: the answer is %s\nwant %s", name, out, tt.want)
		}
	}
}

// A stack that fails half-way leaves nothing behind, and says why.
func TestStacksRollBack(t *testing.T) {
	t.Parallel()
	s, ours, theirs := customerSide(t)
	files := roleTemplate(t)
	files["bad.yaml"] = strings.Replace(files["role.yaml"], "policy/SecurityAudit", "policy/NoSuch", 1)
	out, ok := shell(t, s, theirs, files, `
aws cloudformation create-stack --stack-name northwind --template-body file://bad.yaml --capabilities CAPABILITY_NAMED_IAM \
	--parameters ParameterKey=ExternalId,ParameterValue=`+externalID+` >/dev/null
aws cloudformation wait stack-create-complete --stack-name northwind 2>/dev/null || echo failed
aws cloudformation describe-stacks --stack-name northwind --query 'Stacks[0].StackStatus' --output text
aws cloudformation describe-stack-events --stack-name northwind --query 'StackEvents[?ResourceStatus==`+"`CREATE_FAILED`"+`].[LogicalResourceId, ResourceStatusReason]' --output text
aws iam get-role --role-name Admin 2>&1 | grep -o NoSuchEntity
aws cloudformation delete-stack --stack-name northwind
`)
	for _, part := range []string{"failed\nROLLBACK_COMPLETE\nRole\t", "Policy arn:aws:iam::aws:policy/NoSuch does not exist or is not attachable. (Service: Iam, Status Code: 404", "\nNoSuchEntity"} {
		if !ok || !strings.Contains(out, part) {
			t.Fatalf("the CLI says\n%s\nwant %s", out, part)
		}
	}
	out, ok = shell(t, s, theirs, files, deployStack+`
sed 's/sts:AssumeRole$/sts:TagSession/; s/policy.SecurityAudit/policy\/NoSuch/' role.yaml >bad.yaml
aws cloudformation update-stack --stack-name northwind --template-body file://bad.yaml --capabilities CAPABILITY_NAMED_IAM \
	--parameters ParameterKey=ExternalId,UsePreviousValue=true >/dev/null
aws cloudformation describe-stacks --stack-name northwind --query 'Stacks[0].StackStatus' --output text`+readRoleScript)
	if want := "UPDATE_ROLLBACK_COMPLETE\naccess\tself\tsetup\nSecurityAudit\tAmazonS3FullAccess"; !ok || out != want {
		t.Errorf("the CLI says\n%s\nwant\n%s", out, want)
	}
	if !mayAssume(t, s, ours) {
		t.Error("the trust policy was not put back")
	}
}

// What somebody else put into the role keeps the stack from being deleted, as with CloudFormation.
func TestAStackDeletesOnlyItsOwn(t *testing.T) {
	t.Parallel()
	s, _, theirs := customerSide(t)
	files := roleTemplate(t)
	files["policy.json"] = readFiles
	out, ok := shell(t, s, theirs, files, deployStack+`
aws iam put-role-policy --role-name Admin --policy-name AWSRevokeOlderSessions --policy-document file://policy.json
aws cloudformation delete-stack --stack-name northwind
aws cloudformation describe-stacks --stack-name northwind --query 'Stacks[0].StackStatus' --output text
aws iam list-role-policies --role-name Admin --query PolicyNames --output text
aws iam delete-role-policy --role-name Admin --policy-name AWSRevokeOlderSessions
aws cloudformation delete-stack --stack-name northwind
aws cloudformation describe-stacks --query 'Stacks' --output text
`)
	if want := "DELETE_FAILED\nAWSRevokeOlderSessions"; !ok || out != want {
		t.Errorf("the CLI says\n%s\nwant\n%s", out, want)
	}
}

func TestStacksNeedTheCallersRights(t *testing.T) {
	t.Parallel()
	s, _, theirs := customerSide(t)
	files := roleTemplate(t)
	if err := s.SetPolicies(customerAdmin, policyStart+`{"Effect":"Allow","Action":["cloudformation:*","iam:DeleteRole"],"Resource":"*"}}`); err != nil {
		t.Fatal(err)
	}
	out, ok := shell(t, s, theirs, files, strings.Replace(deployStack, "wait", "describe-stack-events --query StackEvents[].ResourceStatusReason --stack-name northwind; : ", 1))
	if !ok || !strings.Contains(out, "User: "+customerAdmin+" is not authorized to perform: iam:CreateRole on resource: "+adminARN+" because no identity-based policy") {
		t.Errorf("the CLI says %s", out)
	}
	if err := s.SetPolicies(customerAdmin, onlyS3); err != nil {
		t.Fatal(err)
	}
	out, ok = shell(t, s, theirs, files, deployStack)
	if ok || !strings.Contains(out, "(AccessDenied)") || !strings.Contains(out, "cloudformation:CreateStack on resource: arn:aws:cloudformation:eu-west-1:012345678901:stack/northwind/") {
		t.Errorf("the CLI says %s", out)
	}
}
