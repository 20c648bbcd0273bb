package fakeaws

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"go.uber.org/goleak"
)

const (
	userARN    = "arn:aws:iam::210987654321:user/dev"
	otherARN   = "arn:aws:iam::210987654321:user/other"
	adminARN   = "arn:aws:iam::012345678901:role/northwind/Admin"
	secondARN  = "arn:aws:iam::111122223333:role/Second"
	externalID = "9d1f-acme"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start returns a server with one user, who may assume adminARN with externalID.
func start(t *testing.T) (*Server, Key) {
	t.Helper()
	s, err := New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	addRole(t, s, Role{ARN: adminARN, Trust: TrustPolicy(userARN, externalID)})
	return s, addUser(t, s, userARN)
}

func addUser(t *testing.T, s *Server, arn string) Key {
	t.Helper()
	key, err := s.AddUser(arn)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func addRole(t *testing.T, s *Server, r Role) {
	t.Helper()
	if err := s.AddRole(r); err != nil {
		t.Fatal(err)
	}
}

// client returns the real SDK's client, which takes nothing from the environment and never retries.
func client(s *Server, key Key, token string, opts ...func(*sts.Options)) *sts.Client {
	o := sts.Options{
		Region:       "eu-west-1",
		BaseEndpoint: aws.String(s.URL()),
		Retryer:      aws.NopRetryer{},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: key.ID, SecretAccessKey: key.Secret, SessionToken: token}, nil
		}),
	}
	return sts.New(o, opts...)
}

func admin(change ...func(*sts.AssumeRoleInput)) *sts.AssumeRoleInput {
	in := &sts.AssumeRoleInput{
		RoleArn:         aws.String(adminARN),
		RoleSessionName: aws.String("dev@host"),
		ExternalId:      aws.String(externalID),
	}
	for _, f := range change {
		f(in)
	}
	return in
}

// assume assumes a role that must be granted, and returns a client that uses the session.
func assume(t *testing.T, s *Server, c *sts.Client, in *sts.AssumeRoleInput) (*sts.AssumeRoleOutput, *sts.Client) {
	t.Helper()
	out, err := c.AssumeRole(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	key := Key{*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey}
	return out, client(s, key, *out.Credentials.SessionToken)
}

// wantError checks AWS's error code and a part of its message.
func wantError(t *testing.T, err error, code, message string) {
	t.Helper()
	var e smithy.APIError
	if !errors.As(err, &e) {
		t.Fatalf("error is %v, want %s", err, code)
	}
	if e.ErrorCode() != code || !strings.Contains(e.ErrorMessage(), message) {
		t.Errorf("error is %s: %q, want %s: %q", e.ErrorCode(), e.ErrorMessage(), code, message)
	}
}

// signature is how post signs; its zero value with a key is right.
type signature struct {
	key     Key
	service string // sts
	region  string // eu-west-1
	at      time.Time
	tamper  func(*http.Request) // after signing
}

// post sends a form as no SDK would: signed by the SDK's signer, then tampered with.
func post(t *testing.T, s *Server, form url.Values, sig signature) (int, string) {
	t.Helper()
	body := form.Encode()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL()+"/", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if sig.at.IsZero() {
		sig.at = s.Now()
	}
	if sig.service == "" {
		sig.service = "sts"
	}
	if sig.region == "" {
		sig.region = "eu-west-1"
	}
	creds := aws.Credentials{AccessKeyID: sig.key.ID, SecretAccessKey: sig.key.Secret}
	if err := v4.NewSigner().SignHTTP(t.Context(), creds, r, hexSum([]byte(body)), sig.service, sig.region, sig.at); err != nil {
		t.Fatal(err)
	}
	if sig.tamper != nil {
		sig.tamper(r)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(got)
}

func whoAmI() url.Values {
	return url.Values{"Action": {"GetCallerIdentity"}, "Version": {apiVersion}}
}

func setBody(r *http.Request, body string) {
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader([]byte(body))), int64(len(body))
}
