//go:build linux

package e2e

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"credd/internal/customer/verify"
	"credd/internal/fakeaws"
)

func TestVerify(t *testing.T) {
	w := newWorld(t)
	w.customer("acme", "readonly")
	w.serve()
	r := w.credd("customer", "verify", "acme")
	if r.code != 0 || !contains(r.out, "acme/readonly: verified: works with the external ID, and is denied without it and with another one\n",
		"✓ is denied without an external ID\n", "? whom the trust policy lets in: not visible from outside\n") {
		t.Errorf("got %+v", r)
	}
	if !contains(r.err, "acme/readonly: right external ID: ok\n", "acme/readonly: with another external ID: denied, as it should be\n") {
		t.Errorf("got %s", r.err)
	}
	r = w.credd("customer", "verify", "acme/readonly", "--json")
	var all []verify.Result
	if err := json.Unmarshal([]byte(r.out), &all); err != nil || len(all) != 1 || all[0].Verdict != verify.Verified {
		t.Errorf("got %+v, %v", r, err)
	}
	w.aws.Stop()
	r = w.credd("customer", "verify", "acme", "--role", "readonly")
	if r.code != 7 || !contains(r.out, "inconclusive: could not be verified: right external ID: cannot reach AWS", "hint: check the network") {
		t.Errorf("got %+v", r)
	}
	trail := ""
	for _, e := range w.trail() {
		trail += e.From + " " + e.Error + "\n"
	}
	if !contains(trail, "verify verification, without an external ID: denied by AWS\n", "verify \n") {
		t.Errorf("got trail\n%s", trail)
	}
	for name, text := range map[string]string{"log": w.read("credd.log"), "trail": w.read(".local/state/credd/audit.log"), "output": r.out + r.err} {
		if strings.Contains(text, "canary-external-id") {
			t.Errorf("the %s holds an external ID", name)
		}
	}
}

// watched keeps what is written, and tells when some text is.
type watched struct {
	mu    sync.Mutex
	text  bytes.Buffer
	want  string
	found chan struct{}
}

func (b *watched) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	before := bytes.Contains(b.text.Bytes(), []byte(b.want))
	b.text.Write(p)
	if !before && bytes.Contains(b.text.Bytes(), []byte(b.want)) {
		close(b.found)
	}
	return len(p), nil
}

// A verification that waits for AWS ends with its command.
func TestVerifyIsInterrupted(t *testing.T) {
	w := newWorld(t)
	arn := w.customer("acme", "readonly")
	check(t, w.aws.SetTrust(arn, fakeaws.TrustPolicy(us, "")))
	w.serve()
	cmd := w.command("credd", "customer", "verify", "acme")
	errs := &watched{want: "waiting for AWS to spread a change", found: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = io.Discard, errs
	check(t, cmd.Start())
	select {
	case <-errs.found:
	case <-time.After(patient):
		t.Errorf("not told in %v: %s", patient, errs.want)
	}
	check(t, cmd.Process.Signal(os.Interrupt))
	cmd.Wait()
	if cmd.ProcessState.Success() {
		t.Error("got exit code 0")
	}
	calls := w.aws.Calls("AssumeRole")
	if r := w.helper("acme/readonly"); r.code != 0 {
		t.Errorf("got %+v", r)
	}
	if n := w.aws.Calls("AssumeRole"); calls != 2 || n != 3 {
		t.Errorf("got %d calls before and %d after a helper's, want 2 and 3", calls, n)
	}
	w.eventually("the daemon has noticed", func() bool { return w.aws.InFlight() == 0 })
}
