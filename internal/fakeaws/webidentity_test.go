package fakeaws

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

const (
	providerARN = "arn:aws:iam::111122223333:oidc-provider/ci.example.com"
	webTrust    = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Federated":"` + providerARN + `"},"Action":"sts:AssumeRoleWithWebIdentity"}}`
)

type bearer string

func (b bearer) GetIdentityToken() ([]byte, error) { return []byte(b), nil }

// anonymous returns a client without credentials of any kind.
func anonymous(s *Server) *sts.Client {
	return sts.New(sts.Options{Region: "eu-west-1", BaseEndpoint: aws.String(s.URL()), Retryer: aws.NopRetryer{}})
}

func TestWebIdentity(t *testing.T) {
	s, _ := start(t)
	addRole(t, s, Role{ARN: secondARN, Trust: webTrust})
	token := s.WebIdentityToken(providerARN, "repo:acme/app", time.Minute)
	p := stscreds.NewWebIdentityRoleProvider(anonymous(s), secondARN, bearer(token), func(o *stscreds.WebIdentityRoleOptions) { o.RoleSessionName = "ci" })
	creds, err := p.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := creds.Expires.Sub(s.Now()); got < 59*time.Minute || got > time.Hour {
		t.Errorf("session lasts %s, want 1h", got)
	}
	who, err := client(s, Key{creds.AccessKeyID, creds.SecretAccessKey}, creds.SessionToken).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := *who.Arn, "arn:aws:sts::111122223333:assumed-role/Second/ci"; got != want {
		t.Errorf("session is %s, want %s", got, want)
	}
	if got := s.CallsFor("AssumeRoleWithWebIdentity", secondARN); got != 1 {
		t.Errorf("%d calls are counted, want 1", got)
	}
}

func TestWebIdentityRefusals(t *testing.T) {
	s, key := start(t)
	addRole(t, s, Role{ARN: secondARN, Trust: webTrust})
	good := s.WebIdentityToken(providerARN, "job", time.Hour)
	type in = sts.AssumeRoleWithWebIdentityInput
	for name, tt := range map[string]struct {
		change     func(*in)
		code, part string // "" where the request is good
	}{
		"good":             {func(*in) {}, "", ""},
		"unknown":          {func(r *in) { r.WebIdentityToken = aws.String(good + "x") }, "InvalidIdentityToken", "verification key"},
		"expired":          {func(r *in) { r.WebIdentityToken = aws.String(s.WebIdentityToken(providerARN, "job", 0)) }, "ExpiredTokenException", "Token expired: current date/time must be before the expiration date/time"},
		"another provider": {func(r *in) { r.WebIdentityToken = aws.String(s.WebIdentityToken(providerARN+"/a", "job", time.Hour)) }, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"},
		"role for users":   {func(r *in) { r.RoleArn = aws.String(adminARN) }, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"},
		"no such role":     {func(r *in) { r.RoleArn = aws.String(secondARN + "x") }, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"},
		"ARN of a user":    {func(r *in) { r.RoleArn = aws.String(userARN) }, "ValidationError", "is invalid"},
		"too long":         {func(r *in) { r.DurationSeconds = aws.Int32(3601) }, "ValidationError", "MaxSessionDuration"},
		"odd name":         {func(r *in) { r.RoleSessionName = aws.String("a b") }, "ValidationError", "at 'roleSessionName'"},
	} {
		t.Run(name, func(t *testing.T) {
			r := &in{RoleArn: aws.String(secondARN), RoleSessionName: aws.String("ci"), WebIdentityToken: aws.String(good)}
			tt.change(r)
			out, err := anonymous(s).AssumeRoleWithWebIdentity(t.Context(), r)
			if tt.code != "" {
				wantError(t, err, tt.code, tt.part)
			} else if err != nil {
				t.Error(err)
			} else if *out.SubjectFromWebIdentityToken != "job" || *out.Provider != providerARN {
				t.Errorf("answer is about %s of %s", *out.SubjectFromWebIdentityToken, *out.Provider)
			}
		})
	}
	_, err := client(s, key, "").AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: aws.String(secondARN), RoleSessionName: aws.String("ci")})
	wantError(t, err, "AccessDenied", "sts:AssumeRole")
	for _, r := range s.Requests() {
		if strings.Contains(r.RoleARN+r.SessionName, good) {
			t.Error("a token is kept")
		}
	}
}
