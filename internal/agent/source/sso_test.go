package source

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"credd/internal/agent/cred"
	"credd/internal/agent/sts"
	"credd/internal/fakeaws"
)

const (
	portalURL = "https://nw.awsapps.com/start"
	acme      = "111122223333"
)

// shelf is a vault.
type shelf struct {
	mu    sync.Mutex
	items map[string][]byte
	fails error // of Put
}

func (s *shelf) Get(_ context.Context, name string) ([]byte, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	item, ok := s.items[name]
	return slices.Clone(item), ok, nil
}

func (s *shelf) Put(_ context.Context, name string, item []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fails == nil {
		s.items[name] = item
	}
	return s.fails
}

func (s *shelf) Drop(_ context.Context, names ...string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range names {
		delete(s.items, name)
	}
	return nil
}

func (s *shelf) names() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.items))
}

func (s *shelf) breakPut(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fails = err
}

// center is an IAM Identity Center with somebody to log in, and what sources of it need.
type center struct {
	t    *testing.T
	aws  *fakeaws.Server
	deps Deps
	spec Spec // of a role that is assigned
}

func openCenter(t *testing.T) *center {
	t.Helper()
	now := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, now) })
	aws, err := fakeaws.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(aws.Close)
	aws.AssignSSO(portalURL, acme, "acme", "acme@example.com", "Admin", "ReadOnly", "Billing")
	aws.AssignSSO(portalURL, "444455556666", "beta", "beta@example.com", "ReadOnly")
	aws.AssignSSO(portalURL, "222233334444", "beta", "other@example.com", "ReadOnly")
	http := sts.NewHTTP()
	t.Cleanup(http.Close)
	c := &center{t: t, aws: aws}
	c.deps = Deps{AWSDir: t.TempDir(), HTTP: http, Vault: &shelf{items: map[string][]byte{}}, Now: aws.Now}
	c.spec = Spec{Name: "work", Type: "sso", StartURL: portalURL, SSORegion: "eu-west-1", Services: aws.URL(), AccountID: acme, RoleName: "Admin"}
	c.restart()
	return c
}

// restart forgets all that is not in the vault.
func (c *center) restart() { c.deps.Logins = NewLogins(c.deps.HTTP, c.deps.Vault, c.deps.Now) }

func (c *center) source(change ...func(*Spec)) *SSO {
	spec := c.spec
	for _, f := range change {
		f(&spec)
	}
	return newSSO(spec, c.deps)
}

// logIn returns a source whose login a person has just allowed.
func (c *center) logIn() *SSO {
	c.t.Helper()
	s := c.source()
	if err := s.Login(c.t.Context(), How{}, func(st Step) { c.decide(st, "allow") }); err != nil {
		c.t.Fatal(err)
	}
	return s
}

// visit is what a browser does at one address. It follows no redirect by itself.
func visit(method, address, form string) (status int, header http.Header, body string, err error) {
	r, err := http.NewRequest(method, address, strings.NewReader(form))
	if err != nil {
		return 0, nil, "", err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	transport := &http.Transport{DisableKeepAlives: true}
	resp, err := transport.RoundTrip(r)
	if err != nil {
		return 0, nil, "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp.StatusCode, resp.Header, string(text), err
}

// consent makes the person's decision on AWS's page and returns where the browser is sent.
func (c *center) consent(st Step, decision string) string {
	page, query, _ := strings.Cut(st.URL, "?")
	_, header, body, err := visit(http.MethodPost, page, query+"&decision="+decision)
	if err != nil || header.Get("Location") == "" {
		c.t.Errorf("AWS's page sends the browser nowhere: %v %s", err, body)
	}
	return header.Get("Location")
}

// decide goes on to credd's page.
func (c *center) decide(st Step, decision string) (status int, header http.Header, body string) {
	status, header, body, err := visit(http.MethodGet, c.consent(st, decision), "")
	if err != nil {
		c.t.Error(err)
	}
	return status, header, body
}

// ssoError checks an error's kind and text, and that it gives nothing away.
func ssoError(t *testing.T, err error, kind Kind, text string) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Kind != kind || !strings.Contains(e.Message+" "+e.Hint, text) {
		t.Errorf("got %v, want kind %d, %q", err, kind, text)
	}
	quiet(t, fmt.Sprintf("%v %+v %#v", err, err, err))
}

// quiet fails where text holds a token or a client's secret.
func quiet(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		for _, secret := range []string{"aoa", "aor"} {
			if i := strings.Index(text, secret); i >= 0 && len(text) > i+100 && !strings.ContainsAny(text[i:i+100], " .:") {
				t.Errorf("a token is in %s", text)
			}
		}
	}
}

