package console

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	smithyhttp "github.com/aws/smithy-go/transport/http"

	"credd/internal/agent/cred"
	"credd/internal/agent/sts"
)

// The limits of SessionDuration (AWS federation endpoint).
const (
	MinDuration = 15 * time.Minute
	MaxDuration = 12 * time.Hour
)

const (
	attempts  = 3                      // of 5 s each at most, as sts.HTTP has it: below 20 s with the pauses
	pause     = 300 * time.Millisecond // before the second; the third waits twice as long
	maxAnswer = 64 << 10               // bytes; a token is some 2 kB
)

// Session is a role's, as a sign-in token is asked for with it.
type Session struct {
	KeyID         string
	Secret, Token cred.Secret
	Duration      time.Duration // of the console session, MinDuration to MaxDuration; 0 for as long as the credentials live
}

// doer is an HTTP client.
type doer interface {
	Do(*http.Request) (*http.Response, error)
}

// Token asks AWS for a sign-in token. Its errors are of type *sts.Error and hold nothing of the session, nor of the answer.
func (s Site) Token(ctx context.Context, client doer, session Session) (cred.Secret, error) {
	form, err := session.form()
	if err != nil {
		return cred.Secret{}, err
	}
	for n := 1; ; n++ {
		token, bad := s.ask(ctx, client, form)
		if bad == nil {
			return token, nil
		}
		if n == attempts || !bad.Passing() {
			return token, bad
		}
		select {
		case <-ctx.Done():
			return token, bad
		case <-time.After(time.Duration(n) * pause):
		}
	}
}

func (o Session) form() (string, error) {
	text, err := json.Marshal(map[string]string{"sessionId": o.KeyID, "sessionKey": o.Secret.Reveal(), "sessionToken": o.Token.Reveal()})
	if err != nil {
		return "", err
	}
	form := url.Values{"Action": {"getSigninToken"}, "SessionType": {"json"}, "Session": {string(text)}}
	if o.Duration != 0 {
		form.Set("SessionDuration", strconv.Itoa(int(o.Duration/time.Second)))
	}
	return form.Encode(), nil
}

// ask sends one request.
func (s Site) ask(ctx context.Context, client doer, form string) (cred.Secret, *sts.Error) {
	r, err := s.request(ctx, form)
	if err != nil {
		return cred.Secret{}, &sts.Error{Reason: sts.Invalid, Message: "the sign-in address of AWS is not a URL"}
	}
	resp, err := client.Do(r)
	if err != nil {
		return cred.Secret{}, unreached(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return cred.Secret{}, unreached(err)
	}
	var answer struct{ SigninToken string }
	switch code := resp.StatusCode; {
	case code == http.StatusTooManyRequests:
		return cred.Secret{}, &sts.Error{Reason: sts.Throttled, Message: fmt.Sprintf("AWS is throttling requests (HTTP %d)", code)}
	case code >= 500:
		return cred.Secret{}, &sts.Error{Reason: sts.Unreachable, Message: fmt.Sprintf("AWS is failing (HTTP %d)", code)}
	case code >= 400:
		return cred.Secret{}, &sts.Error{Reason: sts.Denied, Message: fmt.Sprintf("AWS does not sign this session in (HTTP %d)", code)}
	case code != http.StatusOK || json.Unmarshal(body, &answer) != nil || answer.SigninToken == "":
		return cred.Secret{}, &sts.Error{Reason: sts.Broken, Message: fmt.Sprintf("the answer of AWS sign-in cannot be read (HTTP %d)", code)}
	}
	return cred.NewSecret(answer.SigninToken), nil
}

func (s Site) request(ctx context.Context, form string) (*http.Request, error) {
	if !s.mayPost {
		return http.NewRequestWithContext(ctx, http.MethodGet, s.signin+"?"+form, nil)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.signin, strings.NewReader(form))
	if err == nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return r, err
}

// unreached sorts an error that is no answer. The error itself is not kept: it may quote the URL.
func unreached(err error) *sts.Error {
	e := sts.Sort(&smithyhttp.RequestSendError{Err: err}, time.Now())
	e.Err = nil
	return e
}
