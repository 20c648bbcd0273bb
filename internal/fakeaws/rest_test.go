package fakeaws

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sso"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"
	"github.com/aws/smithy-go"
)

const (
	startURL    = "https://acme.awsapps.com/start"
	registered  = "http://127.0.0.1/oauth/callback"
	callback    = "http://127.0.0.1:49152/oauth/callback"
	verifier    = "a-verifier-of-at-least-forty-three-characters-0123"
	ssoAccountA = "111122223333"
)

// startSSO returns a server whose directory assigns three accounts, the first with three roles.
func startSSO(t *testing.T) *Server {
	t.Helper()
	s, _ := start(t)
	s.AddSSO(startURL)
	s.AssignSSO(startURL, ssoAccountA, "acme", "acme@example.com", "Admin", "ReadOnly", "Billing")
	s.AssignSSO(startURL, "222233334444", "beta", "beta@example.com", "ReadOnly")
	s.AssignSSO(startURL, "333344445555", "gamma", "gamma@example.com", "ReadOnly")
	return s
}

func oidcOf(s *Server) *ssooidc.Client {
	return ssooidc.New(ssooidc.Options{Region: "eu-west-1", BaseEndpoint: aws.String(s.URL()), Retryer: aws.NopRetryer{}})
}

func portalOf(s *Server, o ...func(*sso.Options)) *sso.Client {
	return sso.New(sso.Options{Region: "eu-west-1", BaseEndpoint: aws.String(s.URL()), Retryer: aws.NopRetryer{}}, o...)
}

func registration(change ...func(*ssooidc.RegisterClientInput)) *ssooidc.RegisterClientInput {
	in := &ssooidc.RegisterClientInput{
		ClientName:   aws.String("credd"),
		ClientType:   aws.String("public"),
		Scopes:       []string{accountScope},
		GrantTypes:   []string{grantCode, grantRefresh, grantDevice},
		RedirectUris: []string{registered},
		IssuerUrl:    aws.String(startURL),
	}
	for _, f := range change {
		f(in)
	}
	return in
}

func register(t *testing.T, s *Server, change ...func(*ssooidc.RegisterClientInput)) *ssooidc.RegisterClientOutput {
	t.Helper()
	out, err := oidcOf(s).RegisterClient(t.Context(), registration(change...))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func tokenInput(c *ssooidc.RegisterClientOutput, grant string, change ...func(*ssooidc.CreateTokenInput)) *ssooidc.CreateTokenInput {
	in := &ssooidc.CreateTokenInput{ClientId: c.ClientId, ClientSecret: c.ClientSecret, GrantType: aws.String(grant)}
	for _, f := range change {
		f(in)
	}
	return in
}

func challenge(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func authorizeQuery(c *ssooidc.RegisterClientOutput) url.Values {
	return url.Values{
		"response_type": {"code"}, "client_id": {*c.ClientId}, "redirect_uri": {callback}, "state": {"a state"},
		"code_challenge": {challenge(verifier)}, "code_challenge_method": {"S256"}, "scopes": {accountScope},
	}
}

// allow decides as the form on the page does, and returns the code.
func allow(t *testing.T, s *Server, c *ssooidc.RegisterClientOutput) string {
	t.Helper()
	v := authorizeQuery(c)
	v.Set("decision", "allow")
	_, location, body := browse(t, http.MethodPost, s.URL()+"/authorize", v)
	u, err := url.Parse(location)
	if err != nil || u.Query().Get("code") == "" {
		t.Fatalf("location is %q, want one with a code; page: %s", location, body)
	}
	return u.Query().Get("code")
}

// signInSSO returns tokens got through the browser.
func signInSSO(t *testing.T, s *Server, c *ssooidc.RegisterClientOutput) *ssooidc.CreateTokenOutput {
	t.Helper()
	code := allow(t, s, c)
	out, err := oidcOf(s).CreateToken(t.Context(), tokenInput(c, grantCode, func(in *ssooidc.CreateTokenInput) {
		in.Code, in.CodeVerifier, in.RedirectUri = &code, aws.String(verifier), aws.String(callback)
	}))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// wantCode checks AWS's error code; "" is no error.
func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	var e smithy.APIError
	if code == "" && err != nil || code != "" && (!errors.As(err, &e) || e.ErrorCode() != code) {
		t.Errorf("error is %v, want %q", err, code)
	}
}

func TestFaultsOfREST(t *testing.T) {
	s := startSSO(t)
	register := func(ctx context.Context) error {
		_, err := oidcOf(s).RegisterClient(ctx, registration())
		return err
	}
	list := func(ctx context.Context) error {
		_, err := portalOf(s).ListAccounts(ctx, &sso.ListAccountsInput{AccessToken: aws.String("none")})
		return err
	}
	for name, tt := range map[string]struct {
		fault Fault
		call  func(context.Context) error
		want  string
	}{
		"OIDC throttles":         {Throttle, register, "TooManyRequestsException"},
		"OIDC is out of order":   {ServerError, register, "InternalServerException"},
		"OIDC is unavailable":    {Unavailable, register, "ServiceUnavailableException"},
		"portal throttles":       {Throttle, list, "TooManyRequestsException"},
		"portal is unavailable":  {Unavailable, list, "ServiceUnavailableException"},
		"portal is out of order": {ServerError, list, "InternalFailureException"},
	} {
		t.Run(name, func(t *testing.T) {
			s.SetFault("", tt.fault)
			wantCode(t, tt.call(t.Context()), tt.want)
		})
	}
	for _, f := range []Fault{Drop, Cut, InvalidXML} {
		s.SetFault("", f)
		var e smithy.APIError
		if err := register(t.Context()); err == nil || errors.As(err, &e) {
			t.Errorf("%s: error is %v, want one of the transport", f, err)
		}
	}
	s.SetFault("", Stall)
	done := make(chan error)
	go func() { done <- register(t.Context()) }()
	if err := s.WaitInFlight(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	s.SetFault("", Healthy)
	wantCode(t, <-done, "")
	if got := s.Calls("RegisterClient"); got != 7 {
		t.Errorf("RegisterClient was called %d times, want 7", got)
	}
}
