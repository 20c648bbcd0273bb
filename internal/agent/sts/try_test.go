package sts_test

import (
	"testing"
	"time"

	"credd/internal/agent/sts"
)

func TestWhy(t *testing.T) {
	const plain = "User: arn:aws:iam::210987654321:user/work is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::012345678901:role/Admin"
	for message, want := range map[string]struct {
		why    string
		ofRole bool
	}{
		plain: {"", true},
		plain + " because no identity-based policy allows the sts:AssumeRole action":        {"because no identity-based policy allows the sts:AssumeRole action", false},
		plain + " with an explicit deny in an identity-based policy":                        {"with an explicit deny in an identity-based policy", false},
		plain + " with an explicit deny in a service control policy":                        {"with an explicit deny in a service control policy", false},
		plain + " because no VPC endpoint policy allows the sts:AssumeRole action":          {"because no VPC endpoint policy allows the sts:AssumeRole action", false},
		plain + " because the role trust policy allows no sts:AssumeRole":                   {"because the role trust policy allows no sts:AssumeRole", true},
		plain + " because no resource-based policy allows the sts:AssumeRole action":        {"because no resource-based policy allows the sts:AssumeRole action", true},
		plain + " with an explicit deny in a resource control policy":                       {"with an explicit deny in a resource control policy", true},
		"Roles may not be assumed by root accounts.":                                        {"Roles may not be assumed by root accounts.", false},
		"Cannot call GetSessionToken with session credentials":                              {"Cannot call GetSessionToken with session credentials", false},
		"User: x is not authorized to perform: sts:TagSession on resource: arn:aws:iam::01": {"", true},
	} {
		e := sts.Sort(answered(403, "AccessDenied", message), time.Now())
		if e.Why() != want.why || e.OfRole() != want.ofRole {
			t.Errorf("%s: got %q, %v; want %q, %v", message, e.Why(), e.OfRole(), want.why, want.ofRole)
		}
	}
	e := sts.Sort(answered(400, "Throttling", plain), time.Now())
	if e.Why() != "" || e.OfRole() {
		t.Errorf("throttling: got %q, %v", e.Why(), e.OfRole())
	}
}

func TestTryIsOneCall(t *testing.T) {
	b := newBench(t, time.Now)
	b.req.Duration = 4 * time.Hour
	if _, err := b.client.Try(t.Context(), b.by, b.req); !sts.TooLong(err) || b.aws.Calls("AssumeRole") != 1 {
		t.Errorf("got %v by %d calls", err, b.aws.Calls("AssumeRole"))
	}
	b.assume(t) // asks for 4 h all the same, then for 1 h: the try was not remembered
	if n := b.aws.Calls("AssumeRole"); n != 3 {
		t.Errorf("got %d calls, want 3", n)
	}
	b.req.Duration = 15 * time.Minute
	if s, err := b.client.Try(t.Context(), b.by, b.req); err != nil || s.Left(time.Now()) > 15*time.Minute {
		t.Errorf("got %v, %v", s, err)
	}
}
