package fakeaws

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

const (
	loginClient = "arn:aws:signin:::devtools/same-device"
	loginLife   = 15 * time.Minute // of one access token (Signin CreateOAuth2Token: at most 900 s)
	maxLogin    = 12 * time.Hour   // then a refresh token is no use any more (AWS CLI, aws login)
)

// login is what one `aws login` started. Server.mu guards it.
type login struct {
	user    identity // as which every access token signs, but for key, token and expiry
	refresh string   // the one that works
	expires time.Time
	public  []byte // of the DPoP key, uncompressed
	ended   bool
}

func signinError(status int, kind, code, message string) error {
	return &restError{status, kind, map[string]string{"error": code, "message": message}}
}

func signinRefusal(e *apiError) (any, error) {
	switch e.code {
	case "Throttling":
		return nil, signinError(http.StatusTooManyRequests, "TooManyRequestsError", "rate_exceeded", e.message)
	case "InternalFailure":
		return nil, signinError(e.status, "InternalServerException", "server_error", e.message)
	}
	return nil, signinError(e.status, e.code+"Exception", "service_unavailable", e.message)
}

// NewLogin signs a user or a role's session in, as `aws login` does. It returns the zero LoginToken where userARN is not
// an ARN of IAM or STS.
func (s *Server) NewLogin(userARN string) LoginToken {
	a, err := parseARN(userARN)
	if err != nil {
		return LoginToken{}
	}
	key, public := newDPoPKey()
	now := s.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	l := &login{user: s.loginUser(a), refresh: newToken(), expires: now.Add(maxLogin), public: public}
	s.logins = append(s.logins, l)
	i := s.loginSession(l, now)
	return LoginToken{
		UserARN: userARN, AccountID: a.account, Key: i.key, SessionToken: i.token, Expires: i.expires,
		RefreshToken: l.refresh, ClientID: loginClient, DPoPKey: key,
	}
}

// EndLogin ends every login of userARN: its refresh tokens are expired. Sessions already issued live on.
func (s *Server) EndLogin(userARN string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.logins {
		if l.user.arn == userARN {
			l.ended = true
		}
	}
}

// loginUser returns who signs after a login: an IAM user keeps the ID that AddUser gave. The caller has s.mu.
func (s *Server) loginUser(a arn) identity {
	u := identity{arn: a.text, principal: a.text, partition: a.partition, account: a.account, id: newID("AIDA", 17)}
	switch known := s.users[a.text]; {
	case known != nil:
		u.id = known.id
	case a.kind == "root":
		u.id = a.account
	case a.kind == "assumed-role":
		role, session, _ := strings.Cut(a.name, "/")
		u.principal = "arn:" + a.partition + ":iam::" + a.account + ":role/" + role
		u.id = newID("AROA", 17) + ":" + session
	}
	return u
}

// loginSession issues the credentials of an access token. The caller has s.mu.
func (s *Server) loginSession(l *login, now time.Time) *identity {
	i := l.user
	i.key = Key{ID: newID("ASIA", 16), Secret: newSecret()}
	i.token = newToken()
	i.expires = now.Add(loginLife).Truncate(time.Second)
	s.identities[i.key.ID] = &i
	return &i
}

// signinToken refreshes. Proof of the key is checked before the state of the login, so that a thief of the refresh
// token learns nothing.
func (s *Server) signinToken(c restCall) (any, error) {
	var in struct{ ClientID, GrantType, RefreshToken string }
	if json.Unmarshal(c.body, &in) != nil || in.ClientID != loginClient || in.GrantType != grantRefresh {
		return nil, signinError(http.StatusBadRequest, "ValidationException", "INVALID_REQUEST", "Invalid request")
	}
	url := s.URL() + c.URL.Path
	s.mu.Lock()
	defer s.mu.Unlock()
	var l *login
	for _, known := range s.logins {
		if known.refresh == in.RefreshToken {
			l = known
		}
	}
	if l != nil {
		if err := checkDPoP(c.Header.Get("DPoP"), url, l.public); err != nil {
			return nil, signinError(http.StatusBadRequest, "ValidationException", "INVALID_REQUEST", err.Error())
		}
	}
	if l == nil || l.ended || !c.now.Before(l.expires) {
		return nil, signinError(http.StatusBadRequest, "AccessDeniedException", "TOKEN_EXPIRED", "The refresh token has expired")
	}
	i := s.loginSession(l, c.now)
	l.refresh = newToken()
	return map[string]any{
		"accessToken":  map[string]string{"accessKeyId": i.key.ID, "secretAccessKey": i.key.Secret, "sessionToken": i.token},
		"expiresIn":    int(loginLife.Seconds()),
		"refreshToken": l.refresh,
		"tokenType":    "aws_sigv4",
	}, nil
}
