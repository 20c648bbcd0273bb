//go:build linux

package e2e

import (
	"syscall"
	"testing"
	"time"

	"credd/internal/fakeaws"
)

// While AWS fails every caller gets a clear error in time; when it is back, the next ones succeed without a restart.
func TestOutages(t *testing.T) {
	t.Parallel()
	faults := map[string][2]func(w *world){
		"down": {func(w *world) { w.aws.Stop() }, func(w *world) { check(w.t, w.aws.Start()) }},
	}
	for _, f := range []fakeaws.Fault{fakeaws.Throttle, fakeaws.ServerError, fakeaws.Unavailable, fakeaws.Stall, fakeaws.Drop, fakeaws.Cut,
		fakeaws.InvalidXML, fakeaws.NoKeys, fakeaws.NoExpiration, fakeaws.PastExpiration, fakeaws.FarExpiration, fakeaws.WrongAccount} {
		faults[string(f)] = [2]func(w *world){
			func(w *world) { w.aws.SetFault("", f) }, func(w *world) { w.aws.SetFault("", fakeaws.Healthy) },
		}
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.customer("acme", "admin")
			w.serve()
			fault[0](w)
			for end := time.Now().Add(6 * time.Second); time.Now().Before(end); { // long enough for the pauses to grow
				if r := w.helper("acme/admin"); r.code != 7 || r.out != "" || r.took > 25*time.Second {
					t.Fatalf("got %d after %v\n%s%s\nwant 7 within a flight's 20s", r.code, r.took, r.out, r.err)
				}
			}
			fault[1](w)
			back := time.Now()
			w.eventually("a document again", func() bool { return w.helper("acme/admin").code == 0 })
			if took := time.Since(back); took > 5*time.Second {
				t.Errorf("the first success came %v after AWS was back, want at most 5s", took)
			}
		})
	}
}

func TestClockSkewIsToldInSeconds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.customer("acme", "admin")
	w.serve()
	w.aws.Advance(90 * time.Minute)
	r := w.helper("acme/admin")
	if r.code != 7 || r.out != "" || !contains(r.err, "clock is 540", " s behind AWS", "hint: set this machine's clock") &&
		!contains(r.err, "clock is 539", " s behind AWS", "hint: set this machine's clock") {
		t.Errorf("got %d\n%s", r.code, r.err)
	}
}

// A daemon that is told to stop does not wait for AWS, and no helper that waits is left without an answer.
func TestStoppingWhileAWSStalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.env = append(w.env, "CREDD_AUTOSTART=0")
	w.customer("acme", "admin")
	w.aws.SetFault("", fakeaws.Stall)
	d := w.serve()
	waiting := make(chan result, 1)
	go func() { waiting <- w.helper("acme/admin") }()
	check(t, w.aws.WaitInFlight(t.Context(), 1))
	start := time.Now()
	check(t, d.cmd.Process.Signal(syscall.SIGTERM))
	<-d.ended
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("stopping took %v, want a few seconds", took)
	}
	if r := <-waiting; r.code != 3 || r.out != "" || r.err == "" {
		t.Errorf("got %d\n%s%s", r.code, r.out, r.err)
	}
}
