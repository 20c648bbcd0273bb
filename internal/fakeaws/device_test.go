package fakeaws

import (
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"
)

func startDevice(t *testing.T, s *Server, c *ssooidc.RegisterClientOutput) *ssooidc.StartDeviceAuthorizationOutput {
	t.Helper()
	out, err := oidcOf(s).StartDeviceAuthorization(t.Context(), &ssooidc.StartDeviceAuthorizationInput{
		ClientId: c.ClientId, ClientSecret: c.ClientSecret, StartUrl: aws.String(startURL),
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func poll(t *testing.T, s *Server, c *ssooidc.RegisterClientOutput, code *string) (*ssooidc.CreateTokenOutput, error) {
	t.Helper()
	return oidcOf(s).CreateToken(t.Context(), tokenInput(c, grantDevice, func(in *ssooidc.CreateTokenInput) { in.DeviceCode = code }))
}

// signInDevice returns tokens got without a browser.
func signInDevice(t *testing.T, s *Server, c *ssooidc.RegisterClientOutput) *ssooidc.CreateTokenOutput {
	t.Helper()
	d := startDevice(t, s, c)
	if err := s.ApproveDevice(*d.UserCode); err != nil {
		t.Fatal(err)
	}
	out, err := poll(t, s, c, d.DeviceCode)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestDevice(t *testing.T) {
	s := startSSO(t)
	c, other := register(t, s), register(t, s)
	for name, tt := range map[string]struct {
		decide func(*Server, string) error
		age    time.Duration
		client *ssooidc.RegisterClientOutput
		want   string
	}{
		"allowed":        {(*Server).ApproveDevice, 0, c, ""},
		"denied":         {(*Server).DenyDevice, 0, c, "AccessDeniedException"},
		"undecided":      {nil, 0, c, "AuthorizationPendingException"},
		"expired":        {nil, 10 * time.Minute, c, "ExpiredTokenException"},
		"another client": {(*Server).ApproveDevice, 0, other, "InvalidGrantException"},
	} {
		t.Run(name, func(t *testing.T) {
			d := startDevice(t, s, c)
			if !regexp.MustCompile(`^[B-Z]{4}-[B-Z]{4}$`).MatchString(*d.UserCode) || d.ExpiresIn != 600 || d.Interval != 1 {
				t.Errorf("user code %s for %d s, polled each %d s", *d.UserCode, d.ExpiresIn, d.Interval)
			}
			if got, want := *d.VerificationUriComplete, *d.VerificationUri+"?user_code="+*d.UserCode; got != want {
				t.Errorf("the complete URI is %s, want %s", got, want)
			}
			if !slices.Contains(s.PendingDevices(), *d.UserCode) {
				t.Errorf("%s is not pending", *d.UserCode)
			}
			if tt.decide != nil {
				if err := tt.decide(s, *d.UserCode); err != nil {
					t.Error(err)
				}
				if err := tt.decide(s, *d.UserCode); err == nil {
					t.Error("it was decided twice")
				}
			}
			s.Advance(tt.age)
			if decided := tt.decide != nil || tt.age > 0; decided == slices.Contains(s.PendingDevices(), *d.UserCode) {
				t.Errorf("pending are %q", s.PendingDevices())
			}
			_, err := poll(t, s, tt.client, d.DeviceCode)
			wantCode(t, err, tt.want)
			if tt.want == "" {
				_, err := poll(t, s, c, d.DeviceCode)
				wantCode(t, err, "InvalidGrantException")
			}
		})
	}
}

func TestSlowDown(t *testing.T) {
	s := startSSO(t)
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	s.SetClock(func() time.Time { return at })
	s.SetDeviceInterval(5)
	c := register(t, s)
	d := startDevice(t, s, c)
	if d.Interval != 5 {
		t.Errorf("interval is %d, want 5", d.Interval)
	}
	for i, tt := range []struct {
		after time.Duration
		slow  bool
		want  string
	}{
		{0, false, "AuthorizationPendingException"},
		{0, false, "AuthorizationPendingException"},
		{4 * time.Second, true, "SlowDownException"},
		{5 * time.Second, true, "AuthorizationPendingException"},
	} {
		s.SetSlowDown(tt.slow)
		s.Advance(tt.after)
		_, err := poll(t, s, c, d.DeviceCode)
		if wantCode(t, err, tt.want); t.Failed() {
			t.Fatalf("poll %d", i)
		}
	}
	s.SetDeviceInterval(0)
	if got := startDevice(t, s, c).Interval; got != 1 {
		t.Errorf("interval is %d, want 1", got)
	}
}

func TestStartDeviceIsChecked(t *testing.T) {
	s := startSSO(t)
	c := register(t, s)
	browserOnly := register(t, s, func(in *ssooidc.RegisterClientInput) { in.GrantTypes = []string{grantCode} })
	for name, tt := range map[string]struct {
		client *ssooidc.RegisterClientOutput
		url    string
		want   string
	}{
		"another directory": {c, "https://other", "InvalidRequestException"},
		"another grant":     {browserOnly, startURL, "UnauthorizedClientException"},
		"unknown client":    {&ssooidc.RegisterClientOutput{ClientId: c.ClientId, ClientSecret: aws.String("x")}, startURL, "InvalidClientException"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := oidcOf(s).StartDeviceAuthorization(t.Context(), &ssooidc.StartDeviceAuthorizationInput{
				ClientId: tt.client.ClientId, ClientSecret: tt.client.ClientSecret, StartUrl: &tt.url,
			})
			wantCode(t, err, tt.want)
		})
	}
}