func alive(t *testing.T, s *SSO) *cred.Session {
	t.Helper()
	session, err := s.Credentials(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return session
}

func TestSSOCredentials(t *testing.T) {
	c := openCenter(t)
	s := c.logIn()
	session := alive(t, s)
	if session.AccountID != acme || !strings.HasPrefix(session.AccessKeyID, "ASIA") || !session.Temporary() || session.Issued.IsZero() {
		t.Errorf("got %+v, want a session of %s", session, acme)
	}
	if left := session.Left(c.aws.Now()).Round(time.Minute); left != time.Hour || !s.State().Until.Equal(session.Expires) {
		t.Errorf("got %v left and %v, want 1h", left, s.State().Until)
	}
	by := sts.Caller{Session: session, Region: "eu-west-1", Endpoint: c.aws.URL()}
	who, err := sts.New(c.deps.HTTP, c.deps.Now).Identity(t.Context(), by)
	if err != nil || who.AccountID != acme || !strings.Contains(who.ARN, "AWSReservedSSO_Admin_") {
		t.Errorf("got %+v, %v; want the role's identity", who, err)
	}
	if again := alive(t, s); again != session || c.aws.Calls("GetRoleCredentials") != 1 {
		t.Error("a session that lives was got anew")
	}

	other := c.source(func(spec *Spec) { spec.Name, spec.AccountID, spec.RoleName = "other", "222233334444", "ReadOnly" })
	if got := alive(t, other).AccountID; got != "222233334444" || c.aws.Calls("CreateToken") != 1 {
		t.Errorf("got %s with %d logins, want another account with the same one", got, c.aws.Calls("CreateToken"))
	}
	s.held.drop()
	if again := alive(t, s); again.AccessKeyID == session.AccessKeyID {
		t.Error("got the session that was invalidated")
	}
	if a, b := s.Fingerprint(), other.Fingerprint(); a == b || !strings.HasPrefix(a, "sso ") {
		t.Errorf("got the fingerprints %s and %s", a, b)
	}
}

func TestSSORestart(t *testing.T) {
	c := openCenter(t)
	c.logIn()
	if got, want := c.deps.Vault.(*shelf).names(), []string{"sso/eu-west-1/" + portalURL + " at " + c.aws.URL()}; !slices.Equal(got, want) {
		t.Errorf("got %q in the vault, want %q", got, want)
	}
	c.restart()
	alive(t, c.source(func(spec *Spec) { spec.StartURL += "/#/" }))
	if c.aws.Calls("RegisterClient") != 1 || c.aws.Calls("CreateToken") != 1 {
		t.Error("a restart asked AWS for a login")
	}
	if err := c.source().Login(t.Context(), How{}, func(st Step) { c.decide(st, "allow") }); err != nil || c.aws.Calls("RegisterClient") != 1 {
		t.Errorf("got %v with %d registrations, want that of the vault", err, c.aws.Calls("RegisterClient"))
	}
	c.aws.Advance(61 * 24 * time.Hour)
	if err := c.source().Login(t.Context(), How{}, func(st Step) { c.decide(st, "allow") }); err != nil || c.aws.Calls("RegisterClient") != 2 {
		t.Errorf("got %v with %d registrations, want a new one near the end of the first", err, c.aws.Calls("RegisterClient"))
	}
}

func TestSSOErrors(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*Spec)
		before func(*center)
		kind   Kind
		text   string
	}{
		"listing only":    {change: func(s *Spec) { s.AccountID, s.RoleName = "", "" }, kind: Config, text: "source work has no account and role"},
		"another role":    {change: func(s *Spec) { s.RoleName = "Root" }, kind: Config, text: "no access: role Root of account 111122223333 is not assigned to you"},
		"another account": {change: func(s *Spec) { s.AccountID = "999999999999" }, kind: Config, text: "no access: role Admin of account 999999999999"},
		"another login":   {change: func(s *Spec) { s.StartURL = "https://other.example/start" }, kind: Login, text: "source work needs a login log in with: credd login work"},
		"another region":  {change: func(s *Spec) { s.SSORegion = "us-east-1" }, kind: Login, text: "source work needs a login"},
		"no region":       {change: func(s *Spec) { s.SSORegion = "evil.example/" }, kind: Config, text: "not a region"},
		"no URL":          {change: func(s *Spec) { s.StartURL = "nw" }, kind: Config, text: "not a URL"},
		"ended":           {before: func(c *center) { c.aws.EndSSO(portalURL) }, kind: Login, text: "source work needs a login: the last one to IAM Identity Center has ended log in with: credd login work"},
		"vault of junk": {before: func(c *center) {
			c.restart()
			for _, name := range c.deps.Vault.(*shelf).names() {
				c.deps.Vault.Put(t.Context(), name, []byte("junk"))
			}
		}, kind: Login, text: "source work needs a login"},
	} {
		t.Run(name, func(t *testing.T) {
			c := openCenter(t)
			c.logIn()
			if tt.before != nil {
				tt.before(c)
			}
			var change []func(*Spec)
			if tt.change != nil {
				change = append(change, tt.change)
			}
			s := c.source(change...)
			_, err := s.Credentials(t.Context())
			ssoError(t, err, tt.kind, tt.text)
			if notes := s.State().Notes; tt.kind == Login && len(notes) != 1 {
				t.Errorf("got the notes %q, want one on the login", notes)
			}
		})
	}
}

