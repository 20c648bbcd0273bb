package fakeaws

import (
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ssooidc"
)

// browse sends what a browser sends and stays where it is: the program's port is nobody's here.
func browse(t *testing.T, method, address string, v url.Values) (status int, location, body string) {
	t.Helper()
	var in io.Reader
	if method == http.MethodPost {
		in = strings.NewReader(v.Encode())
	} else {
		address += "?" + v.Encode()
	}
	r, err := http.NewRequestWithContext(t.Context(), method, address, in)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header.Get("Location"), string(b)
}

var hidden = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)">`)

// form returns the hidden fields of a page that asks.
func form(t *testing.T, body string) url.Values {
	t.Helper()
	for _, button := range []string{`<button id="allow" name="decision" value="allow">`, `<button id="deny" name="decision" value="deny">`} {
		if !strings.Contains(body, button) {
			t.Errorf("page has no %s:\n%s", button, body)
		}
	}
	if regexp.MustCompile(`(src|href|action)="(https?:)?//|url\(|<script`).MatchString(body) {
		t.Errorf("page loads or runs something:\n%s", body)
	}
	v := url.Values{}
	for _, m := range hidden.FindAllStringSubmatch(body, -1) {
		v.Set(m[1], m[2])
	}
	return v
}

func TestAuthorizePage(t *testing.T) {
	s := startSSO(t)
	c := register(t, s)
	for decision, want := range map[string]string{
		"allow": `^http://127\.0\.0\.1:49152/oauth/callback\?code=[0-9a-f]{64}&state=a\+state$`,
		"deny":  `^http://127\.0\.0\.1:49152/oauth/callback\?error=access_denied&state=a\+state$`,
		"":      `^$`,
	} {
		status, _, body := browse(t, http.MethodGet, s.URL()+"/authorize", authorizeQuery(c))
		if status != http.StatusOK || strings.Contains(body, *c.ClientSecret) {
			t.Fatalf("%d\n%s", status, body)
		}
		v := form(t, body)
		v.Set("decision", decision)
		_, location, body := browse(t, http.MethodPost, s.URL()+"/authorize", v)
		if !regexp.MustCompile(want).MatchString(location) {
			t.Errorf("%q goes to %q, want %s\n%s", decision, location, want, body)
		}
	}
	if asked, decided := s.Calls("Authorize"), s.Calls("AuthorizeDecision"); asked != 3 || decided != 3 {
		t.Errorf("asked %d times and decided %d times, want 3 each", asked, decided)
	}
}

// A redirect goes only to an address that is the program's for sure.
func TestAuthorizeIsChecked(t *testing.T) {
	s := startSSO(t)
	c := register(t, s)
	deviceOnly := register(t, s, func(in *ssooidc.RegisterClientInput) { in.GrantTypes = []string{grantDevice} })
	const back = "http://127.0.0.1:49152/oauth/callback?error="
	for name, tt := range map[string]struct{ field, value, want string }{
		"unknown client":           {"client_id", "unknown", ""},
		"client without grant":     {"client_id", *deviceOnly.ClientId, ""},
		"another path":             {"redirect_uri", "http://127.0.0.1:49152/other", ""},
		"another host":             {"redirect_uri", "http://127.0.0.1.example.com/oauth/callback", ""},
		"loopback by name":         {"redirect_uri", "http://localhost:49152/oauth/callback", ""},
		"loopback of another sort": {"redirect_uri", "http://[::1]:49152/oauth/callback", ""},
		"user info":                {"redirect_uri", "http://127.0.0.1:1@example.com/oauth/callback", ""},
		"user at loopback":         {"redirect_uri", "http://x@127.0.0.1:49152/oauth/callback", ""},
		"added query":              {"redirect_uri", callback + "?x=1", ""},
		"added fragment":           {"redirect_uri", callback + "#x", ""},
		"https":                    {"redirect_uri", "https://127.0.0.1:49152/oauth/callback", ""},
		"no redirect":              {"redirect_uri", "", ""},
		"another response":         {"response_type", "token", back + "unsupported_response_type&state=a+state"},
		"no state":                 {"state", "", back + "invalid_request"},
		"plain challenge":          {"code_challenge_method", "plain", back + "invalid_request&state=a+state"},
		"no challenge":             {"code_challenge", "", back + "invalid_request&state=a+state"},
		"another scope":            {"scopes", "sso:admin", back + "invalid_scope&state=a+state"},
	} {
		t.Run(name, func(t *testing.T) {
			v := authorizeQuery(c)
			v.Set(tt.field, tt.value)
			v.Set("decision", "allow")
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				status, location, body := browse(t, method, s.URL()+"/authorize", v)
				if location != tt.want || tt.want == "" && status != http.StatusBadRequest {
					t.Errorf("%s: %d to %q, want %q\n%s", method, status, location, tt.want, body)
				}
			}
		})
	}
}

func TestPageEscapes(t *testing.T) {
	s := startSSO(t)
	const evil = `<script>alert(1)</script>`
	c := register(t, s, func(in *ssooidc.RegisterClientInput) { name := evil; in.ClientName = &name })
	v := authorizeQuery(c)
	v.Set("state", `"><script>`)
	_, _, body := browse(t, http.MethodGet, s.URL()+"/authorize", v)
	if strings.Contains(body, "<script") {
		t.Errorf("page has a script:\n%s", body)
	}
}

func TestDevicePage(t *testing.T) {
	s := startSSO(t)
	c := register(t, s)
	for decision, want := range map[string]string{"allow": "", "deny": "AccessDeniedException", "": "AuthorizationPendingException"} {
		d := startDevice(t, s, c)
		status, _, body := browse(t, http.MethodGet, s.URL()+"/device", url.Values{"user_code": {strings.ToLower(*d.UserCode)}})
		if status != http.StatusOK || strings.Contains(body, *d.DeviceCode) {
			t.Fatalf("%d\n%s", status, body)
		}
		v := form(t, body)
		v.Set("decision", decision)
		browse(t, http.MethodPost, s.URL()+"/device", v)
		_, err := poll(t, s, c, d.DeviceCode)
		wantCode(t, err, want)
	}
	if status, _, _ := browse(t, http.MethodGet, s.URL()+"/device", url.Values{"user_code": {"WRNG-CODE"}}); status != http.StatusBadRequest {
		t.Errorf("a wrong code is answered by %d, want 400", status)
	}
	if _, _, body := browse(t, http.MethodGet, s.URL()+"/device", nil); !strings.Contains(body, `name="user_code"`) {
		t.Errorf("page does not ask for a code:\n%s", body)
	}
	s.SetFault("", Unavailable)
	if status, _, _ := browse(t, http.MethodGet, s.URL()+"/device", nil); status != http.StatusServiceUnavailable {
		t.Errorf("page is answered by %d, want 503", status)
	}
}
