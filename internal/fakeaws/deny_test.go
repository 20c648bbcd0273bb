package fakeaws

import (
	"net/http"
	"net/url"
	"regexp"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

var requestID = regexp.MustCompile(`<RequestId>[0-9a-f-]{36}</RequestId>`)

// A caller must not learn what a role asks for: whatever the cause, the answer is the same but for the request ID.
func TestDenialsAreIdentical(t *testing.T) {
	const want = `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>` +
		`User: arn:aws:iam::210987654321:user/dev is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::012345678901:role/northwind/Admin` +
		`</Message></Error></ErrorResponse>`
	mfa := trust(`,"Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}`)
	for name, tt := range map[string]struct {
		trust string // "" deletes the role
		form  url.Values
	}{
		"no such role":      {"", nil},
		"wrong ID":          {TrustPolicy(userARN, externalID), url.Values{"ExternalId": {"wrong"}}},
		"missing ID":        {TrustPolicy(userARN, externalID), nil},
		"another principal": {TrustPolicy(otherARN, ""), nil},
		"no MFA":            {mfa, nil},
		"another network":   {trust(`,"Condition":{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}`), nil},
		"tags":              {TrustPolicy(userARN, ""), url.Values{"Tags.member.1.Key": {"Project"}, "Tags.member.1.Value": {"x"}}},
		"source identity":   {TrustPolicy(userARN, ""), url.Values{"SourceIdentity": {"dev"}}},
		"too long as well":  {TrustPolicy(otherARN, ""), url.Values{"DurationSeconds": {"43200"}}},
	} {
		t.Run(name, func(t *testing.T) {
			s, key := start(t)
			if tt.trust == "" {
				s.DeleteRole(adminARN)
			} else if err := s.SetTrust(adminARN, tt.trust); err != nil {
				t.Fatal(err)
			}
			form := url.Values{"Action": {"AssumeRole"}, "Version": {apiVersion}, "RoleArn": {adminARN}, "RoleSessionName": {"dev"}}
			for k, v := range tt.form {
				form[k] = v
			}
			status, body := post(t, s, form, signature{key: key})
			if !requestID.MatchString(body) {
				t.Error("the answer has no request ID")
			}
			if got := requestID.ReplaceAllString(body, ""); status != http.StatusForbidden || got != want {
				t.Errorf("answer is %d\n%s\nwant 403\n%s", status, got, want)
			}
		})
	}
}

func TestGrantedConditions(t *testing.T) {
	both := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"]}}`
	for name, tt := range map[string]struct {
		trust  string
		change func(*sts.AssumeRoleInput)
	}{
		"external ID": {TrustPolicy(userARN, externalID), func(*sts.AssumeRoleInput) {}},
		"unasked ID":  {TrustPolicy(userARN, ""), func(*sts.AssumeRoleInput) {}},
		"this network": {trust(`,"Condition":{"IpAddress":{"aws:SourceIp":"127.0.0.0/8"}}`),
			func(*sts.AssumeRoleInput) {}},
		"tags and identity": {both, func(in *sts.AssumeRoleInput) {
			in.Tags, in.SourceIdentity = tags("Project", "x"), aws.String("dev@example.com")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			s, key := start(t)
			if err := s.SetTrust(adminARN, tt.trust); err != nil {
				t.Fatal(err)
			}
			assume(t, s, client(s, key, ""), admin(tt.change))
		})
	}
}

// Only what is wrong on the caller's own side is told.
func TestForbiddenCaller(t *testing.T) {
	s, key := start(t)
	s.ForbidAssume(userARN)
	_, err := client(s, key, "").AssumeRole(t.Context(), admin())
	wantError(t, err, "AccessDenied", "User: "+userARN+" is not authorized to perform: sts:AssumeRole on resource: "+adminARN+
		" because no identity-based policy allows the sts:AssumeRole action")
	assume(t, s, client(s, addUser(t, s, "arn:aws:iam::210987654321:user/dev2"), ""), trusting(t, s, secondARN, "*"))
}

// trusting adds a role that principal may assume and returns the request for it.
func trusting(t *testing.T, s *Server, roleARN, principal string) *sts.AssumeRoleInput {
	t.Helper()
	addRole(t, s, Role{ARN: roleARN, Trust: TrustPolicy(principal, "")})
	return &sts.AssumeRoleInput{RoleArn: aws.String(roleARN), RoleSessionName: aws.String("dev")}
}