func TestSSOFailures(t *testing.T) {
	c := openCenter(t)
	s := c.logIn()
	for fault, want := range map[fakeaws.Fault]sts.Reason{
		fakeaws.Unavailable: sts.Unreachable, fakeaws.Throttle: sts.Throttled, fakeaws.Drop: sts.Unreachable, fakeaws.InvalidXML: sts.Broken,
	} {
		t.Run(string(fault), func(t *testing.T) {
			c.aws.SetFault("", fault)
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			_, err := s.Credentials(ctx)
			if e := sts.Sort(err, c.aws.Now()); err == nil || e.Reason != want {
				t.Errorf("got %v (reason %d), want reason %d", err, e.Reason, want)
			}
		})
	}
}

func TestSSOThrottledOnce(t *testing.T) {
	c := openCenter(t)
	s := c.logIn()
	c.aws.ThrottleSSO(2)
	alive(t, s)
	if got := c.aws.Calls("GetRoleCredentials"); got != 3 {
		t.Errorf("got %d calls, want 3", got)
	}
}

func TestSSOAccounts(t *testing.T) {
	want := []Account{
		{acme, "acme", "acme@example.com", []string{"Admin", "Billing", "ReadOnly"}},
		{"222233334444", "beta", "other@example.com", []string{"ReadOnly"}},
		{"444455556666", "beta", "beta@example.com", []string{"ReadOnly"}},
	}
	c := openCenter(t)
	c.logIn()
	s := c.source(func(spec *Spec) { spec.AccountID, spec.RoleName = "", "" })
	for _, throttled := range []int{0, 2} {
		c.aws.ThrottleSSO(throttled)
		got, err := s.Accounts(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("accounts (-want +got):\n%s", diff)
		}
	}
	c.aws.EndSSO(portalURL)
	_, err := s.Accounts(t.Context())
	ssoError(t, err, Login, "needs a login")

	for i := range 30 {
		c.aws.AssignSSO(portalURL, fmt.Sprintf("%012d", i), fmt.Sprintf("c%02d", i), "", "Admin")
	}
	c.logIn()
	c.aws.SetLatency("", 10*time.Millisecond)
	peak, stop := 0, make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
				peak = max(peak, c.aws.InFlight())
			}
		}
	})
	all, err := s.Accounts(t.Context())
	close(stop)
	watch.Wait()
	if err != nil || len(all) != 33 || peak > ssoListAtOnce || peak < 2 {
		t.Errorf("got %d accounts, %v, with %d calls at once; want 33 with at most 4", len(all), err, peak)
	}
}

