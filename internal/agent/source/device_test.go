package source

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"credd/internal/agent/sts"
	"credd/internal/fakeaws"
)

func TestDeviceLogin(t *testing.T) {
	for name, tt := range map[string]struct {
		act  func(*center, Step)
		kind Kind
		text string // "" for none: the login works
	}{
		"approved": {func(c *center, st Step) { c.approve(st, c.aws.ApproveDevice) }, 0, ""},
		"denied":   {func(c *center, st Step) { c.approve(st, c.aws.DenyDevice) }, Login, "the login was denied in the browser"},
		"expired":  {func(c *center, _ Step) { c.aws.Advance(11 * time.Minute) }, Login, "the code has expired"},
	} {
		t.Run(name, func(t *testing.T) {
			c := openCenter(t)
			s := c.source()
			err := s.Login(t.Context(), How{Device: true}, func(st Step) {
				if st.URL != c.aws.URL()+"/device?user_code="+st.Code || len(st.Code) != 9 {
					t.Errorf("got %+v, want AWS's page with the code", st)
				}
				tt.act(c, st)
			})
			if tt.text != "" {
				ssoError(t, err, tt.kind, tt.text)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			c.aws.Advance(2 * time.Hour)
			alive(t, s) // a device's login is refreshed too
		})
	}
}

func (c *center) approve(st Step, decide func(string) error) {
	if err := decide(st.Code); err != nil {
		c.t.Error(err)
	}
}

func TestDeviceLoginCancelled(t *testing.T) {
	c := openCenter(t)
	ctx, cancel := context.WithCancel(t.Context())
	err := c.source().Login(ctx, How{Device: true}, func(Step) { cancel() })
	ssoError(t, err, Login, "the login was not finished in the browser")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the cancellation as its cause", err)
	}
}

func TestDeviceLoginWithoutAWS(t *testing.T) {
	c := openCenter(t)
	s := c.source()
	err := s.Login(t.Context(), How{Device: true}, func(Step) { c.aws.SetFault("", fakeaws.Drop) })
	if e := sts.Sort(err, c.aws.Now()); err == nil || e.Reason != sts.Unreachable {
		t.Errorf("got %v, want AWS not reached", err)
	}
}

// polls answers polls in turn, and the last for ever, without a network: its time is the test's.
type polls struct {
	answers []string
	life    int             // seconds of the code, 0 for 600
	at      []time.Duration // of the polls, since the first
	start   time.Time
}

func (p *polls) Do(r *http.Request) (*http.Response, error) {
	io.Copy(io.Discard, r.Body)
	status, body := http.StatusOK, ""
	switch r.URL.Path {
	case "/client/register":
		body = `{"clientId":"id","clientSecret":"secret","clientSecretExpiresAt":4102444800}`
	case "/device_authorization":
		p.start = time.Now()
		body = `{"deviceCode":"d","userCode":"BCDF-GHJK","verificationUri":"https://x","verificationUriComplete":"https://x?y","expiresIn":` + strconv.Itoa(cmp.Or(p.life, 600)) + `,"interval":1}`
	case "/token":
		p.at = append(p.at, time.Since(p.start))
		answer := p.answers[min(len(p.at), len(p.answers))-1]
		status, body = http.StatusBadRequest, `{"error":"x"}`
		if answer == "" {
			status, body = http.StatusOK, `{"accessToken":"aoa","expiresIn":3600,"tokenType":"Bearer"}`
		}
		return respond(r, status, answer, body), nil
	}
	return respond(r, status, "", body), nil
}

func respond(r *http.Request, status int, kind, body string) *http.Response {
	h := http.Header{"Content-Type": {"application/json"}, "X-Amzn-Errortype": {kind}}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Request: r, ProtoMajor: 1, ProtoMinor: 1}
}

func TestPolling(t *testing.T) {
	const pending, slow = "AuthorizationPendingException", "SlowDownException"
	for name, tt := range map[string]struct {
		answers []string
		want    []time.Duration // of the polls, in seconds
		text    string
		life    int
	}{
		"at once":        {[]string{""}, []time.Duration{1}, "", 0},
		"waited":         {[]string{pending, pending, ""}, []time.Duration{1, 2, 3}, "", 0},
		"slowed":         {[]string{pending, slow, pending, slow, ""}, []time.Duration{1, 2, 8, 14, 25}, "", 0},
		"expired":        {[]string{pending, "ExpiredTokenException"}, []time.Duration{1, 2}, "the code has expired", 0},
		"refused":        {[]string{"InvalidGrantException"}, []time.Duration{1}, "AWS ended the login (InvalidGrantException)", 0},
		"for ever":       {[]string{slow, slow, slow, slow, slow, slow, slow, slow, slow, slow, slow, slow, slow, pending}, nil, "not finished in the browser within 5 minutes", 0},
		"AWS gives less": {[]string{pending}, nil, "not finished in the browser within 2 minutes", 90},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &polls{answers: tt.answers, life: tt.life}
				d := Deps{HTTP: p, Vault: &shelf{items: map[string][]byte{}}, Now: time.Now}
				d.Logins = NewLogins(d.HTTP, d.Vault, d.Now)
				s := newSSO(Spec{Name: "work", Type: "sso", StartURL: portalURL, SSORegion: "eu-west-1"}, d)
				err := s.Login(t.Context(), How{Device: true}, func(Step) {})
				if tt.text == "" && err != nil {
					t.Fatal(err)
				}
				if tt.text != "" {
					ssoError(t, err, Login, tt.text)
				}
				for i, want := range tt.want {
					if i >= len(p.at) || p.at[i] != want*time.Second {
						t.Errorf("polled at %v, want %v s", p.at, tt.want)
						break
					}
				}
				if tt.want != nil && len(p.at) != len(tt.want) {
					t.Errorf("polled %d times, want %d", len(p.at), len(tt.want))
				}
			})
		})
	}
}
