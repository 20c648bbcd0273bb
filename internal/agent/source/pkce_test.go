package source

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"credd/internal/loopback"
)

// port returns the address of this machine that a step's page sends the browser to.
func port(t *testing.T, st Step) *url.URL {
	t.Helper()
	u, err := url.Parse(st.URL)
	if err != nil {
		t.Fatal(err)
	}
	back, err := url.Parse(u.Query().Get("redirect_uri"))
	if err != nil || back.Hostname() != "127.0.0.1" || back.Path != "/oauth/callback" {
		t.Fatalf("got %v, %v; want a port of this machine", back, err)
	}
	return back
}

func wantClosed(t *testing.T, st Step) {
	t.Helper()
	if conn, err := net.Dial("tcp", port(t, st).Host); err == nil {
		conn.Close()
		t.Error("the port is open after the login")
	}
}

func TestBrowserLogin(t *testing.T) {
	c := openCenter(t)
	s := c.source()
	var step Step
	told := 0
	err := s.Login(t.Context(), How{}, func(st Step) {
		step, told = st, told+1
		status, header, body := c.decide(st, "allow")
		if status != http.StatusOK || !strings.Contains(body, "Logged in") {
			t.Errorf("got %d %s, want a page that says so", status, body)
		}
		if header.Get("Cache-Control") != "no-store" || header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("got %v, want a page that stays here", header)
		}
		quiet(t, body, st.URL)
	})
	if err != nil || told != 1 || step.Code != "" {
		t.Fatalf("got %v and %d steps, want one without a code", err, told)
	}
	wantClosed(t, step)
	q := port(t, step)
	u, _ := url.Parse(step.URL)
	for name, want := range map[string]string{"response_type": "code", "code_challenge_method": "S256", "scopes": "sso:account:access", "redirect_uri": q.String()} {
		if got := u.Query().Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if len(u.Query()) != 7 || len(u.Query().Get("state")) < 22 || len(u.Query().Get("code_challenge")) != 43 {
		t.Errorf("got %s, want the protocol's parameters and no other", step.URL)
	}
	alive(t, s)
}

func TestBrowserLoginFails(t *testing.T) {
	for name, tt := range map[string]struct {
		browse func(*center, Step)
		text   string
	}{
		"denied": {func(c *center, st Step) {
			if _, _, body := c.decide(st, "deny"); !strings.Contains(body, "You denied it") {
				c.t.Errorf("got %s, want a page that says so", body)
			}
		}, "the login was denied in the browser"},
		"code used before": {func(c *center, st Step) {
			back := c.consent(st, "allow")
			u, _ := url.Parse(back)
			l, _, _ := c.source().current()
			l.mu.Lock()
			client := *l.clients[ssoCode]
			l.mu.Unlock()
			body := `{"clientId":"` + client.ID + `","clientSecret":"` + client.Secret.Reveal() + `","grantType":"authorization_code","codeVerifier":"guess","redirectUri":"` +
				port(c.t, st).String() + `","code":"` + u.Query().Get("code") + `"}`
			visit(http.MethodPost, c.aws.URL()+"/token", body)
			if status, _, text, _ := visit(http.MethodGet, back, ""); status != http.StatusBadGateway || strings.Contains(text, u.Query().Get("code")) {
				c.t.Errorf("got %d %s, want a page that says that it failed", status, text)
			}
		}, "AWS does not accept the code that the browser brought"},
		"another error": {func(c *center, st Step) {
			q := url.Values{"error": {"<b>invalid</b>"}, "state": {mustQuery(st).Get("state")}}
			if _, _, text, _ := visit(http.MethodGet, port(c.t, st).String()+"?"+q.Encode(), ""); strings.Contains(text, "<b>") {
				c.t.Errorf("the page repeats what it was sent: %s", text)
			}
		}, "AWS ended the login in the browser"},
		"no code": {func(c *center, st Step) {
			visit(http.MethodGet, port(c.t, st).String()+"?state="+mustQuery(st).Get("state"), "")
		}, "without a code"},
	} {
		t.Run(name, func(t *testing.T) {
			c := openCenter(t)
			s := c.source()
			var step Step
			err := s.Login(t.Context(), How{}, func(st Step) { step = st; tt.browse(c, st) })
			ssoError(t, err, Login, tt.text)
			ssoError(t, err, Login, "try again with: credd login work")
			wantClosed(t, step)
			if len(c.deps.Vault.(*shelf).names()) != 0 {
				t.Error("a login that failed is in the vault")
			}
			c.logIn()
			if got := c.aws.Calls("RegisterClient"); got != 2 {
				t.Errorf("got %d registrations, want another after one that failed", got)
			}
		})
	}
}

func mustQuery(st Step) url.Values {
	u, err := url.Parse(st.URL)
	if err != nil {
		panic(err)
	}
	return u.Query()
}

