package fakeaws

import (
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	signinLife = 15 * time.Minute // of a sign-in token (IAM, custom identity broker)

	minConsole = 900 * time.Second // of SessionDuration (likewise)
	maxConsole = 12 * time.Hour
)

// consoles are the hosts of the console, by partition.
var consoles = map[string]string{
	"aws": "console.aws.amazon.com", "aws-cn": "console.amazonaws.cn", "aws-us-gov": "console.amazonaws-us-gov.com", "aws-eusc": "console.amazonaws-eusc.eu",
}

// consoleTicket is what a sign-in token stands for.
type consoleTicket struct {
	who     *identity
	expires time.Time
	until   time.Time // of the console session
	asked   bool      // for a duration
}

// ConsoleSignIn is a browser that was signed in.
type ConsoleSignIn struct {
	ARN         string // of the role's session
	Destination string
	Until       time.Time
	Asked       bool // for a SessionDuration
}

// ConsoleSignIns returns all sign-ins so far.
func (s *Server) ConsoleSignIns() []ConsoleSignIn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.signIns)
}

func federationRefusal(e *apiError) (any, error) {
	if e.code == "Throttling" {
		return errorPage(http.StatusTooManyRequests, e.message), nil
	}
	return errorPage(e.status, e.message), nil
}

// badFederation is the one answer to whatever is wrong: AWS does not tell what.
func badFederation() *page { return errorPage(http.StatusBadRequest, "Invalid credentials parameter") }

// federationParams are those of a request: of a GET in the query, of a POST in the body.
func federationParams(r *http.Request, body []byte) url.Values {
	if r.Method == http.MethodGet {
		return r.URL.Query()
	}
	v, _ := url.ParseQuery(string(body))
	return v
}

// federationAction is what a request asks for, by the name that CloudTrail has for it.
func federationAction(r *http.Request, body []byte) string {
	return map[string]string{"getSigninToken": "GetSigninToken", "login": "ConsoleLogin"}[federationParams(r, body).Get("Action")]
}

// federation is the endpoint of custom identity brokers: first the broker asks for a token, then the browser brings it.
func (s *Server) federation(c restCall) (any, error) {
	v := federationParams(c.Request, c.body)
	switch federationAction(c.Request, c.body) {
	case "GetSigninToken":
		return s.getSigninToken(v, c.now), nil
	case "ConsoleLogin":
		return s.consoleLogin(v, c), nil
	}
	return badFederation(), nil
}

func (s *Server) getSigninToken(v url.Values, now time.Time) any {
	var in struct{ SessionID, SessionKey, SessionToken string }
	if json.Unmarshal([]byte(v.Get("Session")), &in) != nil {
		return badFederation()
	}
	who, ok := s.signer(in.SessionID, in.SessionToken, now)
	if !ok || subtle.ConstantTimeCompare([]byte(who.key.Secret), []byte(in.SessionKey)) != 1 || !who.isRole() || !now.Before(who.expires) {
		return badFederation()
	}
	t := &consoleTicket{who: who, expires: now.Add(signinLife), until: who.expires}
	s.mu.Lock()
	defer s.mu.Unlock()
	if v.Has("SessionDuration") {
		seconds, err := strconv.Atoi(v.Get("SessionDuration"))
		d := time.Duration(seconds) * time.Second
		r := s.roles[who.principal]
		if err != nil || d < minConsole || d > maxConsole || who.chained || r == nil || d > r.maxSession {
			return badFederation()
		}
		t.until, t.asked = now.Add(d), true
	}
	token := randomBase64(720)
	s.tickets[token] = t
	return map[string]string{"SigninToken": token}
}

// isRole reports whether it is the session of a role: no key of a user and no session of GetSessionToken.
func (i *identity) isRole() bool { return i.temporary() && strings.Contains(i.arn, ":assumed-role/") }

// consoleLogin spends a token. AWS redirects to the destination; here the page that says so is all there is of the console.
func (s *Server) consoleLogin(v url.Values, c restCall) any {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tickets[v.Get("SigninToken")]
	if c.Method != http.MethodGet || t == nil || !c.now.Before(t.expires) || !c.now.Before(t.who.expires) || !isConsole(t.who.partition, v.Get("Destination")) {
		return badFederation()
	}
	delete(s.tickets, v.Get("SigninToken"))
	s.signIns = append(s.signIns, ConsoleSignIn{t.who.arn, v.Get("Destination"), t.until, t.asked})
	return newPage(http.StatusOK, pageContent{
		Title: "AWS Management Console",
		Lines: []string{"Signed in: " + t.who.arn, "Page: " + v.Get("Destination")},
	})
}

// isConsole reports whether a destination is a page of the partition's console.
func isConsole(partition, destination string) bool {
	u, err := url.Parse(destination)
	host := consoles[partition]
	return err == nil && host != "" && u.Scheme == "https" && u.User == nil && (u.Host == host || strings.HasSuffix(u.Host, "."+host))
}
