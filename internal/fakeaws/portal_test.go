package fakeaws

import (
	"fmt"
	"regexp"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/sso"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"
)

func roleInput(token *string, account, role string) *sso.GetRoleCredentialsInput {
	return &sso.GetRoleCredentialsInput{AccessToken: token, AccountId: &account, RoleName: &role}
}

func TestRoleCredentialsSign(t *testing.T) {
	s := startSSO(t)
	s.SetSSORoleLife(10 * time.Minute)
	token := signInSSO(t, s, register(t, s)).AccessToken
	before := s.Now()
	out, err := portalOf(s).GetRoleCredentials(t.Context(), roleInput(token, ssoAccountA, "Admin"))
	if err != nil {
		t.Fatal(err)
	}
	rc := out.RoleCredentials
	if lasts := time.UnixMilli(rc.Expiration).Sub(before).Round(time.Minute); lasts != 10*time.Minute {
		t.Errorf("session lasts %s, want 10m", lasts)
	}
	c := client(s, Key{*rc.AccessKeyId, *rc.SecretAccessKey}, *rc.SessionToken)
	who, err := c.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`^arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_[0-9a-f]{16}/user$`).MatchString(*who.Arn) {
		t.Errorf("session is %s", *who.Arn)
	}

	principal := s.SSORoleARN(startURL, ssoAccountA, "Admin")
	addRole(t, s, Role{ARN: secondARN, Trust: TrustPolicy(principal, externalID)})
	assume(t, s, c, admin(func(in *sts.AssumeRoleInput) { in.RoleArn = aws.String(secondARN) }))
	if got := s.CallsFor("GetRoleCredentials", principal); got != 1 {
		t.Errorf("GetRoleCredentials on %s was called %d times, want 1", principal, got)
	}
	s.SetFault(principal, Unavailable)
	_, err = portalOf(s).GetRoleCredentials(t.Context(), roleInput(token, ssoAccountA, "Admin"))
	wantCode(t, err, "ServiceUnavailableException")
	_, err = portalOf(s).GetRoleCredentials(t.Context(), roleInput(token, ssoAccountA, "ReadOnly"))
	wantCode(t, err, "")

	s.Advance(11 * time.Minute)
	_, err = c.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	wantCode(t, err, "ExpiredToken")
}

func TestPortalRefuses(t *testing.T) {
	const unauthorized, forbidden = "UnauthorizedException", "ForbiddenException"
	for name, tt := range map[string]struct {
		before        func(*Server, *string)
		account, role string
		code, message string
	}{
		"another token":   {func(_ *Server, token *string) { *token += "x" }, ssoAccountA, "Admin", unauthorized, "Session token not found or invalid"},
		"expired":         {func(s *Server, _ *string) { s.Advance(time.Hour) }, ssoAccountA, "Admin", unauthorized, "not found or invalid"},
		"ended":           {func(s *Server, _ *string) { s.EndSSO(startURL) }, ssoAccountA, "Admin", unauthorized, "not found or invalid"},
		"another role":    {nil, "222233334444", "Admin", forbidden, "No access"},
		"another account": {nil, "999999999999", "Admin", forbidden, "No access"},
		"throttled":       {func(s *Server, _ *string) { s.ThrottleSSO(1) }, ssoAccountA, "Admin", "TooManyRequestsException", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := startSSO(t)
			token := signInSSO(t, s, register(t, s)).AccessToken
			if tt.before != nil {
				tt.before(s, token)
			}
			_, err := portalOf(s).GetRoleCredentials(t.Context(), roleInput(token, tt.account, tt.role))
			wantError(t, err, tt.code, tt.message)
		})
	}
}

func TestThrottledPortalIsRetried(t *testing.T) {
	s := startSSO(t)
	token := signInSSO(t, s, register(t, s)).AccessToken
	s.ThrottleSSO(2)
	c := portalOf(s, func(o *sso.Options) {
		o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) {
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		})
	})
	if _, err := c.GetRoleCredentials(t.Context(), roleInput(token, ssoAccountA, "Admin")); err != nil {
		t.Error(err)
	}
	if got := s.Calls("GetRoleCredentials"); got != 3 {
		t.Errorf("GetRoleCredentials was called %d times, want 3", got)
	}
}

func TestAssignmentsArePaged(t *testing.T) {
	s := startSSO(t)
	token := signInSSO(t, s, register(t, s)).AccessToken
	list := func() (accounts, roles []string) {
		for p := sso.NewListAccountsPaginator(portalOf(s), &sso.ListAccountsInput{AccessToken: token, MaxResults: aws.Int32(100)}); p.HasMorePages(); {
			out, err := p.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range out.AccountList {
				accounts = append(accounts, fmt.Sprint(*a.AccountId, " ", *a.AccountName, " ", *a.EmailAddress))
			}
		}
		for p := sso.NewListAccountRolesPaginator(portalOf(s), &sso.ListAccountRolesInput{AccessToken: token, AccountId: aws.String(ssoAccountA)}); p.HasMorePages(); {
			out, err := p.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range out.RoleList {
				roles = append(roles, *r.AccountId+" "+*r.RoleName)
			}
		}
		return accounts, roles
	}
	for i, size := range []int{2, 1, 100} {
		s.SetSSOPage(size)
		accounts, roles := list()
		want := []string{"111122223333 acme acme@example.com", "222233334444 beta beta@example.com", "333344445555 gamma gamma@example.com"}
		if diff := cmp.Diff(want, accounts); diff != "" {
			t.Errorf("accounts by %d (-want +got):\n%s", size, diff)
		}
		if diff := cmp.Diff([]string{"111122223333 Admin", "111122223333 ReadOnly", "111122223333 Billing"}, roles); diff != "" {
			t.Errorf("roles by %d (-want +got):\n%s", size, diff)
		}
		if got, want := s.Calls("ListAccounts"), []int{2, 5, 6}[i]; got != want {
			t.Errorf("ListAccounts was called %d times, want %d", got, want)
		}
	}
	_, err := portalOf(s).ListAccounts(t.Context(), &sso.ListAccountsInput{AccessToken: token, NextToken: aws.String("roleList-1")})
	wantCode(t, err, "InvalidRequestException")
	_, err = portalOf(s).ListAccountRoles(t.Context(), &sso.ListAccountRolesInput{AccessToken: token, AccountId: aws.String("999999999999")})
	wantCode(t, err, "ForbiddenException")
}

func TestLogout(t *testing.T) {
	s := startSSO(t)
	c := register(t, s)
	out, other := signInSSO(t, s, c), signInSSO(t, s, c)
	if _, err := portalOf(s).Logout(t.Context(), &sso.LogoutInput{AccessToken: out.AccessToken}); err != nil {
		t.Fatal(err)
	}
	_, err := portalOf(s).Logout(t.Context(), &sso.LogoutInput{AccessToken: out.AccessToken})
	wantCode(t, err, "UnauthorizedException")
	in := tokenInput(c, grantRefresh)
	in.RefreshToken = out.RefreshToken
	_, err = oidcOf(s).CreateToken(t.Context(), in)
	wantCode(t, err, "InvalidGrantException")
	_, err = portalOf(s).ListAccounts(t.Context(), &sso.ListAccountsInput{AccessToken: other.AccessToken})
	wantCode(t, err, "")
}
