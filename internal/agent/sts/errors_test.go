package sts_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"credd/internal/agent/sts"
)

// answered is an error as the SDK returns it; without a status no answer came with it.
func answered(status int, code, message string) error {
	api := &smithy.GenericAPIError{Code: code, Message: message}
	if status == 0 {
		return api
	}
	return &awshttp.ResponseError{
		ResponseError: &smithyhttp.ResponseError{Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status, Header: http.Header{}}}, Err: api},
		RequestID:     "id-1",
	}
}

func TestSort(t *testing.T) {
	const invalid = "AWS refuses the request (ValidationError): "
	for name, tt := range map[string]struct {
		status        int
		code, message string
		reason        sts.Reason
		passing       bool
		want          string
	}{
		"provider":          {400, "IDPCommunicationError", "canary", sts.Unreachable, true, "AWS is failing (IDPCommunicationError)"},
		"slow down":         {400, "SlowDownException", "canary", sts.Throttled, true, "AWS is throttling requests (SlowDownException)"},
		"sign-in throttles": {429, "TooManyRequestsError", "canary", sts.Throttled, true, "AWS is throttling requests (TooManyRequestsError)"},
		"another throttles": {429, "NewThrottle", "canary", sts.Throttled, true, "AWS is throttling requests (NewThrottle)"},
		"busy entity":       {409, "EntityTemporarilyUnmodifiable", "canary", sts.Throttled, true, "AWS asks to wait (EntityTemporarilyUnmodifiable)"},
		"no entity":         {404, "NoSuchEntity", "canary", sts.Rejected, false, "AWS refuses: NoSuchEntity"},
		"quota":             {409, "LimitExceeded", "canary", sts.Rejected, false, "AWS refuses: LimitExceeded"},
		"opt in":            {403, "OptInRequired", "canary", sts.Rejected, false, "AWS refuses: OptInRequired"},
		"known, no answer":  {0, "OptInRequired", "canary", sts.Rejected, false, "AWS refuses: OptInRequired"},
		"unknown 4xx":       {400, "SomethingNewException", "canary", sts.Rejected, false, "AWS refuses: SomethingNewException"},
		"unknown 5xx":       {503, "SomethingNewException", "canary", sts.Unreachable, true, "AWS is failing (SomethingNewException)"},
		"unknown 200":       {200, "SomethingNewException", "canary", sts.Broken, true, `an answer that is not AWS's usual form (HTTP 200, "SomethingNewException")`},
		"unknown, none":     {0, "SomethingNewException", "canary", sts.Broken, true, "unexpected error of AWS (SomethingNewException)"},
		"no code":           {400, "UnknownError", "canary", sts.Broken, true, `an answer that is not AWS's usual form (HTTP 400, "UnknownError")`},
		"empty code":        {403, "", "canary", sts.Broken, true, `an answer that is not AWS's usual form (HTTP 403, "")`},
		"odd code":          {403, "<b>\x1b[2J", "canary", sts.Broken, true, `an answer that is not AWS's usual form (HTTP 403, "<b>\x1b[2J")`},
		"long code":         {403, strings.Repeat("x", 99), "canary", sts.Broken, true, `an answer that is not AWS's usual form (HTTP 403, "` + strings.Repeat("x", 40) + `")`},
		"MFA": {403, "AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code.", sts.WrongCode, false,
			"AWS does not accept the MFA code"},

		"quoted": {400, "ValidationError", "1 validation error detected: Value 'canary' at 'roleSessionName' failed to satisfy constraint: x", sts.Invalid, false,
			invalid + "1 validation error detected: Value at 'roleSessionName' failed to satisfy constraint: x"},
		"quoted twice": {400, "ValidationError", "2 validation errors detected: Value 'can\nary' at 'a' failed; Value 'o'canary' at 'b' failed", sts.Invalid, false,
			invalid + "2 validation errors detected: Value at 'a' failed; Value at 'b' failed"},
		"quoted without end": {400, "ValidationError", "Value 'canary", sts.Invalid, false, invalid + "Value"},
		"external ID": {400, "ValidationError", "Value 'canary' at 'externalId' failed", sts.Invalid, false,
			invalid + "the external ID is not valid"},
		"not quoted": {400, "ValidationError", "Request ARN is invalid", sts.Invalid, false, invalid + "Request ARN is invalid"},
		"denied": {403, "AccessDenied", "x because Value 'canary' at 'y' is odd", sts.Denied, false,
			"denied by AWS because Value at 'y' is odd"},
		"denied explicitly": {403, "AccessDenied", "x with an explicit deny in a service control policy", sts.Denied, false,
			"denied by AWS with an explicit deny in a service control policy"},
	} {
		t.Run(name, func(t *testing.T) {
			e := sts.Sort(answered(tt.status, tt.code, tt.message), time.Now())
			if e.Reason != tt.reason || e.Passing() != tt.passing || e.Message != tt.want || e.Code != tt.code {
				t.Errorf("got reason %d, passing %v, %s, %q; want %d, %v, %q", e.Reason, e.Passing(), e.Code, e.Message, tt.reason, tt.passing, tt.want)
			}
			if strings.Contains(e.Message, "canary") {
				t.Errorf("the message quotes the request: %s", e.Message)
			}
			if tt.status != 0 && e.RequestID != "id-1" {
				t.Errorf("got the request ID %q", e.RequestID)
			}
		})
	}
	if e := sts.Sort(errors.New("canary"), time.Now()); e.Reason != sts.Broken || strings.Contains(e.Message, "canary") {
		t.Errorf("got %v", e)
	}
}

func TestSigner(t *testing.T) {
	at := time.Date(2031, 2, 3, 4, 5, 6, 0, time.FixedZone("x", 3600))
	s := sts.Signer{Now: func() time.Time { return at }}
	sign := func(secret string) string {
		r := httptest.NewRequest(http.MethodPost, "https://iam.amazonaws.com/", nil)
		err := s.SignHTTP(context.Background(), aws.Credentials{AccessKeyID: "AKIA", SecretAccessKey: secret}, r, "hash", "iam", "us-east-1", time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if got, want := r.Header.Get("X-Amz-Date"), "20310203T030506Z"; got != want {
			t.Errorf("signed at %s, want %s", got, want)
		}
		return r.Header.Get("Authorization")
	}
	if one := sign("one"); one != sign("one") || one == sign("two") {
		t.Error("the signature is not of the secret")
	}
}
