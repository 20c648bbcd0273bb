//go:build linux

package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"credd/internal/customer"
	"credd/internal/fakeaws"
)

// standing is how `credd role list --json` has the first role.
func (w *world) standing() customer.Standing {
	w.t.Helper()
	var all []struct{ Standing customer.Standing }
	r := w.credd("role", "list", "--json")
	if err := json.Unmarshal([]byte(r.out), &all); err != nil || len(all) == 0 {
		w.t.Fatalf("%v in %s%s", err, r.out, r.err)
	}
	return all[0].Standing
}

// A role is verified, nobody uses it, and its trust policy changes: the weekly test finds it, and it shows everywhere.
func TestDriftIsFound(t *testing.T) {
	t.Parallel()
	c := newClocked(t)
	arn := c.customer("acme", "readonly")
	c.start()
	if r := c.credd("customer", "verify", "acme"); r.code != 0 {
		t.Fatalf("got %+v", r)
	}
	if s := c.standing(); !s.Good {
		t.Fatalf("got %+v after the verification", s)
	}
	calls := c.aws.Calls("AssumeRole")
	check(t, c.aws.AddRole(fakeaws.Role{ARN: arn, Trust: fakeaws.TrustPolicy(us, "canary-another-id")}))
	hours := 0
	for ; hours < 24*9 && c.aws.Calls("AssumeRole") == calls; hours++ {
		c.offset.Add(int64(time.Hour))
		c.agent.Sweep()
	}
	if hours < 24*6 || c.aws.Calls("AssumeRole") != calls+1 {
		t.Errorf("got %d calls after %d hours, want one after 6 to 8 days", c.aws.Calls("AssumeRole")-calls, hours)
	}
	c.offset.Add(int64(3 * time.Second))
	c.agent.Sweep()
	if s := c.standing(); s.Word != customer.DeniedSince || s.Good {
		t.Errorf("got %+v", s)
	}
	for args, want := range map[string]string{
		"status": "when it was last verified", "role show acme/readonly": "denied by AWS since", "customer list": "denied since", "role list": "denied since",
		"doctor --offline": "acme/readonly: denied by AWS since",
	} {
		if r := c.credd(strings.Fields(args)...); !strings.Contains(r.out, want) || strings.Contains(r.out+r.err, "canary") {
			t.Errorf("%s: got %s%s\nwant %s", args, r.out, r.err, want)
		}
	}
	check(t, c.aws.AddRole(fakeaws.Role{ARN: arn, Trust: fakeaws.TrustPolicy(us, "canary-external-id-acme")}))
	c.offset.Add(int64(time.Minute))
	if r := c.helper("acme/readonly"); r.code != 0 {
		t.Fatalf("got %+v", r)
	}
	c.offset.Add(int64(3 * time.Second))
	c.agent.Sweep()
	if s := c.standing(); !s.Good {
		t.Errorf("got %+v for a role that works again", s)
	}
}

// What was seen survives a daemon that is killed, whenever that is: a record is whole, and the next daemon goes by it.
func TestRecordsSurviveAKill(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	arn := w.customer("acme", "readonly")
	trust := func(id string) {
		check(t, w.aws.AddRole(fakeaws.Role{ARN: arn, Trust: fakeaws.TrustPolicy(us, id)}))
	}
	path := w.path(".local/state/credd/customers/acme.json")
	for round := range 5 {
		d := w.serve()
		trust([]string{"canary-external-id-acme", "canary-another"}[round%2])
		w.credd("refresh", "acme/readonly")
		if round < 2 { // the first daemons see it written
			w.eventually("it is written", func() bool {
				r, err := customer.Load(w.path(".local/state/credd"), "acme")
				return err == nil && r.Roles["readonly"].DeniedSince.IsZero() == (round%2 == 0) && !r.Roles["readonly"].Worked.IsZero()
			})
		} else { // the others die about when it is written
			tick := time.NewTimer(1900*time.Millisecond + time.Duration(round-1)*50*time.Millisecond)
			<-tick.C
		}
		check(t, d.cmd.Process.Signal(syscall.SIGKILL))
		<-d.ended
		text, err := os.ReadFile(path)
		check(t, err)
		if !json.Valid(text) || strings.Contains(string(text), "canary") {
			t.Errorf("round %d: got %s", round, text)
		}
		if keys, err := customer.Recorded(w.path(".local/state/credd")); err != nil || len(keys) != 1 {
			t.Errorf("got %v, %v", keys, err)
		}
	}
	trust("canary-another")
	w.serve()
	r := w.helper("acme/readonly")
	if r.code != 6 || !strings.Contains(r.err, "(last worked ") {
		t.Errorf("got %+v, want when it last worked", r)
	}
	left, _ := filepath.Glob(w.path(".local/state/credd/customers/*.broken"))
	if len(left) > 0 {
		t.Errorf("got %v", left)
	}
}
