package sts_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"credd/internal/agent/cred"
	"credd/internal/agent/sts"
	"credd/internal/fakeaws"
)

const (
	us         = "arn:aws:iam::210987654321:user/work"
	admin      = "arn:aws:iam::012345678901:role/northwind/Admin"
	next       = "arn:aws:iam::012345678901:role/Next"
	externalID = "9d1f-canary-external-id"
)

// bench is a fake AWS with a user and a role, and a client.
type bench struct {
	aws    *fakeaws.Server
	client *sts.Client
	by     sts.Caller
	req    sts.Request
}

func newBench(t *testing.T, now func() time.Time) *bench {
	t.Helper()
	aws, err := fakeaws.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(aws.Close)
	key, err := aws.AddUser(us)
	if err != nil {
		t.Fatal(err)
	}
	if err := aws.AddRole(fakeaws.Role{ARN: admin, Trust: fakeaws.TrustPolicy(us, externalID)}); err != nil {
		t.Fatal(err)
	}
	http := sts.NewHTTP()
	t.Cleanup(http.Close)
	return &bench{
		aws:    aws,
		client: sts.New(http, now),
		by: sts.Caller{
			Session: &cred.Session{AccessKeyID: key.ID, SecretAccessKey: cred.NewSecret(key.Secret)},
			Region:  "eu-west-1", Endpoint: aws.URL(),
		},
		req: sts.Request{
			RoleARN: admin, AccountID: "012345678901", SessionName: "northwind-acme-ana",
			ExternalID: cred.NewSecret(externalID), Duration: time.Hour,
		},
	}
}

func (b *bench) assume(t *testing.T) (*cred.Session, string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	return b.client.Assume(ctx, b.by, b.req)
}

func TestAssume(t *testing.T) {
	b := newBench(t, time.Now)
	s, note, err := b.assume(t)
	if err != nil || note != "" {
		t.Fatal(err, note)
	}
	if left := s.Left(time.Now()); left > time.Hour || left < 59*time.Minute {
		t.Errorf("got a session of %v, want 1h", left)
	}
	if want := "arn:aws:sts::012345678901:assumed-role/Admin/northwind-acme-ana"; s.ARN != want {
		t.Errorf("got %s, want %s", s.ARN, want)
	}
	if !strings.HasPrefix(s.AccessKeyID, "ASIA") || !strings.HasPrefix(s.AssumedRoleID, "AROA") || s.RequestID == "" {
		t.Errorf("got %+v, want IDs of AWS's form", s)
	}
	id, err := b.client.Identity(t.Context(), sts.Caller{Session: s, Region: "eu-west-1", Endpoint: b.aws.URL()})
	if err != nil || id.ARN != s.ARN || id.AccountID != "012345678901" {
		t.Errorf("got %+v, %v; want the session's identity", id, err)
	}
	if got := b.aws.Requests()[0].Region; got != "eu-west-1" {
		t.Errorf("signed for %s, want eu-west-1", got)
	}
}

func TestConnectionsAreUsedAgain(t *testing.T) {
	b := newBench(t, time.Now)
	// On loopback an answer can overtake the end of the request's own write, and the connection is then given up.
	b.aws.SetLatency("", 20*time.Millisecond)
	for range 10 {
		if _, _, err := b.assume(t); err != nil {
			t.Fatal(err)
		}
	}
	if got := b.aws.Connections(); got > 3 { // a call may start just before the connection of the last one is idle
		t.Errorf("10 calls took %d connections, want few", got)
	}
}

func TestDuration(t *testing.T) {
	b := newBench(t, time.Now)
	if err := b.aws.AddRole(fakeaws.Role{ARN: next, Trust: fakeaws.TrustPolicy(admin, "")}); err != nil {
		t.Fatal(err)
	}
	t.Run("above the role's maximum", func(t *testing.T) {
		b.req.Duration = 2 * time.Hour
		for i, wantCalls := range []int{2, 3} { // asked once, then remembered
			s, note, err := b.assume(t)
			if err != nil || !strings.Contains(note, "1h instead of 2h") {
				t.Fatalf("got %q, %v; want a note", note, err)
			}
			if left := s.Left(time.Now()); left > time.Hour {
				t.Errorf("got a session of %v, want 1h", left)
			}
			if got := b.aws.Calls("AssumeRole"); got != wantCalls {
				t.Errorf("try %d: %d calls, want %d", i, got, wantCalls)
			}
		}
	})
	t.Run("above the chaining cap", func(t *testing.T) {
		first, _, err := b.assume(t)
		if err != nil {
			t.Fatal(err)
		}
		before := b.aws.Calls("AssumeRole")
		by := sts.Caller{Session: first, Region: "eu-west-1", Endpoint: b.aws.URL()}
		req := sts.Request{RoleARN: next, AccountID: "012345678901", SessionName: "chained", Duration: 12 * time.Hour}
		if _, note, err := b.client.Assume(t.Context(), by, req); err != nil || !strings.Contains(note, "1h instead of 12h") {
			t.Fatalf("got %q, %v; want a note", note, err)
		}
		if got := b.aws.Calls("AssumeRole") - before; got != 1 {
			t.Errorf("got %d calls, want 1: the cap is known beforehand", got)
		}
	})
}

