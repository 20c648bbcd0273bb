package fakeaws

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sts"
)

func TestStopAndStart(t *testing.T) {
	s, key := start(t)
	c := client(s, key, "")
	_, session := assume(t, s, c, admin())
	s.SetFault(adminARN, Stall)
	done := assumeMany(t.Context(), c, 3)
	waitInFlight(t, s, 3)

	s.Stop()
	s.Stop() // does nothing
	for range 3 {
		if err := <-done; err == nil {
			t.Error("a call was answered by a stopped server")
		}
	}
	if got := s.InFlight(); got != 0 {
		t.Errorf("%d are in flight after Stop", got)
	}
	if _, err := c.AssumeRole(t.Context(), admin()); err == nil || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("error is %v, want connection refused", err)
	}

	s.SetFault(adminARN, Healthy)
	url := s.URL()
	for range 2 { // the second does nothing
		if err := s.Start(); err != nil {
			t.Fatal(err)
		}
	}
	if s.URL() != url {
		t.Errorf("URL is %s, was %s", s.URL(), url)
	}
	if _, err := session.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{}); err != nil {
		t.Errorf("a session from before the stop: %v", err)
	}
	assume(t, s, c, admin())
}

// Many callers while the server changes: for the race detector.
func TestConcurrentUse(t *testing.T) {
	s, key := start(t)
	c := client(s, key, "")
	done := assumeMany(t.Context(), c, 20)
	for i := range 20 {
		s.Advance(time.Millisecond)
		addRole(t, s, Role{ARN: fmt.Sprintf("arn:aws:iam::111122223333:role/R%d", i), Trust: openTrust})
		if err := s.SetTrust(adminARN, TrustPolicy(userARN, externalID)); err != nil {
			t.Error(err)
		}
		s.Requests()
	}
	for range 20 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if got := s.CallsFor("AssumeRole", adminARN); got != 20 {
		t.Errorf("%d calls are counted, want 20", got)
	}
	if got := s.Connections(); got > 20 {
		t.Errorf("%d connections for 20 calls", got)
	}
}
