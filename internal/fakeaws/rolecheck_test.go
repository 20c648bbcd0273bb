package fakeaws

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

const (
	policyStart = `{"Version":"2012-10-17","Statement":`

	selfCheck = policyStart + `{"Effect":"Allow","Action":["iam:GetRole","iam:Simulate*"],"Resource":"` + adminARN + `"}}`
	readFiles = policyStart + `[{"Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::data/*"},{"Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::data/secret/*"}]}`
	onlyS3    = policyStart + `{"Effect":"Allow","Action":["s3:*","iam:Get*"],"Resource":"*"}}`
	revoked   = policyStart + `{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"DateLessThan":{"aws:TokenIssueTime":"2100-01-01T00:00:00Z"}}}}`
)

// asAdmin assumes the role of start anew, with these policies, and returns IAM's client of its session.
func asAdmin(t *testing.T, s *Server, key Key, r Role, change ...func(*sts.AssumeRoleInput)) *iam.Client {
	t.Helper()
	r.ARN, r.Trust = adminARN, TrustPolicy(userARN, externalID)
	addRole(t, s, r)
	out, _ := assume(t, s, client(s, key, ""), admin(change...))
	return iamClient(s, Key{*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey}, *out.Credentials.SessionToken)
}

func withPolicy(text string) func(*sts.AssumeRoleInput) {
	return func(in *sts.AssumeRoleInput) { in.Policy = aws.String(text) }
}

