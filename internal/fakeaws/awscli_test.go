package fakeaws

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sts"
)

const customerAdmin = "arn:aws:iam::012345678901:user/admin"

// shell runs a script with the real AWS CLI as the administrator of the customer's account, in a directory with these files. It
// returns what the script prints, and whether it succeeded.
func shell(t *testing.T, s *Server, key Key, files map[string]string, script string) (string, bool) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(dir+"/"+name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-ec", script)
	cmd.Dir = dir
	cmd.Env = []string{"HOME=" + dir, "PATH=" + os.Getenv("PATH"), "AWS_EC2_METADATA_DISABLED=true", "AWS_ENDPOINT_URL=" + s.URL(),
		"AWS_DEFAULT_REGION=eu-west-1", "AWS_ACCESS_KEY_ID=" + key.ID, "AWS_SECRET_ACCESS_KEY=" + key.Secret, "AWS_MAX_ATTEMPTS=1"}
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err == nil
}

// customerSide returns a server with our user, and an administrator of the customer's account.
func customerSide(t *testing.T) (s *Server, ours, theirs Key) {
	t.Helper()
	s, ours = start(t)
	s.DeleteRole(adminARN)
	theirs = addUser(t, s, customerAdmin)
	if err := s.SetPolicies(customerAdmin, Administrator); err != nil {
		t.Fatal(err)
	}
	return s, ours, theirs
}

// mayAssume reports whether our user may assume the role.
func mayAssume(t *testing.T, s *Server, ours Key) bool {
	t.Helper()
	_, err := client(s, ours, "").AssumeRole(t.Context(), admin(func(*sts.AssumeRoleInput) {}))
	if err != nil {
		wantError(t, err, "AccessDenied", "is not authorized to perform: sts:AssumeRole")
	}
	return err == nil
}

const roleByCLI = `
aws iam create-role --path /northwind/ --role-name Admin --max-session-duration 7200 --description "for us" \
	--assume-role-policy-document file://trust.json --tags Key=a,Value=b --query Role.Arn --output text
aws iam attach-role-policy --role-name Admin --policy-arn arn:aws:iam::aws:policy/ReadOnlyAccess
aws iam put-role-policy --role-name Admin --policy-name own --policy-document file://policy.json
`

func TestTheAWSCLIMakesARole(t *testing.T) {
	t.Parallel()
	s, ours, theirs := customerSide(t)
	files := map[string]string{"trust.json": TrustPolicy(userARN, externalID), "policy.json": readFiles}
	if out, ok := shell(t, s, theirs, files, roleByCLI); !ok || out != adminARN {
		t.Fatalf("the CLI says\n%s", out)
	}
	if !mayAssume(t, s, ours) {
		t.Error("the role cannot be assumed")
	}
	out, ok := shell(t, s, theirs, nil, `
aws iam get-role --role-name Admin --query '[Role.MaxSessionDuration, Role.AssumeRolePolicyDocument.Statement[0].Effect, Role.Tags[0].Value]' --output text
aws iam get-role-policy --role-name Admin --policy-name own --query 'PolicyDocument.Statement[1].Effect' --output text
aws iam list-role-policies --role-name Admin --query PolicyNames --output text
aws iam list-attached-role-policies --role-name Admin --query AttachedPolicies --output text
aws iam tag-role --role-name Admin --tags Key=a,Value=c Key=d,Value=e
aws iam get-role --role-name Admin --query 'Role.Tags[].Value' --output text
aws iam simulate-principal-policy --policy-source-arn `+adminARN+` --action-names s3:GetObject --resource-arns arn:aws:s3:::data/secret/a \
	--query 'EvaluationResults[0].EvalDecision' --output text
aws iam delete-role --role-name Admin 2>&1 || true
aws iam detach-role-policy --role-name Admin --policy-arn arn:aws:iam::aws:policy/ReadOnlyAccess
aws iam delete-role --role-name Admin 2>&1 || true
aws iam delete-role-policy --role-name Admin --policy-name own
aws iam update-assume-role-policy --role-name Admin --policy-document '`+TrustPolicy(otherARN, "")+`'
`)
	want := `7200	Allow	b
Deny
own
arn:aws:iam::aws:policy/ReadOnlyAccess	ReadOnlyAccess
c	e
explicitDeny

An error occurred (DeleteConflict) when calling the DeleteRole operation: Cannot delete entity, must detach all policies first.

An error occurred (DeleteConflict) when calling the DeleteRole operation: Cannot delete entity, must delete policies first.`
	if out = strings.ReplaceAll(out, "aws: [ERROR]: ", ""); !ok || out != want {
		t.Errorf("the CLI says\n%s\nwant\n%s", out, want)
	}
	if mayAssume(t, s, ours) {
		t.Error("the new trust policy does not hold")
	}
	if out, ok := shell(t, s, theirs, nil, "aws iam delete-role --role-name Admin"); !ok || out != "" {
		t.Errorf("the CLI says\n%s", out)
	}
	if out, ok := shell(t, s, theirs, nil, "aws iam get-role --role-name Admin"); ok || !strings.Contains(out, "(NoSuchEntity) when calling the GetRole operation: The role with name Admin cannot be found.") {
		t.Errorf("the CLI says\n%s", out)
	}
}