// TestStrangersAtTheCallback has others of this machine call before the person does.
func TestStrangersAtTheCallback(t *testing.T) {
	c := openCenter(t)
	s := c.source()
	err := s.Login(t.Context(), How{}, func(st Step) {
		back := port(t, st)
		silent, err := net.Dial("tcp", back.Host) // as browsers open connections ahead
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { silent.Close() })
		state := mustQuery(st).Get("state")
		for target, want := range map[string]int{
			"GET " + back.String():                                      http.StatusBadRequest,
			"GET " + back.String() + "?code=stolen&state=":              http.StatusBadRequest,
			"GET " + back.String() + "?code=stolen&state=" + state[1:]:  http.StatusBadRequest,
			"GET " + back.String() + "?error=access_denied&state=wrong": http.StatusBadRequest,
			"POST " + back.String() + "?code=stolen&state=" + state:     http.StatusMethodNotAllowed,
			"GET http://" + back.Host + "/":                             http.StatusNotFound,
			"GET http://" + back.Host + "/favicon.ico?state=" + state:   http.StatusNotFound,
		} {
			method, address, _ := strings.Cut(target, " ")
			if status, _, _, err := visit(method, address, ""); err != nil || status != want {
				t.Errorf("%s: got %d, %v; want %d", target, status, err, want)
			}
		}
		location := c.consent(st, "allow")
		if status, _, _, err := visit(http.MethodGet, location, ""); err != nil || status != http.StatusOK {
			t.Errorf("got %d, %v; want the person let through", status, err)
		}
		if status, _, _, err := visit(http.MethodGet, location, ""); err == nil && status != http.StatusBadRequest {
			t.Errorf("got %d, want the same answer refused a second time", status)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := c.aws.Calls("CreateToken"); got != 1 {
		t.Errorf("got %d calls for tokens, want that of the person alone", got)
	}
}

func TestBrowserLoginGivenUp(t *testing.T) {
	for name, tt := range map[string]struct {
		patience time.Duration
		act      func(*center, Step, context.CancelFunc)
		text     string
		cause    error
	}{
		"cancelled": {ssoPatience, func(_ *center, _ Step, cancel context.CancelFunc) { cancel() }, "the login was not finished in the browser", context.Canceled},
		"too long":  {100 * time.Millisecond, func(*center, Step, context.CancelFunc) {}, "not finished in the browser within a minute", context.DeadlineExceeded},
		"cancelled while AWS stalls": {ssoPatience, func(c *center, st Step, cancel context.CancelFunc) {
			back := c.consent(st, "allow")
			c.aws.SetFault("", "stall")
			go func() {
				c.aws.WaitInFlight(c.t.Context(), 1)
				cancel()
			}()
			visit(http.MethodGet, back, "")
		}, "the login was not finished in the browser", context.Canceled},
	} {
		t.Run(name, func(t *testing.T) {
			c := openCenter(t)
			s := c.source()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			c.deps.Logins.patience = tt.patience
			var step Step
			err := s.Login(ctx, How{}, func(st Step) { step = st; tt.act(c, st, cancel) })
			ssoError(t, err, Login, tt.text)
			if !errors.Is(err, tt.cause) {
				t.Errorf("got %v, want %v as its cause", err, tt.cause)
			}
			wantClosed(t, step)
		})
	}
}

func TestTwoLoginsAtOnce(t *testing.T) {
	c := openCenter(t)
	s := c.source()
	var first, second Step
	err := s.Login(t.Context(), How{}, func(st Step) {
		first = st
		if err := c.source().Login(t.Context(), How{}, func(st Step) { second = st; c.decide(st, "allow") }); err != nil {
			t.Error(err)
		}
		c.decide(first, "allow")
	})
	if err != nil || first.URL == second.URL {
		t.Errorf("got %v, want both to work by themselves", err)
	}
	alive(t, s)
}

func TestLoginAtAnUnknownStartURL(t *testing.T) {
	c := openCenter(t)
	s := c.source(func(spec *Spec) { spec.StartURL = "https://other.example/start" })
	for _, how := range []How{{}, {Device: true}} {
		err := s.Login(t.Context(), how, func(Step) { t.Error("a person was asked") })
		ssoError(t, err, Config, "IAM Identity Center in eu-west-1 does not accept the start URL https://other.example/start")
	}
}

// TestCallbackHost has a page of another name lead here (DNS rebinding).
func TestCallbackHost(t *testing.T) {
	c := openCenter(t)
	err := c.source().Login(t.Context(), How{}, func(st Step) {
		back := port(t, st)
		for host, want := range map[string]int{
			"evil.example": http.StatusMisdirectedRequest, "evil.example:" + back.Port(): http.StatusMisdirectedRequest,
			"127.0.0.1": http.StatusMisdirectedRequest, "localhost:" + back.Port(): http.StatusMisdirectedRequest,
			back.Host: http.StatusBadRequest,
		} {
			r, err := http.NewRequest(http.MethodGet, back.String(), nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Host = host
			resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != want {
				t.Errorf("%s: got %d, want %d", host, resp.StatusCode, want)
			}
		}
		c.decide(st, "allow")
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestCallbackCrowd has more connections than there is room for, on which nothing is sent. They end, and the person gets in.
func TestCallbackCrowd(t *testing.T) {
	c := openCenter(t)
	start := time.Now()
	err := c.source().Login(t.Context(), How{}, func(st Step) {
		for range callbackConns + 4 {
			conn, err := net.Dial("tcp", port(t, st).Host)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { conn.Close() })
		}
		if status, _, _ := c.decide(st, "allow"); status != http.StatusOK {
			t.Errorf("got %d", status)
		}
	})
	if took := time.Since(start); err != nil || took < loopback.Timeout || took > 3*loopback.Timeout {
		t.Errorf("got %v after %s, want the person to wait for those before", err, took)
	}
}

// TestCallbackCrowdAtTheEnd is the same when the login is given up.
func TestCallbackCrowdAtTheEnd(t *testing.T) {
	c := openCenter(t)
	ctx, cancel := context.WithCancel(t.Context())
	var start time.Time
	err := c.source().Login(ctx, How{}, func(st Step) {
		for range callbackConns + 4 {
			conn, err := net.Dial("tcp", port(t, st).Host)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { conn.Close() })
		}
		start = time.Now()
		cancel()
	})
	if took := time.Since(start); !errors.Is(err, context.Canceled) || took > 2*time.Second {
		t.Errorf("got %v after %s, want the listener to end at once", err, took)
	}
}
