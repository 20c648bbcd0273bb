package fakeaws

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
	"time"
)

const codeLife = 10 * time.Minute

// signIn is what the user allowed once. All tokens that come of it end with it.
type signIn struct {
	client    *oidcClient
	directory *directory
}

// ssoToken is an access token or a refresh token; the latter has no expiry.
type ssoToken struct {
	signIn  *signIn
	expires time.Time
}

// authCode is an authorization code on its way from the browser to the program.
type authCode struct {
	signIn    *signIn
	redirect  string
	challenge string
	expires   time.Time
}

// tokenRequest is the body of CreateToken.
type tokenRequest struct {
	ClientID, ClientSecret, GrantType string
	Code, CodeVerifier, RedirectURI   string
	DeviceCode, RefreshToken          string
}

func (s *Server) createToken(c restCall) (any, error) {
	var in tokenRequest
	if json.Unmarshal(c.body, &in) != nil || in.GrantType == "" {
		return nil, oidcError("InvalidRequestException", "grantType is missing")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	client, err := s.center.client(in.ClientID, in.ClientSecret, c.now)
	if err != nil {
		return nil, err
	}
	redeem, ok := map[string]func(*oidcClient, tokenRequest, time.Time) (*signIn, error){
		grantCode:    s.center.redeemCode,
		grantRefresh: s.center.redeemRefresh,
		grantDevice:  s.center.redeemDevice,
	}[in.GrantType]
	if !ok {
		return nil, oidcError("UnsupportedGrantTypeException", "unsupported grant type "+in.GrantType)
	}
	if !client.may(in.GrantType) {
		return nil, oidcError("UnauthorizedClientException", "the client is not registered for "+in.GrantType)
	}
	i, err := redeem(client, in, c.now)
	if err != nil {
		return nil, err
	}
	return s.center.issue(i, c.now), nil
}

// redeemCode spends a code. A wrong guess at what it is bound to spends it as well.
func (c *identityCenter) redeemCode(client *oidcClient, in tokenRequest, now time.Time) (*signIn, error) {
	code := c.codes[in.Code]
	delete(c.codes, in.Code)
	sum := sha256.Sum256([]byte(in.CodeVerifier))
	if code == nil || !now.Before(code.expires) || code.signIn.client != client || code.redirect != in.RedirectURI ||
		code.challenge != base64.RawURLEncoding.EncodeToString(sum[:]) {
		return nil, oidcError("InvalidGrantException", "Invalid authorization code")
	}
	return code.signIn, nil
}

// redeemRefresh spends a refresh token: each works once.
func (c *identityCenter) redeemRefresh(client *oidcClient, in tokenRequest, _ time.Time) (*signIn, error) {
	t := c.refresh[in.RefreshToken]
	if t == nil || t.signIn.client != client {
		return nil, oidcError("InvalidGrantException", "Invalid refresh token provided")
	}
	delete(c.refresh, in.RefreshToken)
	return t.signIn, nil
}

// issue makes the tokens. A client that did not register for accounts is not refreshed.
func (c *identityCenter) issue(i *signIn, now time.Time) any {
	access := "aoa" + randomBase64(150)
	c.access[access] = &ssoToken{i, now.Add(c.tokenLife)}
	out := map[string]any{"accessToken": access, "tokenType": "Bearer", "expiresIn": int(c.tokenLife.Seconds())}
	if slices.Contains(i.client.scopes, accountScope) && i.client.may(grantRefresh) {
		refresh := "aor" + randomBase64(150)
		c.refresh[refresh] = &ssoToken{signIn: i}
		out["refreshToken"] = refresh
	}
	return out
}

// end makes the tokens of the sign-ins that match unknown.
func (c *identityCenter) end(match func(*signIn) bool) {
	for _, tokens := range []map[string]*ssoToken{c.access, c.refresh} {
		for text, t := range tokens {
			if match(t.signIn) {
				delete(tokens, text)
			}
		}
	}
}