func TestIAMRefuses(t *testing.T) {
	s, _, theirs := customerSide(t)
	const trustKey, policyKey = "AssumeRolePolicyDocument", "PolicyDocument"
	trust := TrustPolicy(userARN, externalID)
	create := func(pairs ...string) []string {
		return append([]string{"CreateRole", "RoleName", "New", trustKey, trust}, pairs...)
	}
	onAdmin := func(action string, pairs ...string) []string {
		return append([]string{action, "RoleName", "Admin"}, pairs...)
	}
	if out, ok := ask(t, s, theirs, "iam", iamVersion, "CreateRole", create("RoleName", "Admin")[1:]...); !ok {
		t.Fatal(out)
	}
	huge := policyStart + `{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::` + strings.Repeat("a", 10240) + `"}}`
	for name, tt := range map[string]struct {
		request []string
		want    string
	}{
		"twice":         {create("RoleName", "admin"), "<Code>EntityAlreadyExists"},
		"broken trust":  {create(trustKey, "{"), "<Code>MalformedPolicyDocument"},
		"huge trust":    {create(trustKey, huge), "Cannot exceed quota for ACLSizePerRole: 2048"},
		"session":       {create("MaxSessionDuration", "3599"), "at 'maxSessionDuration'"},
		"boundary":      {create("PermissionsBoundary", "arn:aws:iam::012345678901:policy/None"), "Scope ARN: arn:aws:iam::012345678901:policy/None does not exist or is not attachable."},
		"tag twice":     {create("Tags.member.1.Key", "a", "Tags.member.1.Value", "", "Tags.member.2.Key", "A", "Tags.member.2.Value", ""), "Duplicate tag keys"},
		"odd path":      {create("Path", "northwind"), "at 'path'"},
		"description":   {create("Description", "a\u2014b"), "at 'description'"},
		"broken policy": {onAdmin("PutRolePolicy", "PolicyName", "p", policyKey, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*"}}`), "<Code>MalformedPolicyDocument"},
		"odd letter":    {onAdmin("PutRolePolicy", "PolicyName", "p", policyKey, "\u2014"), "at 'policyDocument'"},
		"huge policy":   {onAdmin("PutRolePolicy", "PolicyName", "p", policyKey, huge), "Maximum policy size of 10240 bytes exceeded for role Admin"},
		"no policy":     {onAdmin("AttachRolePolicy", "PolicyArn", "arn:aws:iam::aws:policy/NoSuch"), "Policy arn:aws:iam::aws:policy/NoSuch does not exist or is not attachable."},
		"not attached":  {onAdmin("DetachRolePolicy", "PolicyArn", "arn:aws:iam::aws:policy/SecurityAudit"), "<Code>NoSuchEntity"},
		"not there":     {onAdmin("DeleteRolePolicy", "PolicyName", "none"), "The role policy with name none cannot be found."},
		"no such role":  {[]string{"DeleteRole", "RoleName", "None"}, "The role with name None cannot be found."},
	} {
		if out, ok := ask(t, s, theirs, "iam", iamVersion, tt.request[0], tt.request[1:]...); ok || !strings.Contains(out, tt.want) {
			t.Errorf("%s: the answer is %s\nwant %s", name, out, tt.want)
		}
	}
}

func TestOnlyWhoMayMakesARole(t *testing.T) {
	t.Parallel()
	s, ours, theirs := customerSide(t)
	if err := s.SetPolicies(customerAdmin, onlyS3); err != nil {
		t.Fatal(err)
	}
	files := map[string]string{"trust.json": TrustPolicy(userARN, externalID)}
	for _, key := range []Key{ours, theirs} {
		out, ok := shell(t, s, key, files, "aws iam create-role --role-name New --assume-role-policy-document file://trust.json")
		if ok || !strings.Contains(out, "(AccessDenied)") || !strings.Contains(out, ":role/New because no identity-based policy allows the iam:CreateRole action") {
			t.Errorf("the CLI says %s", out)
		}
	}
}
