package fakeaws

import (
	"testing"
	"time"
)

func TestKeyDelay(t *testing.T) {
	s, key := start(t)
	now := s.Now()
	s.SetClock(func() time.Time { return now })
	s.SetKeyDelay(10 * time.Second)
	fresh := create(t, iamClient(s, key, ""))
	for _, tt := range []struct {
		after time.Duration
		good  bool
	}{{0, false}, {10*time.Second - 1, false}, {1, true}} {
		s.Advance(tt.after)
		err := signs(t, s, fresh)
		if tt.good && err != nil {
			t.Errorf("%s later: %v", tt.after, err)
		} else if !tt.good {
			wantError(t, err, "InvalidClientTokenId", "is invalid")
		}
	}
}

func TestAddKey(t *testing.T) {
	s, first := start(t)
	s.SetKeyDelay(time.Hour) // not for keys that no request asked for
	second, err := s.AddKey(userARN)
	if err != nil {
		t.Fatal(err)
	}
	if err := signs(t, s, second); err != nil {
		t.Error(err)
	}
	for _, arn := range []string{userARN, otherARN} { // full, unknown
		if _, err := s.AddKey(arn); err == nil {
			t.Errorf("%s got one more key", arn)
		}
	}
	before := s.Keys(userARN)
	s.AgeKey(first.ID, 90*24*time.Hour)
	s.AgeKey("AKIANONE", time.Hour) // does nothing
	after := s.Keys(userARN)
	if len(after) != 2 || after[0].ID != first.ID || after[1] != before[1] {
		t.Fatalf("keys are %v, were %v", after, before)
	}
	if got := before[0].Created.Sub(after[0].Created); got != 90*24*time.Hour {
		t.Errorf("the key is %s older, want 90 days", got)
	}
	if _, err := s.AddUser(userARN); err == nil {
		t.Error("a user was added twice")
	}
	if got := s.Keys(otherARN); got != nil {
		t.Errorf("keys of nobody are %v", got)
	}
}
