//go:build linux

package e2e

import (
	"testing"
	"time"

	"credd/internal/fakeaws"
)

func TestManyHelpersShareOneCall(t *testing.T) {
	const many = 200
	t.Run("cold role", func(t *testing.T) {
		w := newWorld(t)
		arn := w.customer("acme", "admin")
		w.aws.SetLatency(arn, 300*time.Millisecond)
		w.serve()
		results := w.helpers(many, "acme/admin")
		for _, r := range results {
			if _, err := whole(r.out); err != nil || r.out != results[0].out || r.err != "" || r.code != 0 {
				t.Fatalf("got %d, %v\n%s%s", r.code, err, r.out, r.err)
			}
		}
		if got := w.aws.Calls("AssumeRole"); got != 1 {
			t.Errorf("got %d AssumeRole calls, want 1", got)
		}
		if got := len(w.trail()); got != many {
			t.Errorf("got %d audit lines, want %d", got, many)
		}
	})
	t.Run("denied role", func(t *testing.T) {
		w := newWorld(t)
		arn := w.customer("acme", "admin")
		w.aws.DeleteRole(arn)
		w.aws.SetLatency(arn, 300*time.Millisecond)
		w.serve()
		results := w.helpers(many, "acme/admin")
		for _, r := range results {
			if r.code != 6 || r.out != "" || r.err != results[0].err || r.err == "" {
				t.Fatalf("got %d\n%s%s\nwant 6 and\n%s", r.code, r.out, r.err, results[0].err)
			}
		}
		if got := w.aws.Calls("AssumeRole"); got != 1 {
			t.Errorf("got %d AssumeRole calls, want 1", got)
		}
	})
}

func TestOneStalledCustomerStallsNobodyElse(t *testing.T) {
	w := newWorld(t)
	stalled := w.customer("stalled", "admin")
	for _, name := range []string{"acme", "globex", "initech"} {
		w.customer(name, "admin")
	}
	w.serve()
	w.aws.SetFault(stalled, fakeaws.Stall)
	waiting := make(chan []result, 1)
	go func() { waiting <- w.helpers(20, "stalled/admin") }()
	check(t, w.aws.WaitInFlight(t.Context(), 1))
	for _, name := range []string{"acme", "globex", "initech"} {
		if r := w.helper(name + "/admin"); r.code != 0 || r.took > time.Second {
			t.Errorf("%s: got %d after %v, want a document in under 1s\n%s", name, r.code, r.took, r.err)
		}
	}
	w.aws.SetFault(stalled, fakeaws.Healthy)
	for _, r := range <-waiting {
		if r.code != 0 {
			t.Errorf("got %d\n%s", r.code, r.err)
		}
	}
}
