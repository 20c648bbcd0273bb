package fakeaws

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/transport/http"
)

func iamClient(s *Server, key Key, token string) *iam.Client {
	return iam.New(iam.Options{
		Region:       "us-east-1",
		BaseEndpoint: aws.String(s.URL()),
		Retryer:      aws.NopRetryer{},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: key.ID, SecretAccessKey: key.Secret, SessionToken: token}, nil
		}),
	})
}

func status(err error) int {
	var e *http.ResponseError
	if !errors.As(err, &e) {
		return 0
	}
	return e.HTTPStatusCode()
}

func create(t *testing.T, c *iam.Client) Key {
	t.Helper()
	out, err := c.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{})
	if err != nil {
		t.Fatal(err)
	}
	return Key{*out.AccessKey.AccessKeyId, *out.AccessKey.SecretAccessKey}
}

func signs(t *testing.T, s *Server, key Key) error {
	t.Helper()
	_, err := client(s, key, "").GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	return err
}

// A rotation as a program does it.
func TestRotation(t *testing.T) {
	s, old := start(t)
	before := s.Now().Truncate(time.Second)
	c := iamClient(s, old, "")
	out, err := c.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{})
	if err != nil {
		t.Fatal(err)
	}
	k := out.AccessKey
	if *k.UserName != "dev" || k.Status != types.StatusTypeActive || !strings.HasPrefix(*k.AccessKeyId, "AKIA") || k.CreateDate.Before(before) {
		t.Errorf("key is %s of %s, %s, created %s", *k.AccessKeyId, *k.UserName, k.Status, k.CreateDate)
	}
	fresh := Key{*k.AccessKeyId, *k.SecretAccessKey}
	c = iamClient(s, fresh, "")

	_, err = c.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{})
	wantError(t, err, "LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2")
	if got := status(err); got != 409 {
		t.Errorf("status is %d, want 409", got)
	}
	off := &iam.UpdateAccessKeyInput{AccessKeyId: aws.String(old.ID), Status: types.StatusTypeInactive}
	if _, err := c.UpdateAccessKey(t.Context(), off); err != nil {
		t.Fatal(err)
	}
	wantError(t, signs(t, s, old), "InvalidClientTokenId", "is invalid")
	list, err := c.ListAccessKeys(t.Context(), &iam.ListAccessKeysInput{UserName: aws.String("dev")})
	if err != nil {
		t.Fatal(err)
	}
	keys := list.AccessKeyMetadata
	if len(keys) != 2 || *keys[0].AccessKeyId != old.ID || keys[0].Status != types.StatusTypeInactive ||
		*keys[1].AccessKeyId != fresh.ID || keys[1].Status != types.StatusTypeActive || list.IsTruncated {
		t.Errorf("list is %+v", keys)
	}
	off.Status = types.StatusTypeActive
	if _, err := c.UpdateAccessKey(t.Context(), off); err != nil {
		t.Fatal(err)
	}
	if err := signs(t, s, old); err != nil {
		t.Errorf("a key made active again: %v", err)
	}
	if _, err := c.DeleteAccessKey(t.Context(), &iam.DeleteAccessKeyInput{AccessKeyId: aws.String(old.ID)}); err != nil {
		t.Fatal(err)
	}
	wantError(t, signs(t, s, old), "InvalidClientTokenId", "is invalid")
	_, err = c.DeleteAccessKey(t.Context(), &iam.DeleteAccessKeyInput{AccessKeyId: aws.String(old.ID)})
	wantError(t, err, "NoSuchEntity", "The Access Key with id "+old.ID+" cannot be found.")
	if got := status(err); got != 404 {
		t.Errorf("status is %d, want 404", got)
	}
	if got := s.Keys(userARN); len(got) != 1 || got[0] != (KeyInfo{fresh.ID, true, *k.CreateDate}) {
		t.Errorf("keys are %v, want %s alone", got, fresh.ID)
	}
	if got := s.Calls("DeleteAccessKey"); got != 2 {
		t.Errorf("DeleteAccessKey was called %d times, want 2", got)
	}
}

func TestGetUser(t *testing.T) {
	s, _ := start(t)
	const arn = "arn:aws:iam::210987654321:user/teams/infra/ops"
	out, err := iamClient(s, addUser(t, s, arn), "").GetUser(t.Context(), &iam.GetUserInput{})
	if err != nil {
		t.Fatal(err)
	}
	u := out.User
	if *u.Arn != arn || *u.UserName != "ops" || *u.Path != "/teams/infra/" || !strings.HasPrefix(*u.UserId, "AIDA") || u.CreateDate == nil {
		t.Errorf("user is %s, %s in %s, %s", *u.Arn, *u.UserName, *u.Path, *u.UserId)
	}
}

