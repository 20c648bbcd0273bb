package fakeaws

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"time"
)

const (
	webIdentityAction = "AssumeRoleWithWebIdentity" // the one request that nobody signs: the token is the proof
	webAudience       = "sts.amazonaws.com"
)

// webParams are those of AssumeRoleWithWebIdentity.
var webParams = []param{
	{"RoleArn", true, 20, 2048, anyText},
	{"RoleSessionName", true, 2, 64, nameText},
	{"WebIdentityToken", true, 4, 20000, regexp.MustCompile(`[\s\S]*`)},
	{"Policy", false, 1, 2048, policyText},
}

type webToken struct {
	provider, subject string
	expires           time.Time
}

type webIdentityResult struct {
	Credentials      credentials
	Subject          string `xml:"SubjectFromWebIdentityToken"`
	AssumedRoleUser  assumedRoleUser
	PackedPolicySize int `xml:",omitempty"` // percent
	Provider         string
	Audience         string
}

// WebIdentityToken makes a token that says its bearer is subject, good for life. The issuer is the one that
// providerARN, arn:aws:iam::ACCOUNT:oidc-provider/HOST, is named for; its signature is known to this server only.
func (s *Server) WebIdentityToken(providerARN, subject string, life time.Duration) string {
	now := s.Now()
	_, host, _ := strings.Cut(providerARN, "/")
	token := jwtPart(map[string]any{"alg": "RS256", "typ": "JWT"}) + "." + jwtPart(map[string]any{
		"iss": "https://" + host, "sub": subject, "aud": webAudience, "iat": now.Unix(), "exp": now.Add(life).Unix(),
	}) + "." + newID("", 26)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.webTokens[token] = &webToken{providerARN, subject, now.Add(life)}
	return token
}

func jwtPart(m map[string]any) string {
	b, err := json.Marshal(m)
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

func (s *Server) assumeRoleWithWebIdentity(c call) (any, error) {
	if err := checkParams(c.form, webParams, maxDuration); err != nil {
		return nil, err
	}
	a, err := parseARN(c.form.Get("RoleArn"))
	if err != nil || a.service != "iam" || a.kind != "role" {
		return nil, invalid("%s is invalid", c.form.Get("RoleArn"))
	}
	percent, err := packed(c.who, c.form)
	if err != nil {
		return nil, err
	}
	policy, err := s.sessionPolicy(c.form)
	if err != nil {
		return nil, err
	}
	token, err := s.checkWebToken(c.form.Get("WebIdentityToken"))
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	r := s.roles[a.text]
	s.mu.Unlock()
	bearer := &identity{arn: token.provider, principal: token.provider}
	if r == nil || !r.trust.allows(bearer, assumeWeb, map[string]string{keySourceIP: c.ip}) {
		return nil, &apiError{http.StatusForbidden, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"}
	}
	d := duration(c.form, time.Hour)
	if d > r.maxSession {
		return nil, tooLong()
	}
	i := s.issue(r, c, d, nil, policy)
	return &webIdentityResult{
		Credentials:      credentials{i.key.ID, i.key.Secret, i.token, formatTime(i.expires)},
		Subject:          token.subject,
		AssumedRoleUser:  assumedRoleUser{AssumedRoleID: i.id, ARN: i.arn},
		PackedPolicySize: percent,
		Provider:         token.provider,
		Audience:         webAudience,
	}, nil
}

func (s *Server) checkWebToken(text string) (*webToken, error) {
	now := s.Now()
	s.mu.Lock()
	t := s.webTokens[text]
	s.mu.Unlock()
	if t == nil {
		return nil, &apiError{http.StatusBadRequest, "InvalidIdentityToken", "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements"}
	}
	if !now.Before(t.expires) {
		return nil, &apiError{http.StatusBadRequest, "ExpiredTokenException", "Token expired: current date/time must be before the expiration date/time"}
	}
	return t, nil
}
