package fakeaws

import (
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc/types"
)

func TestRegisterClient(t *testing.T) {
	s := startSSO(t)
	for name, tt := range map[string]struct {
		change func(*ssooidc.RegisterClientInput)
		want   string
	}{
		"as the AWS CLI":         {func(*ssooidc.RegisterClientInput) {}, ""},
		"as older ones":          {func(in *ssooidc.RegisterClientInput) { in.GrantTypes, in.RedirectUris, in.IssuerUrl = nil, nil, nil }, ""},
		"start URL of a browser": {func(in *ssooidc.RegisterClientInput) { in.IssuerUrl = aws.String(startURL + "/#/") }, ""},
		"another type":           {func(in *ssooidc.RegisterClientInput) { in.ClientType = aws.String("confidential") }, "InvalidClientMetadataException"},
		"another grant":          {func(in *ssooidc.RegisterClientInput) { in.GrantTypes = []string{"password"} }, "UnsupportedGrantTypeException"},
		"another directory":      {func(in *ssooidc.RegisterClientInput) { in.IssuerUrl = aws.String("https://other") }, "InvalidRequestException"},
		"no directory":           {func(in *ssooidc.RegisterClientInput) { in.IssuerUrl = nil }, "InvalidRequestException"},
		"no redirect":            {func(in *ssooidc.RegisterClientInput) { in.RedirectUris = nil }, "InvalidRequestException"},
		"redirect in clear":      {func(in *ssooidc.RegisterClientInput) { in.RedirectUris = []string{"http://example.com/"} }, "InvalidRedirectUriException"},
		"redirect by name":       {func(in *ssooidc.RegisterClientInput) { in.RedirectUris = []string{"http://localhost/"} }, "InvalidRedirectUriException"},
	} {
		t.Run(name, func(t *testing.T) {
			before := s.Now()
			out, err := oidcOf(s).RegisterClient(t.Context(), registration(tt.change))
			wantCode(t, err, tt.want)
			if err == nil && time.Unix(out.ClientSecretExpiresAt, 0).Sub(before).Round(time.Hour) != 90*24*time.Hour {
				t.Errorf("the registration ends at %d, want in 90 days", out.ClientSecretExpiresAt)
			}
		})
	}
}

func TestCodeIsBound(t *testing.T) {
	s := startSSO(t)
	c, other := register(t, s), register(t, s)
	for name, tt := range map[string]struct {
		change func(*ssooidc.CreateTokenInput)
		age    time.Duration
		want   string
	}{
		"right":              {func(*ssooidc.CreateTokenInput) {}, 9 * time.Minute, ""},
		"too late":           {func(*ssooidc.CreateTokenInput) {}, 10 * time.Minute, "InvalidGrantException"},
		"wrong code":         {func(in *ssooidc.CreateTokenInput) { in.Code = aws.String("wrong") }, 0, "InvalidGrantException"},
		"wrong verifier":     {func(in *ssooidc.CreateTokenInput) { in.CodeVerifier = aws.String("wrong") }, 0, "InvalidGrantException"},
		"no verifier":        {func(in *ssooidc.CreateTokenInput) { in.CodeVerifier = nil }, 0, "InvalidGrantException"},
		"challenge itself":   {func(in *ssooidc.CreateTokenInput) { in.CodeVerifier = aws.String(challenge(verifier)) }, 0, "InvalidGrantException"},
		"another port":       {func(in *ssooidc.CreateTokenInput) { in.RedirectUri = aws.String(registered) }, 0, "InvalidGrantException"},
		"another client":     {func(in *ssooidc.CreateTokenInput) { in.ClientId, in.ClientSecret = other.ClientId, other.ClientSecret }, 0, "InvalidGrantException"},
		"another's secret":   {func(in *ssooidc.CreateTokenInput) { in.ClientSecret = other.ClientSecret }, 0, "InvalidClientException"},
		"unknown client":     {func(in *ssooidc.CreateTokenInput) { in.ClientId = aws.String("unknown") }, 0, "InvalidClientException"},
		"another grant":      {func(in *ssooidc.CreateTokenInput) { in.GrantType = aws.String("password") }, 0, "UnsupportedGrantTypeException"},
		"another grant's in": {func(in *ssooidc.CreateTokenInput) { in.GrantType = aws.String(grantRefresh) }, 0, "InvalidGrantException"},
	} {
		t.Run(name, func(t *testing.T) {
			code := allow(t, s, c)
			s.Advance(tt.age)
			in := tokenInput(c, grantCode, func(in *ssooidc.CreateTokenInput) {
				in.Code, in.CodeVerifier, in.RedirectUri = &code, aws.String(verifier), aws.String(callback)
			})
			again := *in
			tt.change(in)
			_, err := oidcOf(s).CreateToken(t.Context(), in)
			wantCode(t, err, tt.want)
			if tt.want == "" {
				_, err := oidcOf(s).CreateToken(t.Context(), &again)
				wantCode(t, err, "InvalidGrantException")
			}
		})
	}
}

