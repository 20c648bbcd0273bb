package fakeaws

import (
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

func TestSkewedClock(t *testing.T) {
	clock := time.Date(2015, 8, 30, 13, 0, 0, 999, time.UTC)
	for name, tt := range map[string]struct {
		signed time.Time
		want   string // of the message, "" where the signature is good
	}{
		"same":          {clock, ""},
		"15 min behind": {clock.Add(-15 * time.Minute), ""},
		"15 min ahead":  {clock.Add(15 * time.Minute), ""},
		"24 min behind": {clock.Add(-24 * time.Minute), "Signature expired: 20150830T123600Z is now earlier than 20150830T124500Z (20150830T130000Z - 15 min.)"},
		"24 min ahead":  {clock.Add(24 * time.Minute), "Signature not yet current: 20150830T132400Z is still later than 20150830T131500Z (20150830T130000Z + 15 min.)"},
	} {
		t.Run(name, func(t *testing.T) {
			s, key := start(t)
			s.SetClock(func() time.Time { return clock })
			status, body := post(t, s, whoAmI(), signature{key: key, at: tt.signed})
			if tt.want == "" {
				if status != http.StatusOK {
					t.Errorf("answer is %d: %s", status, body)
				}
				return
			}
			if got := parseError(t, body); status != 403 || got.Code != "SignatureDoesNotMatch" || got.Message != tt.want {
				t.Errorf("answer is %d %s: %q, want 403 SignatureDoesNotMatch: %q", status, got.Code, got.Message, tt.want)
			}
		})
	}
}

// The SDK learns the server's time from the Date header of the first refusal; then a session's end is what counts.
func TestSessionExpires(t *testing.T) {
	s, key := start(t)
	out, session := assume(t, s, client(s, key, ""), admin())
	retrying := func(o *sts.Options) { o.Retryer = retry.NewStandard() }

	s.Advance(59 * time.Minute)
	_, err := session.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	wantError(t, err, "SignatureDoesNotMatch", "Signature expired")
	if _, err := session.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{}, retrying); err != nil {
		t.Errorf("one minute before the end: %v", err)
	}
	s.SetClock(func() time.Time { return *out.Credentials.Expiration })
	_, err = session.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	wantError(t, err, "ExpiredToken", "The security token included in the request is expired")
}

func TestDateHeaderFollowsTheClock(t *testing.T) {
	s, _ := start(t)
	clock := time.Date(2031, 2, 3, 4, 5, 6, 7, time.UTC)
	s.SetClock(func() time.Time { return clock })
	s.Advance(time.Hour)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL(), nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if got, want := resp.Header.Get("Date"), "Mon, 03 Feb 2031 05:05:06 GMT"; got != want {
		t.Errorf("Date is %s, want %s", got, want)
	}
	if got := resp.Header.Get("X-Amzn-Requestid"); len(got) != 36 {
		t.Errorf("x-amzn-RequestId is %q, want a UUID", got)
	}
}
