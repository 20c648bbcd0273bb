package fakeaws

import (
	"net/http"
	"time"
)

const plainSession = 12 * time.Hour // DurationSeconds where none is asked for (STS GetSessionToken)

// sessionParams are those of GetSessionToken; what they may be does not differ from AssumeRole.
var sessionParams = []param{
	{"SerialNumber", false, 9, 256, serialText},
	{"TokenCode", false, 6, 6, codeText},
}

type sessionTokenResult struct{ Credentials credentials }

// getSessionToken issues a session of the user itself. It outlives the key that asked for it.
func (s *Server) getSessionToken(c call) (any, error) {
	if err := checkParams(c.form, sessionParams, maxPlain); err != nil {
		return nil, err
	}
	if c.who.temporary() {
		return nil, &apiError{http.StatusForbidden, "AccessDenied", "Cannot call GetSessionToken with session credentials"}
	}
	mfa, err := s.checkMFA(c)
	if err != nil {
		return nil, err
	}
	i := *c.who
	i.key = Key{ID: newID("ASIA", 16), Secret: newSecret()}
	i.token = newToken()
	i.issued = s.Now()
	i.expires = i.issued.Add(duration(c.form, plainSession)).Truncate(time.Second)
	i.plain, i.mfa = true, mfa
	s.mu.Lock()
	defer s.mu.Unlock()
	s.identities[i.key.ID] = &i
	return &sessionTokenResult{credentials{i.key.ID, i.key.Secret, i.token, formatTime(i.expires)}}, nil
}
