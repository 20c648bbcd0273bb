package iam

import (
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	smithyauth "github.com/aws/smithy-go/auth"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"credd/internal/agent/cred"
	"credd/internal/agent/sts"
	"credd/internal/fakeaws"
)

// The SDK knows the same regions of IAM as we do.
func TestRegions(t *testing.T) {
	for _, name := range []string{"aws", "aws-cn", "aws-us-gov", "aws-eusc", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f"} {
		region := regionOf("arn:" + name + ":iam::012345678901:role/Admin")
		at, err := iam.NewDefaultEndpointResolverV2().ResolveEndpoint(t.Context(), iam.EndpointParameters{Region: &region})
		if err != nil {
			t.Fatal(err)
		}
		auth, _ := smithyauth.GetAuthOptions(&at.Properties)
		if len(auth) == 0 {
			continue // no region is special to IAM there
		}
		if got, ok := smithyhttp.GetSigV4SigningRegion(&auth[0].SignerProperties); ok && got != region {
			t.Errorf("%s: got %s, want %s", name, got, region)
		}
	}
}

func TestARoleLooksAtItself(t *testing.T) {
	const us, arn, id = "arn:aws:iam::210987654321:user/work", "arn:aws:iam::012345678901:role/northwind/Reader", "a+b=c/d@e"
	const may = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:GetRole","iam:SimulatePrincipalPolicy","s3:GetObject"],"Resource":"*"}]}`
	aws, err := fakeaws.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(aws.Close)
	key, err := aws.AddUser(us)
	if err != nil {
		t.Fatal(err)
	}
	trust := fakeaws.TrustPolicy(us, id)
	if err := aws.AddRole(fakeaws.Role{ARN: arn, Trust: trust, MaxSession: 4 * time.Hour, Policies: map[string]string{"may": may}}); err != nil {
		t.Fatal(err)
	}
	http := sts.NewHTTP()
	t.Cleanup(http.Close)
	user := &cred.Session{AccessKeyID: key.ID, SecretAccessKey: cred.NewSecret(key.Secret)}
	s, err := sts.New(http, time.Now).Try(t.Context(), sts.Caller{Session: user, Region: "eu-west-1", Endpoint: aws.URL()}, sts.Request{
		RoleARN: arn, AccountID: "012345678901", SessionName: "test", ExternalID: cred.NewSecret(id), Duration: time.Hour,
	})
	if err != nil {
		t.Fatal(err)
	}
	c, by := New(http, time.Now), Caller{Session: s, ARN: arn, URL: aws.URL()}
	got, err := c.Role(t.Context(), by, "Reader")
	if want := (Role{ARN: arn, Trust: trust, MaxSession: 4 * time.Hour}); err != nil || got != want {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	allowed, err := c.Allowed(t.Context(), by, arn, []string{"s3:GetObject", "s3:PutObject"}, "arn:aws:s3:::logs/*")
	if want := map[string]bool{"s3:GetObject": true, "s3:PutObject": false}; err != nil || !maps.Equal(allowed, want) {
		t.Errorf("got %v, %v; want %v", allowed, err, want)
	}
	by.Session = user
	var denied *sts.Error
	if _, err := c.Role(t.Context(), by, "Reader"); !errors.As(err, &denied) {
		t.Errorf("got %v", err)
	}
	aws.Stop()
	if _, err := c.Role(t.Context(), by, "Reader"); !errors.As(err, &denied) || denied.Reason != sts.Unreachable {
		t.Errorf("got %v", err)
	}
}

// What an answer leaves out is no refusal: setup permissions would be told as gone.
func TestAnAnswerThatLacksSomething(t *testing.T) {
	answer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `<SimulatePrincipalPolicyResponse><SimulatePrincipalPolicyResult><IsTruncated>false</IsTruncated><EvaluationResults>`+
			`<member><EvalActionName>s3:GetObject</EvalActionName><EvalDecision>allowed</EvalDecision></member>`+
			`</EvaluationResults></SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>`)
	}))
	t.Cleanup(answer.Close)
	h := sts.NewHTTP()
	t.Cleanup(h.Close)
	by := Caller{Session: &cred.Session{AccessKeyID: "AKIAEXAMPLE", SecretAccessKey: cred.NewSecret("x")}, ARN: "arn:aws:iam::012345678901:role/Reader", URL: answer.URL}
	c := New(h, time.Now)
	if got, err := c.Allowed(t.Context(), by, by.ARN, []string{"s3:GetObject"}, "*"); err != nil || !got["s3:GetObject"] {
		t.Errorf("got %v, %v", got, err)
	}
	var broken *sts.Error
	if got, err := c.Allowed(t.Context(), by, by.ARN, []string{"s3:GetObject", "s3:PutObject"}, "*"); !errors.As(err, &broken) || broken.Reason != sts.Broken {
		t.Errorf("got %v, %v", got, err)
	}
}
