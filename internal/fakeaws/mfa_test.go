package fakeaws

import (
	"encoding/base32"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

func addDevice(t *testing.T, s *Server, userARN string) MFADevice {
	t.Helper()
	d, err := s.AddMFADevice(userARN)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func withCode(serial, code string) func(*sts.AssumeRoleInput) {
	return func(in *sts.AssumeRoleInput) { in.SerialNumber, in.TokenCode = aws.String(serial), aws.String(code) }
}

// The values of RFC 6238, appendix B, without their first two digits.
func TestTOTP(t *testing.T) {
	for at, want := range map[int64]string{
		59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130",
	} {
		if got := totp([]byte("12345678901234567890"), at/codeStep); got != want {
			t.Errorf("code at %d is %s, want %s", at, got, want)
		}
	}
}

func TestDevices(t *testing.T) {
	s, _ := start(t)
	first, second := addDevice(t, s, userARN), addDevice(t, s, userARN)
	if first.Serial != "arn:aws:iam::210987654321:mfa/dev" || second.Serial != first.Serial+"-2" {
		t.Errorf("devices are %s and %s", first.Serial, second.Serial)
	}
	seed, err := base32.StdEncoding.DecodeString(first.Seed)
	if err != nil || len(seed) != 20 || len(first.Seed) != 32 {
		t.Errorf("seed is %d bytes in %d characters, %v", len(seed), len(first.Seed), err)
	}
	at := time.Unix(1111111111, 0)
	if got, want := s.CodeAt(first.Serial, at), totp(seed, 1111111111/30); got != want {
		t.Errorf("code is %s, want the seed's %s", got, want)
	}
	if got := s.Code("none"); got != "" {
		t.Errorf("code of no device is %q", got)
	}
	if _, err := s.AddMFADevice(otherARN); err == nil {
		t.Error("nobody got a device")
	}
}

func TestCodes(t *testing.T) {
	const wrong = "MultiFactorAuthentication failed with invalid MFA one time pass code. "
	for name, tt := range map[string]struct {
		off     time.Duration // of the code's time from the server's
		another bool          // user's device
		want    string        // "" where the code is good
	}{
		"now":             {0, false, ""},
		"a step early":    {-30 * time.Second, false, ""},
		"a step late":     {30 * time.Second, false, ""},
		"two steps early": {-time.Minute, false, wrong},
		"two steps late":  {time.Minute, false, wrong},
		"another user's":  {0, true, "unable to validate MFA code.  Please verify"},
	} {
		t.Run(name, func(t *testing.T) {
			s, key := start(t)
			now := s.Now()
			s.SetClock(func() time.Time { return now })
			if err := s.SetTrust(adminARN, trust(`,"Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}`)); err != nil {
				t.Fatal(err)
			}
			addUser(t, s, otherARN)
			owner := userARN
			if tt.another {
				owner = otherARN
			}
			serial := addDevice(t, s, owner).Serial
			in := admin(withCode(serial, s.CodeAt(serial, now.Add(tt.off))))
			c := client(s, key, "")
			_, err := c.AssumeRole(t.Context(), in)
			if tt.want != "" {
				wantError(t, err, "AccessDenied", tt.want)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			_, err = c.AssumeRole(t.Context(), in)
			wantError(t, err, "AccessDenied", wrong) // once only
		})
	}
}

func TestRequireMFA(t *testing.T) {
	s, key := start(t)
	s.RequireMFA(userARN)
	c := client(s, key, "")
	_, err := c.AssumeRole(t.Context(), admin())
	wantError(t, err, "AccessDenied", "User: "+userARN+" is not authorized to perform: sts:AssumeRole on resource: "+adminARN+
		" with an explicit deny in an identity-based policy")
	serial := addDevice(t, s, userARN).Serial
	assume(t, s, c, admin(withCode(serial, s.Code(serial))))
}
