package fakeaws

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/logincreds"
	"github.com/aws/aws-sdk-go-v2/service/signin"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// loginProvider writes the cache file and returns the SDK's reader of it.
func loginProvider(t *testing.T, s *Server, token LoginToken) *logincreds.Provider {
	t.Helper()
	path, err := token.CacheFile(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, token.CacheJSON(), 0o600); err != nil {
		t.Fatal(err)
	}
	c := signin.New(signin.Options{Region: "eu-west-1", BaseEndpoint: aws.String(s.URL()), Retryer: aws.NopRetryer{}})
	return logincreds.New(c, path)
}

func TestLogin(t *testing.T) {
	for name, tt := range map[string]struct{ arn, id string }{
		"user":    {userARN, "AIDA"},
		"root":    {"arn:aws:iam::210987654321:root", "210987654321"},
		"session": {"arn:aws:sts::210987654321:assumed-role/Dev/dev@host", "AROA"},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := start(t)
			token := s.NewLogin(tt.arn)
			fresh, err := loginProvider(t, s, token).Retrieve(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			token.Expires = time.Now().Add(-time.Minute)
			p := loginProvider(t, s, token)
			refreshed, err := p.Retrieve(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if fresh.AccessKeyID == refreshed.AccessKeyID || s.Calls("SigninToken") != 1 {
				t.Errorf("%d refreshes, want 1 and another key", s.Calls("SigninToken"))
			}
			if left := time.Until(refreshed.Expires).Round(time.Minute); left != 15*time.Minute {
				t.Errorf("session lasts %s, want 15m", left)
			}
			for _, creds := range []aws.Credentials{fresh, refreshed} {
				c := client(s, Key{creds.AccessKeyID, creds.SecretAccessKey}, creds.SessionToken)
				who, err := c.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
				if err != nil {
					t.Fatal(err)
				}
				if *who.Arn != tt.arn || !strings.HasPrefix(*who.UserId, tt.id) || creds.AccountID != "210987654321" {
					t.Errorf("session is %s, %s of %s; want %s, %s", *who.Arn, *who.UserId, creds.AccountID, tt.arn, tt.id)
				}
			}
		})
	}
}

func TestLoginIsRefused(t *testing.T) {
	const expired = "login session has expired, please reauthenticate"
	for name, tt := range map[string]struct {
		before func(*testing.T, *Server, *LoginToken)
		want   string
	}{
		"ended":         {func(_ *testing.T, s *Server, _ *LoginToken) { s.EndLogin(userARN) }, expired},
		"too old":       {func(_ *testing.T, s *Server, _ *LoginToken) { s.Advance(12 * time.Hour) }, expired},
		"unknown token": {func(_ *testing.T, _ *Server, token *LoginToken) { token.RefreshToken = "unknown" }, expired},
		"used token": {func(t *testing.T, s *Server, token *LoginToken) {
			if _, err := loginProvider(t, s, *token).Retrieve(t.Context()); err != nil {
				t.Fatal(err)
			}
		}, expired},
		"another key":    {func(_ *testing.T, s *Server, token *LoginToken) { token.DPoPKey = s.NewLogin(userARN).DPoPKey }, "the DPoP key is not the one of the login"},
		"another client": {func(_ *testing.T, _ *Server, token *LoginToken) { token.ClientID = "x" }, "ValidationException"},
		"throttled":      {func(_ *testing.T, s *Server, _ *LoginToken) { s.SetFault("", Throttle) }, "TooManyRequestsError"},
		"unavailable":    {func(_ *testing.T, s *Server, _ *LoginToken) { s.SetFault("", Unavailable) }, "ServiceUnavailableException"},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := start(t)
			token := s.NewLogin(userARN)
			token.Expires = time.Now().Add(-time.Minute)
			tt.before(t, s, &token)
			_, err := loginProvider(t, s, token).Retrieve(t.Context())
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error is %v, want %s", err, tt.want)
			}
		})
	}
}

// A proof is for one key and one address; without any there is no refresh.
func TestDPoPIsNeeded(t *testing.T) {
	text, public := newDPoPKey()
	_, other := newDPoPKey()
	const address = "http://127.0.0.1/v1/token"
	good := proof(t, text, public, address)
	if err := checkDPoP(good, address, public); err != nil {
		t.Fatal(err)
	}
	for name, p := range map[string]string{
		"none":            "",
		"two parts":       "a.b",
		"no base64":       "?.?.?",
		"no JSON":         "a.b.c",
		"empty objects":   "e30.e30.e30",
		"another address": proof(t, text, public, "http://127.0.0.1/v2/token"),
		"another key":     proof(t, text, other, address),
		"no signature":    good[:strings.LastIndex(good, ".")+1],
		"zero signature":  good[:strings.LastIndex(good, ".")+1] + strings.Repeat("A", 86),
	} {
		if checkDPoP(p, address, public) == nil {
			t.Errorf("%s: %q passes", name, p)
		}
	}
}

// proof signs with a key and claims a public half.
func proof(t *testing.T, text string, public []byte, url string) string {
	t.Helper()
	block, _ := pem.Decode([]byte(text))
	key, err := x509.ParseECPrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	b64 := base64.RawURLEncoding.EncodeToString
	head := fmt.Sprintf(`{"typ":"dpop+jwt","alg":"ES256","jwk":{"kty":"EC","crv":"P-256","x":%q,"y":%q}}`, b64(public[1:33]), b64(public[33:]))
	msg := b64([]byte(head)) + "." + b64(fmt.Appendf(nil, `{"htm":"POST","htu":%q}`, url))
	sum := sha256.Sum256([]byte(msg))
	r, v, err := ecdsa.Sign(rand.Reader, key, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return msg + "." + b64(append(r.FillBytes(make([]byte, 32)), v.FillBytes(make([]byte, 32))...))
}

func TestLoginOfNobody(t *testing.T) {
	s, _ := start(t)
	if got := s.NewLogin("dev"); got != (LoginToken{}) {
		t.Errorf("the login of no ARN is %v", got)
	}
}
