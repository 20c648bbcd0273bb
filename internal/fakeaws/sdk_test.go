package fakeaws

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestAssumeRoleThroughTheSDK(t *testing.T) {
	s, key := start(t)
	c := client(s, key, "")
	before := s.Now()
	out, session := assume(t, s, c, admin())

	wantARN := "arn:aws:sts::012345678901:assumed-role/Admin/dev@host"
	if got := *out.AssumedRoleUser.Arn; got != wantARN {
		t.Errorf("session ARN is %s, want %s", got, wantARN)
	}
	if id := *out.AssumedRoleUser.AssumedRoleId; !strings.HasPrefix(id, "AROA") || !strings.HasSuffix(id, ":dev@host") {
		t.Errorf("AssumedRoleId is %s, want AROA…:dev@host", id)
	}
	if !strings.HasPrefix(*out.Credentials.AccessKeyId, "ASIA") {
		t.Errorf("key is %s, want ASIA…", *out.Credentials.AccessKeyId)
	}
	if lasts := out.Credentials.Expiration.Sub(before); lasts < 59*time.Minute || lasts > time.Hour+time.Minute {
		t.Errorf("session lasts %s, want the default of 1h", lasts)
	}
	if id, ok := awsmiddleware.GetRequestIDMetadata(out.ResultMetadata); !ok || len(id) != 36 {
		t.Errorf("request ID is %q, want a UUID", id)
	}

	who, err := session.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	if err != nil {
		t.Fatal(err)
	}
	if *who.Arn != wantARN || *who.Account != "012345678901" || *who.UserId != *out.AssumedRoleUser.AssumedRoleId {
		t.Errorf("session is %s of %s, %s; want what AssumeRole said", *who.Arn, *who.Account, *who.UserId)
	}
	user, err := c.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	if err != nil {
		t.Fatal(err)
	}
	if *user.Arn != userARN || *user.Account != "210987654321" || !strings.HasPrefix(*user.UserId, "AIDA") {
		t.Errorf("user is %s of %s, %s", *user.Arn, *user.Account, *user.UserId)
	}
}

func TestRequestsAreCounted(t *testing.T) {
	s, key := start(t)
	s.SetLatency("", 20*time.Millisecond) // see Connections
	c := client(s, key, "")
	assume(t, s, c, admin(func(in *sts.AssumeRoleInput) { in.DurationSeconds = aws.Int32(900) }))
	denied := admin(func(in *sts.AssumeRoleInput) { in.RoleArn = aws.String(secondARN) })
	if _, err := c.AssumeRole(t.Context(), denied); err == nil {
		t.Fatal("a role that does not exist was assumed")
	}

	if got := s.Calls("AssumeRole"); got != 2 {
		t.Errorf("AssumeRole was called %d times, want 2", got)
	}
	if got := s.CallsFor("AssumeRole", adminARN); got != 1 {
		t.Errorf("AssumeRole on %s was called %d times, want 1", adminARN, got)
	}
	if got := s.Connections(); got != 1 {
		t.Errorf("%d connections, want 1 for both calls", got)
	}
	want := Request{
		Action: "AssumeRole", RoleARN: adminARN, SessionName: "dev@host", Duration: 15 * time.Minute,
		Region: "eu-west-1", KeyID: key.ID,
	}
	got := s.Requests()[0]
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(Request{}, "Time", "UserAgent")); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
	if !strings.HasPrefix(got.UserAgent, "aws-sdk-go-v2/") {
		t.Errorf("user agent is %q, want the SDK's", got.UserAgent)
	}
}

func TestCredentialsAreChecked(t *testing.T) {
	s, key := start(t)
	out, _ := assume(t, s, client(s, key, ""), admin())
	temp := Key{*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey}
	token := *out.Credentials.SessionToken
	for name, tt := range map[string]struct {
		client        *sts.Client
		code, message string
	}{
		"unknown key":           {client(s, Key{"AKIAUNKNOWNUNKNOWN00", key.Secret}, ""), "InvalidClientTokenId", "The security token included in the request is invalid."},
		"wrong secret":          {client(s, Key{key.ID, "wrong"}, ""), "SignatureDoesNotMatch", "does not match the signature you provided"},
		"session without token": {client(s, temp, ""), "InvalidClientTokenId", "is invalid"},
		"another token":         {client(s, temp, token[1:]), "InvalidClientTokenId", "is invalid"},
		"user with a token":     {client(s, key, token), "InvalidClientTokenId", "is invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := tt.client.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
			wantError(t, err, tt.code, tt.message)
		})
	}
}
