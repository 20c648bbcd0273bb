package source

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"
	oidctypes "github.com/aws/aws-sdk-go-v2/service/ssooidc/types"

	"credd/internal/loopback"
)

const (
	callbackPath = "/oauth/callback"
	ssoRedirect  = "http://127.0.0.1" + callbackPath // as registered: AWS takes it with any port (RFC 8252, 7.3)

	accessDenied = "access_denied" // by the person (RFC 6749, 4.1.2.1)

	callbackConns = 16 // at once; a browser opens a few, and the next ones wait
)

// askBrowser is the authorization code grant with PKCE: AWS's page sends the browser to a port of this machine that is
// open for that long only (RFC 8252). tell must not wait for the login's end.
//
// Who opens the browser gives it the URL as an argument, and all users of a machine can read those of a process. With the
// state and challenge in it they can end this login with an error, or finish it with a code of their own AWS user; the
// person's code is of no use to them without the verifier, which never leaves this process. A page of ours that leads to the
// URL would have its own address there instead, and show them the same. On a machine that is shared, log in with a code.
func (l *ssoLogin) askBrowser(ctx context.Context, c ssoClient, tell func(Step)) (*ssoToken, error) {
	page, err := l.place.authorizePage(ctx)
	if err != nil {
		return nil, err
	}
	caller := ctx
	ctx, cancel := context.WithTimeout(ctx, l.patience)
	defer cancel()
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, &Error{Kind: Config, Message: "no port of this machine can be opened for the browser: " + err.Error(), Hint: "log in with a code instead", Err: err}
	}
	redirect := "http://" + ln.Addr().String() + callbackPath
	verifier := rand.Text() + rand.Text() // 43 to 128 characters (RFC 7636, 4.1)
	cb := &ssoCallback{host: ln.Addr().String(), state: rand.Text(), done: make(chan struct{})}
	cb.redeem = func(code string) (*ssoToken, error) {
		return l.redeem(ctx, c, &ssooidc.CreateTokenInput{
			GrantType: aws.String(ssoCode), Code: &code, CodeVerifier: &verifier, RedirectUri: &redirect,
		})
	}
	stop := cb.serve(ln)
	challenge := sha256.Sum256([]byte(verifier))
	tell(Step{URL: page + "?" + url.Values{
		"response_type":         {"code"},
		"client_id":             {c.ID},
		"redirect_uri":          {redirect},
		"state":                 {cb.state},
		"code_challenge":        {base64.RawURLEncoding.EncodeToString(challenge[:])},
		"code_challenge_method": {"S256"},
		"scopes":                {ssoScope},
	}.Encode()})
	select {
	case <-cb.done:
	case <-ctx.Done():
	}
	stop()
	select {
	case <-cb.done:
		if cb.err == nil || ctx.Err() == nil {
			return cb.token, cb.err
		}
	default:
	}
	return nil, unfinished(caller, l.patience)
}

// ssoCallback serves the one page to which AWS sends the browser. Anybody on this machine can call it: only who knows the
// state, which AWS's page passes on, is heard.
type ssoCallback struct {
	host   string // and port, as AWS names it
	state  string
	redeem func(code string) (*ssoToken, error)
	taken  atomic.Bool

	done  chan struct{} // closed when the following are set and the page is sent
	token *ssoToken
	err   error
}

// serve starts to serve ln. stop ends that and returns when nothing of it is left.
func (c *ssoCallback) serve(ln net.Listener) (stop func()) {
	door := narrow{ln, make(chan struct{}, callbackConns), make(chan struct{})}
	return loopback.Serve(door, c, func() { <-door.room })
}

// narrow lets as many connections in at once as there is room. Each has to leave it.
type narrow struct {
	net.Listener
	room   chan struct{}
	closed chan struct{}
}

func (n narrow) Close() error { // which the server calls once
	close(n.closed)
	return n.Listener.Close()
}

func (n narrow) Accept() (net.Conn, error) {
	select {
	case n.room <- struct{}{}:
	case <-n.closed:
		return nil, net.ErrClosed
	}
	c, err := n.Listener.Accept()
	if err != nil {
		<-n.room
	}
	return c, err
}

func (c *ssoCallback) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Host != c.host { // a page whose name was made to lead here (DNS rebinding) is not where AWS sends a browser
		ssoPage(w, http.StatusMisdirectedRequest, "Nothing is here", "")
		return
	}
	if r.URL.Path != callbackPath {
		ssoPage(w, http.StatusNotFound, "Nothing is here", "")
		return
	}
	if r.Method != http.MethodGet {
		ssoPage(w, http.StatusMethodNotAllowed, "This is not how a browser comes back", "")
		return
	}
	q := r.URL.Query()
	// A wrong state neither ends nor disturbs the login: it is from somebody else.
	if subtle.ConstantTimeCompare([]byte(q.Get("state")), []byte(c.state)) != 1 || !c.taken.CompareAndSwap(false, true) {
		ssoPage(w, http.StatusBadRequest, "This is not of the login that is under way", "Nothing was changed. Go back to the terminal and start from there.")
		return
	}
	defer close(c.done)
	switch c.token, c.err = c.answer(q); {
	case c.err == nil:
		ssoPage(w, http.StatusOK, "Logged in", "credd has the login now. You can close this window.")
	case q.Get("error") == accessDenied:
		ssoPage(w, http.StatusOK, "Not logged in", "You denied it. You can close this window.")
	default:
		ssoPage(w, http.StatusBadGateway, "Not logged in", "It did not work. The terminal says why.")
	}
}

// answer turns AWS's answer into a token.
func (c *ssoCallback) answer(q url.Values) (*ssoToken, error) {
	switch refusal := q.Get("error"); {
	case refusal == accessDenied:
		return nil, ssoDenied(nil)
	case refusal != "":
		return nil, &Error{Kind: Login, Message: fmt.Sprintf("AWS ended the login in the browser (%.40q)", refusal)}
	case q.Get("code") == "":
		return nil, &Error{Kind: Login, Message: "AWS ended the login in the browser without a code"}
	}
	t, err := c.redeem(q.Get("code"))
	var used *oidctypes.InvalidGrantException
	if errors.As(err, &used) {
		return nil, &Error{Kind: Login, Message: "AWS does not accept the code that the browser brought", Err: err}
	}
	if err != nil {
		return nil, fmt.Errorf("finish the login: %w", err)
	}
	return t, nil
}

const ssoPageHTML = `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>%[1]s</title><link rel="icon" href="data:,">
<style>body{font:16px sans-serif;max-width:32em;margin:4em auto;padding:0 1em}</style>
</head><body><h1>%[1]s</h1><p>%[2]s</p></body></html>
`

// ssoPage answers with a page that loads nothing and does not tell its address, in which a code may be. The texts are ours.
func ssoPage(w http.ResponseWriter, status int, title, text string) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Connection", "close")
	rc := http.NewResponseController(w)
	rc.SetWriteDeadline(time.Now().Add(loopback.Timeout)) // from now: AWS was asked before
	w.WriteHeader(status)
	fmt.Fprintf(w, ssoPageHTML, title, text)
	rc.Flush() // an error is the browser's going away
}