func TestSSOLogout(t *testing.T) {
	c := openCenter(t)
	s := c.logIn()
	other := c.source(func(spec *Spec) { spec.Name, spec.RoleName = "other", "ReadOnly" })
	alive(t, s)
	alive(t, other)
	if err := s.Logout(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := c.deps.Vault.(*shelf).names(); len(got) != 0 || c.aws.Calls("Logout") != 1 {
		t.Errorf("got %q in the vault and %d calls, want nothing left", got, c.aws.Calls("Logout"))
	}
	for _, s := range []*SSO{s, other} {
		if !s.State().Until.IsZero() {
			t.Error("a session outlived the logout")
		}
		_, err := s.Credentials(t.Context())
		ssoError(t, err, Login, "needs a login")
	}
	if err := s.Logout(t.Context()); err != nil {
		t.Errorf("got %v, want a second logout to be nothing", err)
	}

	t.Run("ended", func(t *testing.T) {
		s := c.logIn()
		c.aws.EndSSO(portalURL)
		if err := s.Logout(t.Context()); err != nil || len(c.deps.Vault.(*shelf).names()) != 0 {
			t.Errorf("got %v, want what AWS no longer knows forgotten", err)
		}
	})
	t.Run("access token expired", func(t *testing.T) {
		s, calls := c.logIn(), c.aws.Calls("Logout")
		c.aws.Advance(2 * time.Hour)
		if err := s.Logout(t.Context()); err != nil || c.aws.Calls("Logout") != calls+1 {
			t.Errorf("got %v with %d calls, want AWS told", err, c.aws.Calls("Logout")-calls)
		}
	})
	t.Run("AWS down", func(t *testing.T) {
		s := c.logIn()
		c.aws.Stop()
		defer c.aws.Start()
		err := s.Logout(t.Context())
		if e := sts.Sort(err, c.aws.Now()); err == nil || e.Reason != sts.Unreachable || len(c.deps.Vault.(*shelf).names()) != 0 {
			t.Errorf("got %v, want AWS not reached and all forgotten here", err)
		}
	})
}

func TestSSOPlaces(t *testing.T) {
	for _, tt := range []struct{ region, services, want string }{
		{"eu-west-1", "", "https://oidc.eu-west-1.amazonaws.com/authorize"},
		{"us-gov-west-1", "", "https://oidc.us-gov-west-1.amazonaws.com/authorize"},
		{"cn-north-1", "", "https://oidc.cn-north-1.amazonaws.com.cn/authorize"},
		{"eusc-de-east-1", "", "https://oidc.eusc-de-east-1.amazonaws.eu/authorize"},
		{"us-iso-east-1", "", "https://oidc.us-iso-east-1.c2s.ic.gov/authorize"},
		{"us-isob-east-1", "", "https://oidc.us-isob-east-1.sc2s.sgov.gov/authorize"},
		{"eu-isoe-west-1", "", "https://oidc.eu-isoe-west-1.cloud.adc-e.uk/authorize"},
		{"us-isof-south-1", "", "https://oidc.us-isof-south-1.csp.hci.ic.gov/authorize"},
		{"xx-new-1", "", "https://oidc.xx-new-1.amazonaws.com/authorize"},
		{"eu-west-1", "http://127.0.0.1:1/", "http://127.0.0.1:1/authorize"},
		{"eu-west-1", "http://127.0.0.1:1/sim", "http://127.0.0.1:1/sim/authorize"},
	} {
		if got, err := (ssoPlace{portalURL, tt.region, tt.services}).authorizePage(t.Context()); err != nil || got != tt.want {
			t.Errorf("got %s, %v; want %s", got, err, tt.want)
		}
	}
}

// gate holds calls for a role's credentials back, once AWS has answered them.
type gate struct {
	aws.HTTPClient
	reached, open chan struct{}
}

func (g *gate) Do(r *http.Request) (*http.Response, error) {
	resp, err := g.HTTPClient.Do(r)
	if strings.HasSuffix(r.URL.Path, "/federation/credentials") && err == nil && resp.StatusCode == http.StatusOK {
		g.reached <- struct{}{}
		<-g.open
	}
	return resp, err
}

// A session that was asked for before a logout or another login is kept by nobody.
func TestSSOGenerations(t *testing.T) {
	for name, tt := range map[string]struct {
		meanwhile func(*testing.T, *center, *SSO)
		ended     bool
	}{
		"logout":                    {func(t *testing.T, _ *center, other *SSO) { logOut(t, other) }, true},
		"logout and login":          {func(t *testing.T, c *center, other *SSO) { logOut(t, other); c.logIn() }, false},
		"another login":             {func(_ *testing.T, c *center, _ *SSO) { c.logIn() }, false},
		"logout where AWS is quiet": {func(t *testing.T, c *center, other *SSO) { c.aws.EndSSO(portalURL); logOut(t, other) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			c := openCenter(t)
			g := &gate{c.deps.HTTP, make(chan struct{}, 9), make(chan struct{})}
			c.deps.HTTP = g
			c.restart()
			c.logIn()
			s, other := c.source(), c.source()
			type answer struct {
				session *cred.Session
				err     error
			}
			got := make(chan answer)
			go func() { session, err := s.Credentials(t.Context()); got <- answer{session, err} }()
			<-g.reached
			tt.meanwhile(t, c, other)
			before := time.Now()
			if !s.State().Until.IsZero() {
				t.Error("there is a session before any was got")
			}
			close(g.open)
			a := <-got
			if tt.ended {
				ssoError(t, a.err, Login, "needs a login")
				if !s.State().Until.IsZero() || !s.held.until().IsZero() {
					t.Error("the session of before is kept")
				}
				return
			}
			if a.err != nil || c.aws.Calls("GetRoleCredentials") != 2 || a.session != s.held.living() || a.session.Issued.Before(before.Add(-time.Second)) {
				t.Errorf("got %v, %v with %d calls; want the session of the new login", a.session, a.err, c.aws.Calls("GetRoleCredentials"))
			}
		})
	}
}

func logOut(t *testing.T, s *SSO) {
	t.Helper()
	if err := s.Logout(t.Context()); err != nil {
		t.Error(err)
	}
}

// State only looks: what another source's logout made stale is neither shown nor taken for current.
func TestSSOStateAfterALogout(t *testing.T) {
	c := openCenter(t)
	s := c.logIn()
	alive(t, s)
	logOut(t, c.source())
	c.logIn()
	for range 2 {
		if !s.State().Until.IsZero() {
			t.Error("a session of before the logout is shown")
		}
	}
	old := s.held.living()
	if got := alive(t, s); got == old {
		t.Error("a session of before the logout is used")
	}
	if s.State().Until.IsZero() {
		t.Error("the new session is not shown")
	}
}

// A logout that fails everywhere is forgotten here all the same, and says all.
func TestSSOLogoutFails(t *testing.T) {
	c := openCenter(t)
	s := c.logIn()
	alive(t, s)
	l, _ := s.at()
	broken := errors.New("the vault is locked")
	l.vault = lockedShelf{l.vault, broken}
	c.aws.Stop()
	defer c.aws.Start()
	err := s.Logout(t.Context())
	if !errors.Is(err, broken) || sts.Sort(err, c.aws.Now()).Reason != sts.Unreachable {
		t.Errorf("got %v, want both failures", err)
	}
	if l.known() != nil || !s.State().Until.IsZero() || !s.held.until().IsZero() {
		t.Error("the login is still known")
	}
}

// lockedShelf gives nothing up.
type lockedShelf struct {
	Vault
	err error
}

func (s lockedShelf) Drop(context.Context, ...string) error { return s.err }

func TestSSOSecretsDoNotPrint(t *testing.T) {
	client := ssoClient{ID: "id", Secret: newVaulted("canary-client"), Grant: ssoCode}
	token := ssoToken{StartURL: portalURL, Access: newVaulted("canary-access"), Refresh: newVaulted("canary-refresh"), Client: client}
	for _, v := range []any{token, &token, client, &client, []ssoToken{token}, map[string]*ssoToken{"x": &token}, struct{ T ssoToken }{token}, &ssoLogin{token: &token}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			text := fmt.Sprintf(verb, v)
			if strings.Contains(text, "canary") || strings.Contains(text, fmt.Sprintf("%x", "canary")) {
				t.Errorf("%s of %T is %s", verb, v, text)
			}
		}
	}
	data, err := json.Marshal(token)
	var back ssoToken
	if err != nil || json.Unmarshal(data, &back) != nil || !back.same(&token) || back.Client.Secret.Reveal() != "canary-client" {
		t.Errorf("got %s, %v; want the vault to have all", data, err)
	}
	if data, err = json.Marshal(ssoToken{}); err != nil || strings.Contains(string(data), "refresh_token") {
		t.Errorf("got %s, %v; want no refresh token", data, err)
	}
}
