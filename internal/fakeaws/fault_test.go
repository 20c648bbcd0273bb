package fakeaws

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

func TestRefusals(t *testing.T) {
	s, key := start(t)
	c := client(s, key, "")
	for _, tt := range []struct {
		fault         Fault
		code, message string
	}{
		{Throttle, "Throttling", "Rate exceeded"},
		{ServerError, "InternalFailure", "unknown error"},
		{Unavailable, "ServiceUnavailable", "temporary failure"},
	} {
		s.SetFault("", tt.fault)
		_, err := c.AssumeRole(t.Context(), admin())
		wantError(t, err, tt.code, tt.message)
	}
	s.SetFault("", Healthy)
	assume(t, s, c, admin())
	if got := s.Calls("AssumeRole"); got != 4 {
		t.Errorf("%d calls are counted, want 4: refused ones count", got)
	}
}

func TestBrokenConnections(t *testing.T) {
	s, key := start(t)
	c := client(s, key, "")
	for fault, want := range map[Fault]error{Drop: io.EOF, Cut: io.ErrUnexpectedEOF} {
		s.SetFault("", fault)
		if _, err := c.AssumeRole(t.Context(), admin()); !errors.Is(err, want) {
			t.Errorf("%s: error is %v, want %v", fault, err, want)
		}
	}
	s.SetFault("", InvalidXML)
	var bad *smithy.DeserializationError
	if _, err := c.AssumeRole(t.Context(), admin()); !errors.As(err, &bad) {
		t.Errorf("%s: error is %v, want a deserialization error", InvalidXML, err)
	}
}

func TestLies(t *testing.T) {
	s, key := start(t)
	c := client(s, key, "")
	for fault, told := range map[Fault]func(*sts.AssumeRoleOutput) bool{
		NoExpiration:   func(out *sts.AssumeRoleOutput) bool { return out.Credentials.Expiration == nil },
		PastExpiration: func(out *sts.AssumeRoleOutput) bool { return out.Credentials.Expiration.Before(s.Now()) },
		FarExpiration: func(out *sts.AssumeRoleOutput) bool {
			return out.Credentials.Expiration.After(s.Now().AddDate(9, 0, 0))
		},
		NoKeys: func(out *sts.AssumeRoleOutput) bool {
			return out.Credentials.AccessKeyId == nil && out.Credentials.SecretAccessKey == nil && out.Credentials.SessionToken == nil
		},
		WrongAccount: func(out *sts.AssumeRoleOutput) bool {
			return *out.AssumedRoleUser.Arn == "arn:aws:sts::999999999999:assumed-role/Admin/dev@host"
		},
	} {
		s.SetFault("", fault)
		out, err := c.AssumeRole(t.Context(), admin())
		if err != nil {
			t.Errorf("%s: %v", fault, err)
			continue
		}
		if !told(out) {
			t.Errorf("%s: the answer is true", fault)
		}
		if _, err := c.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{}); err != nil {
			t.Errorf("%s: GetCallerIdentity: %v", fault, err)
		}
	}
}

func TestFaultOfOneRole(t *testing.T) {
	s, key := start(t)
	c := client(s, key, "")
	other := trusting(t, s, secondARN, userARN)
	s.SetFault(adminARN, Throttle)
	_, err := c.AssumeRole(t.Context(), admin())
	wantError(t, err, "Throttling", "")
	assume(t, s, c, other)

	s.SetFault("", Unavailable)
	_, err = c.AssumeRole(t.Context(), admin())
	wantError(t, err, "Throttling", "")
	_, err = c.AssumeRole(t.Context(), other)
	wantError(t, err, "ServiceUnavailable", "")
}

// assumeMany calls n times at once and returns where the errors arrive.
func assumeMany(ctx context.Context, c *sts.Client, n int) <-chan error {
	done := make(chan error, n)
	for range n {
		go func() {
			_, err := c.AssumeRole(ctx, admin())
			done <- err
		}()
	}
	return done
}

func waitInFlight(t *testing.T, s *Server, n int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := s.WaitInFlight(ctx, n); err != nil {
		t.Fatal(err)
	}
}

func TestStallUntilReleased(t *testing.T) {
	s, key := start(t)
	s.SetFault("", Stall)
	done := assumeMany(t.Context(), client(s, key, ""), 5)
	waitInFlight(t, s, 5)
	if got := s.InFlight(); got != 5 {
		t.Errorf("%d are in flight, want 5", got)
	}
	select {
	case err := <-done:
		t.Fatalf("a stalled call was answered: %v", err)
	default:
	}
	s.SetFault("", Healthy)
	for range 5 {
		if err := <-done; err != nil {
			t.Errorf("a released call failed: %v", err)
		}
	}
}

func TestStallUntilTheClientLeaves(t *testing.T) {
	s, key := start(t)
	s.SetFault(adminARN, Stall)
	ctx, cancel := context.WithCancel(t.Context())
	done := assumeMany(ctx, client(s, key, ""), 1)
	waitInFlight(t, s, 1)
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want canceled", err)
	}
	for deadline := time.Now().Add(10 * time.Second); s.InFlight() > 0; {
		if time.Now().After(deadline) {
			t.Fatal("the call is still held")
		}
		<-time.After(time.Millisecond)
	}
}

func TestLatency(t *testing.T) {
	s, key := start(t)
	c := client(s, key, "")
	s.SetLatency(adminARN, 50*time.Millisecond)
	began := time.Now()
	assume(t, s, c, admin())
	if took := time.Since(began); took < 50*time.Millisecond {
		t.Errorf("the call took %s, want at least 50ms", took)
	}

	s.SetLatency(adminARN, time.Hour)
	assume(t, s, c, trusting(t, s, secondARN, userARN))
	ctx, cancel := context.WithCancel(t.Context())
	done := assumeMany(ctx, c, 1)
	waitInFlight(t, s, 1)
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want canceled", err)
	}
	s.SetLatency(adminARN, 0)
	assume(t, s, c, admin())
}

func TestWaitInFlightEnds(t *testing.T) {
	s, _ := start(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.WaitInFlight(ctx, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want canceled", err)
	}
}
