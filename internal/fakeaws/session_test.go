package fakeaws

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// sessionKey returns the credentials of a user's session; serial "" is one without MFA.
func sessionKey(t *testing.T, s *Server, key Key, serial string) (Key, string) {
	t.Helper()
	in := &sts.GetSessionTokenInput{}
	if serial != "" {
		in.SerialNumber, in.TokenCode = aws.String(serial), aws.String(s.Code(serial))
	}
	out, err := client(s, key, "").GetSessionToken(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return Key{*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey}, *out.Credentials.SessionToken
}

func TestSessionTokenLasts(t *testing.T) {
	s, key := start(t)
	now := s.Now().Truncate(time.Second)
	s.SetClock(func() time.Time { return now })
	c := client(s, key, "")
	for asked, want := range map[int32]time.Duration{0: 12 * time.Hour, 899: 0, 900: 15 * time.Minute, 129600: 36 * time.Hour, 129601: 0} {
		in := &sts.GetSessionTokenInput{DurationSeconds: aws.Int32(asked)}
		if asked == 0 {
			in.DurationSeconds = nil
		}
		out, err := c.GetSessionToken(t.Context(), in)
		if want == 0 {
			wantError(t, err, "ValidationError", "at 'durationSeconds'")
		} else if err != nil {
			t.Errorf("%d s: %v", asked, err)
		} else if got := out.Credentials.Expiration.Sub(now); got != want {
			t.Errorf("%d s: session lasts %s, want %s", asked, got, want)
		}
	}
	if got := s.Calls("GetSessionToken"); got != 5 {
		t.Errorf("%d calls are counted, want 5", got)
	}
}

func TestSessionIsTheUser(t *testing.T) {
	s, key := start(t)
	serial := addDevice(t, s, userARN).Serial
	temp, token := sessionKey(t, s, key, serial)
	session := client(s, temp, token)
	user, err := client(s, key, "").GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := session.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	if err != nil {
		t.Fatal(err)
	}
	if *got.Arn != *user.Arn || *got.UserId != *user.UserId || *got.Account != *user.Account {
		t.Errorf("session is %s, %s; want the user's %s, %s", *got.Arn, *got.UserId, *user.Arn, *user.UserId)
	}
	_, err = session.GetSessionToken(t.Context(), &sts.GetSessionTokenInput{})
	wantError(t, err, "AccessDenied", "Cannot call GetSessionToken with session credentials")

	addRole(t, s, Role{ARN: secondARN, MaxSession: 12 * time.Hour, Trust: TrustPolicy(userARN, "")})
	in := &sts.AssumeRoleInput{RoleArn: aws.String(secondARN), RoleSessionName: aws.String("dev"), DurationSeconds: aws.Int32(3601)}
	_, err = session.AssumeRole(t.Context(), in)
	wantError(t, err, "ValidationError", "1 hour session limit")
	in.DurationSeconds = aws.Int32(3600)
	assume(t, s, session, in)
}

func TestSessionKeepsMFA(t *testing.T) {
	s, key := start(t)
	needsMFA := trust(`,"Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}`)
	if err := s.SetTrust(adminARN, needsMFA); err != nil {
		t.Fatal(err)
	}
	temp, token := sessionKey(t, s, key, "")
	_, err := client(s, temp, token).AssumeRole(t.Context(), admin())
	wantError(t, err, "AccessDenied", "sts:AssumeRole")

	temp, token = sessionKey(t, s, key, addDevice(t, s, userARN).Serial)
	s.RequireMFA(userARN)
	_, role := assume(t, s, client(s, temp, token), admin())
	addRole(t, s, Role{ARN: secondARN, Trust: needsMFA})
	_, err = role.AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: aws.String(secondARN), RoleSessionName: aws.String("dev")})
	wantError(t, err, "AccessDenied", "sts:AssumeRole") // a role's session proves no MFA
}

func TestSessionTokenNeedsTheRightCode(t *testing.T) {
	s, key := start(t)
	c := client(s, key, "")
	serial := addDevice(t, s, userARN).Serial
	in := &sts.GetSessionTokenInput{SerialNumber: aws.String(serial), TokenCode: aws.String(s.Code(serial))}
	if _, err := c.GetSessionToken(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	_, err := c.AssumeRole(t.Context(), admin(withCode(serial, *in.TokenCode)))
	wantError(t, err, "AccessDenied", "invalid MFA one time pass code. ") // spent
	in.TokenCode = nil
	_, err = c.GetSessionToken(t.Context(), in)
	wantError(t, err, "ValidationError", "must provide both")
}