func TestGetRole(t *testing.T) {
	const boundary = "arn:aws:iam::012345678901:policy/Boundary"
	const denied = "User: arn:aws:sts::012345678901:assumed-role/Admin/dev@host is not authorized to perform: iam:GetRole on resource: role Admin"
	for name, tt := range map[string]struct {
		role    Role
		session string // its policy
		want    string // of the message; "" where it is allowed
	}{
		"no policy":        {Role{}, "", denied + " because no identity-based policy allows the iam:GetRole action"},
		"other policy":     {Role{Policies: map[string]string{"a": readFiles}}, "", "because no identity-based policy"},
		"self check":       {Role{Policies: map[string]string{"a": readFiles, "b": selfCheck}}, "", ""},
		"managed":          {Role{Managed: []string{"arn:aws:iam::aws:policy/ReadOnlyAccess"}}, "", ""},
		"boundary":         {Role{Policies: map[string]string{"a": selfCheck}, Boundary: boundary}, "", ""},
		"narrow boundary":  {Role{Policies: map[string]string{"a": selfCheck}, Boundary: "arn:aws:iam::aws:policy/AmazonS3FullAccess"}, "", denied + " because no permissions boundary allows the iam:GetRole action"},
		"boundary alone":   {Role{Boundary: boundary}, "", "because no identity-based policy"},
		"session policy":   {Role{Policies: map[string]string{"a": selfCheck}}, readFiles, denied + " because no session policy allows the iam:GetRole action"},
		"deny-all session": {Role{Policies: map[string]string{"a": Administrator}}, denyAll, denied + " with an explicit deny in a session policy"},
		"wide session":     {Role{Policies: map[string]string{"a": readFiles}}, Administrator, "because no identity-based policy"},
		"revoked":          {Role{Policies: map[string]string{"a": selfCheck, "b": revoked}}, "", denied + " with an explicit deny in an identity-based policy"},
	} {
		t.Run(name, func(t *testing.T) {
			s, key := start(t)
			if err := s.AddPolicy(boundary, onlyS3); err != nil {
				t.Fatal(err)
			}
			var change []func(*sts.AssumeRoleInput)
			if tt.session != "" {
				change = append(change, withPolicy(tt.session))
			}
			c := asAdmin(t, s, key, tt.role, change...)
			_, err := c.GetRole(t.Context(), &iam.GetRoleInput{RoleName: aws.String("Admin")})
			if tt.want != "" {
				wantError(t, err, "AccessDenied", tt.want)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

func TestGetRoleTells(t *testing.T) {
	s, key := start(t)
	c := asAdmin(t, s, key, Role{
		MaxSession: 4 * time.Hour, Policies: map[string]string{"a": selfCheck}, Boundary: "arn:aws:iam::aws:policy/ReadOnlyAccess", Tags: map[string]string{"b": "2", "a": "1"},
	})
	out, err := c.GetRole(t.Context(), &iam.GetRoleInput{RoleName: aws.String("Admin")})
	if err != nil {
		t.Fatal(err)
	}
	r := out.Role
	trust, err := url.PathUnescape(*r.AssumeRolePolicyDocument)
	if err != nil || trust != TrustPolicy(userARN, externalID) || strings.ContainsAny(*r.AssumeRolePolicyDocument, `{" +`) {
		t.Errorf("trust is %q (%v)", *r.AssumeRolePolicyDocument, err)
	}
	if *r.Arn != adminARN || *r.Path != "/northwind/" || *r.MaxSessionDuration != 14400 || len(r.Tags) != 2 || *r.Tags[0].Key != "a" ||
		*r.PermissionsBoundary.PermissionsBoundaryArn != "arn:aws:iam::aws:policy/ReadOnlyAccess" || !strings.HasPrefix(*r.RoleId, "AROA") {
		t.Errorf("role is %+v", r)
	}

	_, err = c.GetRole(t.Context(), &iam.GetRoleInput{RoleName: aws.String("Other")})
	wantError(t, err, "AccessDenied", "on resource: role Other because no identity-based policy")
	s.DeleteRole(adminARN)
	_, err = c.GetRole(t.Context(), &iam.GetRoleInput{RoleName: aws.String("Admin")})
	wantError(t, err, "AccessDenied", "because no identity-based policy")
}

func TestSimulate(t *testing.T) {
	s, key := start(t)
	c := asAdmin(t, s, key, Role{Policies: map[string]string{"a": readFiles, "b": selfCheck}})
	in := &iam.SimulatePrincipalPolicyInput{
		PolicySourceArn: aws.String(adminARN), MaxItems: aws.Int32(4),
		ActionNames:  []string{"s3:GetObject", "s3:PutObject"},
		ResourceArns: []string{"arn:aws:s3:::data/a", "arn:aws:s3:::data/secret/a", "arn:aws:s3:::other/a"},
	}
	var got []string
	pages := iam.NewSimulatePrincipalPolicyPaginator(c, in)
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.EvaluationResults {
			got = append(got, strings.TrimPrefix(*e.EvalActionName, "s3:")+" "+strings.TrimPrefix(*e.EvalResourceName, "arn:aws:s3:::")+" "+string(e.EvalDecision))
		}
	}
	want := "GetObject data/a allowed, GetObject data/secret/a explicitDeny, GetObject other/a implicitDeny, PutObject data/a implicitDeny, PutObject data/secret/a explicitDeny, PutObject other/a implicitDeny"
	if s := strings.Join(got, ", "); s != want {
		t.Errorf("got %s\nwant %s", s, want)
	}
	if n := s.Calls("SimulatePrincipalPolicy"); n != 2 {
		t.Errorf("got %d pages, want 2", n)
	}

	in.ActionNames = []string{"s3:*"}
	_, err := c.SimulatePrincipalPolicy(t.Context(), in)
	wantError(t, err, "InvalidInput", "s3:*")
	in.PolicySourceArn = aws.String(secondARN)
	_, err = c.SimulatePrincipalPolicy(t.Context(), in)
	wantError(t, err, "AccessDenied", "iam:SimulatePrincipalPolicy on resource: "+secondARN+" because no identity-based policy allows the iam:SimulatePrincipalPolicy action")
}

// What the caller's own side refuses has a reason; the customer's side never gives one.
func TestOurOwnSideRefuses(t *testing.T) {
	const denied = "User: " + userARN + " is not authorized to perform: sts:AssumeRole on resource: " + adminARN
	other := policyStart + `{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"arn:aws:iam::*:role/other/*"}}`
	deny := policyStart + `{"Effect":"Deny","Action":"sts:*","Resource":"*"}}`
	for name, tt := range map[string]struct {
		policies   []string
		externalID string
		want       string
	}{
		"allowed":            {[]string{Administrator}, externalID, ""},
		"allowed, wrong ID":  {[]string{Administrator}, "wrong", denied},
		"another resource":   {[]string{other}, externalID, denied + " because no identity-based policy allows the sts:AssumeRole action"},
		"denied":             {[]string{Administrator, deny}, externalID, denied + " with an explicit deny in an identity-based policy"},
		"denied, a wrong ID": {[]string{Administrator, deny}, "wrong", denied + " with an explicit deny in an identity-based policy"},
	} {
		t.Run(name, func(t *testing.T) {
			s, key := start(t)
			if err := s.SetPolicies(userARN, tt.policies...); err != nil {
				t.Fatal(err)
			}
			_, err := client(s, key, "").AssumeRole(t.Context(), admin(func(in *sts.AssumeRoleInput) { in.ExternalId = aws.String(tt.externalID) }))
			var e smithy.APIError
			switch {
			case tt.want == "" && err != nil:
				t.Error(err)
			case tt.want != "" && (!errors.As(err, &e) || e.ErrorMessage() != tt.want):
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

func TestADenyAllSessionCannotAssume(t *testing.T) {
	s, key := start(t)
	addRole(t, s, Role{ARN: secondARN, Trust: TrustPolicy("*", "")})
	next := &sts.AssumeRoleInput{RoleArn: aws.String(secondARN), RoleSessionName: aws.String("dev")}
	_, c := assume(t, s, client(s, key, ""), admin())
	assume(t, s, c, next)
	_, c = assume(t, s, client(s, key, ""), admin(withPolicy(denyAll)))
	_, err := c.AssumeRole(t.Context(), next)
	wantError(t, err, "AccessDenied", "with an explicit deny in a session policy")
	if _, err := c.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{}); err != nil {
		t.Errorf("GetCallerIdentity needs no permission: %v", err)
	}
}
