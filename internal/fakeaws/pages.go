package fakeaws

import (
	"bytes"
	"html/template"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// page is an answer for a browser.
type page struct {
	status int
	body   []byte
}

// setHeaders keeps the page from loading anything and from telling its address, in which there may be a state.
func (p *page) setHeaders(h http.Header) {
	h.Set("Content-Type", "text/html; charset=utf-8")
	// No form-action: browsers apply it to the redirect as well, which goes to the program's own port.
	h.Set("Content-Security-Policy",
		"default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'")
	h.Set("Referrer-Policy", "no-referrer")
}

var pageTemplate = template.Must(template.New("page").Parse(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{{.Title}}</title>
<link rel="icon" href="data:,">
<style>body{font:16px sans-serif;max-width:32em;margin:4em auto;padding:0 1em}
button{font:inherit;padding:.5em 1em;margin-right:1em}</style>
</head><body><h1>{{.Title}}</h1>
{{range .Lines}}<p>{{.}}</p>
{{end}}{{if .Post}}<form method="post" action="{{.Post}}">
{{range .Fields}}<input type="hidden" name="{{.Name}}" value="{{.Value}}">
{{end}}<button id="allow" name="decision" value="allow">Allow access</button>
<button id="deny" name="decision" value="deny">Deny</button>
</form>{{end}}{{if .Enter}}<form method="get" action="/device">
<label>Code <input id="user_code" name="user_code" autofocus></label> <button id="next">Next</button>
</form>{{end}}</body></html>
`))

type pageField struct{ Name, Value string }

type pageContent struct {
	Title  string
	Lines  []string
	Post   string // where the decision goes; no buttons without it
	Fields []pageField
	Enter  bool // ask for a user code
}

func newPage(status int, c pageContent) *page {
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, c); err != nil {
		panic(err) // our own strings always render
	}
	return &page{status, b.Bytes()}
}

func errorPage(status int, line string) *page {
	return newPage(status, pageContent{Title: "Something is wrong", Lines: []string{line}})
}

func pageRefusal(e *apiError) (any, error) { return errorPage(e.status, e.message), nil }

// authorizeFields are the parameters of /authorize, which its page repeats to the decision.
var authorizeFields = []string{
	"response_type", "client_id", "redirect_uri", "state", "code_challenge", "code_challenge_method", "scopes",
}

var validChallenge = regexp.MustCompile(`^[\w-]{43}$`) // SHA-256 in base64url (RFC 7636, 4.2)

// checkAuthorize checks what a browser brings. It returns the client, or what to answer instead: a page while it is not
// sure where the program is, and from then on a redirect to the program.
func (s *Server) checkAuthorize(c restCall, v url.Values) (*oidcClient, any) {
	s.mu.Lock()
	client := s.center.clients[v.Get("client_id")]
	s.mu.Unlock()
	if client == nil || !c.now.Before(client.expires) || !client.may(grantCode) {
		return nil, errorPage(http.StatusBadRequest, "The client is unknown, expired or not registered for authorization_code.")
	}
	if !client.redirectsTo(v.Get("redirect_uri")) {
		return nil, errorPage(http.StatusBadRequest, "The redirect_uri is not registered.")
	}
	if v.Get("response_type") != "code" {
		return nil, back(v, "error", "unsupported_response_type")
	}
	if v.Get("state") == "" || v.Get("code_challenge_method") != "S256" ||
		!validChallenge.MatchString(v.Get("code_challenge")) {
		return nil, back(v, "error", "invalid_request")
	}
	for _, scope := range strings.FieldsFunc(v.Get("scopes"), func(r rune) bool { return r == ' ' || r == ',' }) {
		if !slices.Contains(client.scopes, scope) {
			return nil, back(v, "error", "invalid_scope")
		}
	}
	return client, nil
}

// back returns the way to the program, with the state that it knows its request by.
func back(v url.Values, name, value string) redirect {
	u, err := url.Parse(v.Get("redirect_uri"))
	if err != nil {
		panic(err) // redirectsTo has parsed it
	}
	q := u.Query()
	q.Set(name, value)
	if state := v.Get("state"); state != "" {
		q.Set("state", state)
	}
	u.RawQuery = q.Encode()
	return redirect(u.String())
}

func (s *Server) askAuthorize(c restCall) (any, error) {
	v := c.URL.Query()
	client, instead := s.checkAuthorize(c, v)
	if client == nil {
		return instead, nil
	}
	p := pageContent{Title: "Allow " + client.name + " to access your data?", Post: "/authorize"}
	p.Lines = append(p.Lines, "Directory: "+client.directory.startURL, "Scopes: "+strings.Join(client.scopes, ", "))
	for _, name := range authorizeFields {
		if v.Has(name) {
			p.Fields = append(p.Fields, pageField{name, v.Get(name)})
		}
	}
	return newPage(http.StatusOK, p), nil
}

// decideAuthorize checks all again: the form may have been made up, and the registration may have ended.
func (s *Server) decideAuthorize(c restCall) (any, error) {
	v, err := url.ParseQuery(string(c.body))
	if err != nil {
		return errorPage(http.StatusBadRequest, "The body is not a form."), nil
	}
	client, instead := s.checkAuthorize(c, v)
	if client == nil {
		return instead, nil
	}
	switch v.Get("decision") {
	case "allow":
	case "deny":
		return back(v, "error", "access_denied"), nil
	default:
		return errorPage(http.StatusBadRequest, "Nothing was decided."), nil
	}
	code := randomHex(32)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.center.codes[code] = &authCode{
		signIn:    &signIn{client, client.directory},
		redirect:  v.Get("redirect_uri"),
		challenge: v.Get("code_challenge"),
		expires:   c.now.Add(codeLife),
	}
	return back(v, "code", code), nil
}

func (s *Server) askDevice(c restCall) (any, error) {
	code := c.URL.Query().Get("user_code")
	if code == "" {
		return newPage(http.StatusOK, pageContent{Title: "Enter the code of your device", Enter: true}), nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.center.pending(code, c.now)
	if d == nil {
		return errorPage(http.StatusBadRequest, "The code is unknown, expired or used."), nil
	}
	return newPage(http.StatusOK, pageContent{
		Title:  "Allow " + d.signIn.client.name + " to access your data?",
		Lines:  []string{"Code: " + d.userCode, "Directory: " + d.signIn.directory.startURL},
		Post:   "/device",
		Fields: []pageField{{"user_code", d.userCode}},
	}), nil
}

func (s *Server) decideDevice(c restCall) (any, error) {
	v, err := url.ParseQuery(string(c.body))
	decision := v.Get("decision")
	if err != nil || decision != "allow" && decision != "deny" {
		return errorPage(http.StatusBadRequest, "Nothing was decided."), nil
	}
	if s.decide(v.Get("user_code"), decision == "allow") != nil {
		return errorPage(http.StatusBadRequest, "The code is unknown, expired or used."), nil
	}
	title := map[string]string{"allow": "Request approved", "deny": "Request denied"}[decision]
	return newPage(http.StatusOK, pageContent{Title: title, Lines: []string{"You can close this window."}}), nil
}