func TestErrorsHaveOAuthsWords(t *testing.T) {
	s := startSSO(t)
	_, err := oidcOf(s).CreateToken(t.Context(), tokenInput(register(t, s), grantRefresh))
	var e *types.InvalidGrantException
	if !errors.As(err, &e) || aws.ToString(e.Error_) != "invalid_grant" || aws.ToString(e.Error_description) == "" {
		t.Errorf("error is %#v, want invalid_grant and a description", err)
	}
}

func TestRefresh(t *testing.T) {
	s := startSSO(t)
	c, other := register(t, s), register(t, s)
	refresh := func(c *ssooidc.RegisterClientOutput, token *string) (*ssooidc.CreateTokenOutput, error) {
		return oidcOf(s).CreateToken(t.Context(), tokenInput(c, grantRefresh, func(in *ssooidc.CreateTokenInput) { in.RefreshToken = token }))
	}
	first := signInSSO(t, s, c)
	if first.ExpiresIn != 3600 || *first.TokenType != "Bearer" {
		t.Errorf("token is %s for %d s, want Bearer for 3600", *first.TokenType, first.ExpiresIn)
	}
	_, err := refresh(other, first.RefreshToken)
	wantCode(t, err, "InvalidGrantException")

	s.SetSSOTokenLife(8 * time.Hour)
	second, err := refresh(c, first.RefreshToken)
	wantCode(t, err, "")
	if second.ExpiresIn != 8*3600 || *second.AccessToken == *first.AccessToken || *second.RefreshToken == *first.RefreshToken {
		t.Errorf("the second tokens last %d s, want new ones of 8 h", second.ExpiresIn)
	}
	_, err = refresh(c, first.RefreshToken)
	wantCode(t, err, "InvalidGrantException")

	s.EndSSO("https://other.example.com")
	third, err := refresh(c, second.RefreshToken)
	wantCode(t, err, "")
	s.EndSSO(startURL + "/")
	_, err = refresh(c, third.RefreshToken)
	wantCode(t, err, "InvalidGrantException")

	s.Advance(clientLife)
	_, err = refresh(c, third.RefreshToken)
	wantCode(t, err, "InvalidClientException")
	if got := s.Calls("CreateToken"); got != 7 {
		t.Errorf("CreateToken was called %d times, want 7", got)
	}
}

func TestRefreshNeedsScopeAndGrant(t *testing.T) {
	s := startSSO(t)
	for name, change := range map[string]func(*ssooidc.RegisterClientInput){
		"scope": func(in *ssooidc.RegisterClientInput) { in.Scopes = nil },
		"grant": func(in *ssooidc.RegisterClientInput) { in.GrantTypes = []string{grantDevice} },
	} {
		t.Run(name, func(t *testing.T) {
			out := signInDevice(t, s, register(t, s, change))
			if out.AccessToken == nil || out.RefreshToken != nil {
				t.Error("tokens are not an access token alone")
			}
		})
	}
	c := register(t, s, func(in *ssooidc.RegisterClientInput) { in.GrantTypes = []string{grantDevice} })
	_, err := oidcOf(s).CreateToken(t.Context(), tokenInput(c, grantRefresh))
	wantCode(t, err, "UnauthorizedClientException")
}