func TestErrors(t *testing.T) {
	tests := map[string]struct {
		prepare func(*bench)
		reason  sts.Reason
		message string
		calls   int
	}{
		"wrong external ID": {func(b *bench) { b.req.ExternalID = cred.NewSecret("other-canary") }, sts.Denied, "denied by AWS", 1},
		"our own policy":    {func(b *bench) { b.aws.ForbidAssume(us) }, sts.Denied, "because no identity-based policy allows", 1},
		"no such role":      {func(b *bench) { b.aws.DeleteRole(admin) }, sts.Denied, "denied by AWS", 1},
		"unknown key": {func(b *bench) {
			b.by.Session = &cred.Session{AccessKeyID: "AKIAUNKNOWN", SecretAccessKey: cred.NewSecret("x")}
		}, sts.Login, "InvalidClientTokenId", 1},
		"wrong secret": {func(b *bench) { b.by.Session.SecretAccessKey = cred.NewSecret("wrong") }, sts.Login, "SignatureDoesNotMatch", 1},
		"throttled":    {func(b *bench) { b.aws.SetFault("", fakeaws.Throttle) }, sts.Throttled, "throttling", 3},
		"failing":      {func(b *bench) { b.aws.SetFault("", fakeaws.Unavailable) }, sts.Unreachable, "ServiceUnavailable", 3},
		"dropped":      {func(b *bench) { b.aws.SetFault("", fakeaws.Drop) }, sts.Unreachable, "cannot reach AWS", 3},
		"down":         {func(b *bench) { b.aws.Stop() }, sts.Unreachable, "connection refused", 0},
		"no address":   {func(b *bench) { b.by.Endpoint = "http://no-such-host.invalid" }, sts.Unreachable, "no address found for no-such-host.invalid", 0},
		"garbage":      {func(b *bench) { b.aws.SetFault("", fakeaws.InvalidXML) }, sts.Broken, "cannot be read", 1},
		"no keys":      {func(b *bench) { b.aws.SetFault("", fakeaws.NoKeys) }, sts.Broken, "lacks a key", 1},
		"no expiry":    {func(b *bench) { b.aws.SetFault("", fakeaws.NoExpiration) }, sts.Broken, "lacks an expiration", 1},
		"past expiry":  {func(b *bench) { b.aws.SetFault("", fakeaws.PastExpiration) }, sts.Broken, "expired at", 1},
		"far expiry":   {func(b *bench) { b.aws.SetFault("", fakeaws.FarExpiration) }, sts.Broken, "later than asked for", 1},
		"other account": {func(b *bench) { b.aws.SetFault("", fakeaws.WrongAccount) }, sts.Broken,
			"not of account 012345678901", 1},
		"clock behind": {func(b *bench) { b.aws.Advance(90 * time.Minute) }, sts.Clock, "clock is 5399 s behind AWS", 1},
		"clock ahead":  {func(b *bench) { b.aws.Advance(-10 * time.Minute) }, sts.Clock, "clock is 600 s ahead of AWS", 1},
		"bad policy":   {func(b *bench) { b.req.Policy = "{" }, sts.Invalid, "MalformedPolicyDocument", 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, time.Now)
			tt.prepare(b)
			_, _, err := b.assume(t)
			var e *sts.Error
			if !errors.As(err, &e) || e.Reason != tt.reason || !strings.Contains(normal(e.Message), tt.message) {
				t.Errorf("got reason %v, %v; want %v, %s", e.Reason, err, tt.reason, tt.message)
			}
			if got := b.aws.Calls("AssumeRole"); tt.calls > 0 && got != tt.calls {
				t.Errorf("got %d calls, want %d", got, tt.calls)
			}
			if text := fmt.Sprintf("%v %+v %#v", err, err, e); strings.Contains(e.Message, "canary") {
				t.Errorf("the error holds an external ID: %s", text)
			}
		})
	}
}

// normal evens out a second of run time.
func normal(s string) string {
	return strings.NewReplacer("5400 s", "5399 s", "5398 s", "5399 s", "601 s", "600 s").Replace(s)
}

func TestAStalledAttemptEnds(t *testing.T) {
	t.Parallel()
	b := newBench(t, time.Now)
	b.aws.SetFault("", fakeaws.Stall)
	start := time.Now()
	_, _, err := b.assume(t)
	var e *sts.Error
	if !errors.As(err, &e) || e.Reason != sts.Unreachable || !strings.Contains(e.Message, "no answer in time") {
		t.Errorf("got %v, want no answer in time", err)
	}
	if took := time.Since(start); took > 20*time.Second+500*time.Millisecond {
		t.Errorf("took %v, want at most a flight of 20s", took)
	}
	if got := b.aws.Calls("AssumeRole"); got != 3 {
		t.Errorf("got %d attempts, want 3", got)
	}
}

func TestRequestIsSentWhole(t *testing.T) {
	b := newBench(t, time.Now)
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + us + `"},` +
		`"Action":["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"]}]}`
	if err := b.aws.SetTrust(admin, trust); err != nil {
		t.Fatal(err)
	}
	b.req.Policy = `{"Version":"2012-10-17","Statement":[]}`
	b.req.PolicyARNs = []string{"arn:aws:iam::aws:policy/ReadOnlyAccess"}
	b.req.Tags = map[string]string{"Project": "migration"}
	b.req.TransitiveTags = []string{"Project"}
	b.req.SourceIdentity = "ana"
	if _, _, err := b.assume(t); err != nil {
		t.Fatal(err)
	}
}

func TestInjectedClockSigns(t *testing.T) {
	later := func() time.Time { return time.Now().Add(5 * time.Hour) }
	b := newBench(t, later)
	b.aws.SetClock(later)
	s, _, err := b.assume(t)
	if err != nil {
		t.Fatal(err)
	}
	if left := s.Left(later()); left < 59*time.Minute {
		t.Errorf("got %v left by the moved clock, want 1h", left)
	}
}