func TestIAMRefusals(t *testing.T) {
	const denied = "User: " + userARN + " is not authorized to perform: iam:CreateAccessKey on resource: user dev"
	for name, tt := range map[string]struct {
		prepare       func(*Server)
		user          string // who the key is for; "" is the caller
		mfa           bool   // the caller has a session with it
		code, message string // "" where a key is made
	}{
		"allowed":            {func(*Server) {}, "", false, "", ""},
		"another user":       {func(*Server) {}, "other", false, "", ""},
		"no such user":       {func(*Server) {}, "none", false, "NoSuchEntity", "The user with name none cannot be found."},
		"user elsewhere":     {func(*Server) {}, "far", false, "NoSuchEntity", "The user with name far cannot be found."},
		"odd name":           {func(*Server) {}, "a b", false, "ValidationError", "at 'userName'"},
		"MFA missing":        {func(s *Server) { s.RequireMFA(userARN) }, "", false, "AccessDenied", denied + " with an explicit deny in an identity-based policy"},
		"MFA present":        {func(s *Server) { s.RequireMFA(userARN) }, "", true, "", ""},
		"forbidden":          {func(s *Server) { s.ForbidIAM(userARN, "iam:CreateAccessKey") }, "", true, "AccessDenied", denied + " because no identity-based policy allows the iam:CreateAccessKey action"},
		"all forbidden":      {func(s *Server) { s.ForbidIAM(userARN) }, "", false, "AccessDenied", "because no identity-based policy"},
		"other is forbidden": {func(s *Server) { s.ForbidIAM(userARN, "DeleteAccessKey"); s.ForbidIAM(otherARN) }, "", false, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s, key := start(t)
			addUser(t, s, otherARN)
			addUser(t, s, "arn:aws:iam::999999999999:user/far")
			tt.prepare(s)
			token := ""
			if tt.mfa {
				key, token = sessionKey(t, s, key, addDevice(t, s, userARN).Serial)
			}
			in := &iam.CreateAccessKeyInput{}
			if tt.user != "" {
				in.UserName = aws.String(tt.user)
			}
			_, err := iamClient(s, key, token).CreateAccessKey(t.Context(), in)
			if tt.code != "" {
				wantError(t, err, tt.code, tt.message)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

func TestSessionsAtIAM(t *testing.T) {
	s, key := start(t)
	temp, token := sessionKey(t, s, key, "")
	_, err := iamClient(s, temp, token).ListAccessKeys(t.Context(), &iam.ListAccessKeysInput{})
	wantError(t, err, "InvalidClientTokenId", "The security token included in the request is invalid")
	if got := status(err); got != 403 {
		t.Errorf("status is %d, want 403", got)
	}
	in := &iam.UpdateAccessKeyInput{AccessKeyId: aws.String(key.ID), Status: types.StatusTypeInactive}
	if _, err := iamClient(s, key, "").UpdateAccessKey(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	if _, err := client(s, temp, token).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{}); err != nil {
		t.Errorf("a session whose key is inactive: %v", err)
	}
	in.Status = "Off"
	_, err = iamClient(s, addUser(t, s, otherARN), "").UpdateAccessKey(t.Context(), in)
	wantError(t, err, "ValidationError", "Value 'Off' at 'status'")

	addRole(t, s, Role{ARN: secondARN, Trust: openTrust})
	out, _ := assume(t, s, client(s, temp, token), trusting(t, s, secondARN, "*"))
	role := iamClient(s, Key{*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey}, *out.Credentials.SessionToken)
	_, err = role.GetUser(t.Context(), &iam.GetUserInput{})
	wantError(t, err, "ValidationError", "Must specify userName")
}

func TestKeyLastUsed(t *testing.T) {
	s, key := start(t)
	c := iamClient(s, key, "")
	fresh := create(t, c)
	temp, token := sessionKey(t, s, key, "")
	want := func(k Key, use string) {
		t.Helper()
		out, err := c.GetAccessKeyLastUsed(t.Context(), &iam.GetAccessKeyLastUsedInput{AccessKeyId: &k.ID})
		if err != nil {
			t.Fatal(err)
		}
		u := out.AccessKeyLastUsed
		if got := *u.ServiceName + " " + *u.Region; *out.UserName != "dev" || got != use || (u.LastUsedDate == nil) != (use == "N/A N/A") {
			t.Errorf("%s is %s's and was used at %v in %s, want %s", k.ID, *out.UserName, u.LastUsedDate, got, use)
		}
	}
	want(key, "iam us-east-1") // by this very request
	want(fresh, "N/A N/A")
	if err := signs(t, s, Key{fresh.ID, "wrong"}); err == nil {
		t.Error("a wrong secret signs")
	}
	if _, err := client(s, temp, token).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{}); err != nil {
		t.Fatal(err)
	}
	want(fresh, "N/A N/A")
	if err := signs(t, s, fresh); err != nil {
		t.Fatal(err)
	}
	want(fresh, "sts eu-west-1")
	none := Key{ID: "AKIANONENONENONE"}
	_, err := c.GetAccessKeyLastUsed(t.Context(), &iam.GetAccessKeyLastUsedInput{AccessKeyId: &none.ID})
	wantError(t, err, "NoSuchEntity", none.ID)
}
