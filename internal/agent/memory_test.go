package agent_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"credd/internal/agent/api"
	"credd/internal/agent/cred"
	"credd/internal/agent/sts"
	"credd/internal/customer"
	"credd/internal/ipc"
)

// record is what the files hold of a customer.
func (w *world) record(t *testing.T, key string) customer.Record {
	t.Helper()
	r, err := customer.Load(filepath.Join(w.dir, "state"), key)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// settle lets what was seen be written.
func (w *world) settle() {
	w.advance(3 * time.Second)
	w.agent.Sweep()
}

func (w *world) restart(t *testing.T) {
	t.Helper()
	w.stop()
	w.start(t)
}

func (w *world) status(t *testing.T) (st api.Status) {
	t.Helper()
	if err := w.call(t, api.Request{Do: api.DoStatus}, &st); err != nil {
		t.Fatal(err)
	}
	return st
}

func TestWhatWasSeenSurvivesARestart(t *testing.T) {
	w := newWorld(t, map[string]string{"credd.toml": settings, "customers/acme.toml": customerText("admin")})
	w.get(t, "acme/admin")
	worked := w.clock().Local().Format("15:04")
	w.aws.set(denied)
	w.advance(2 * time.Hour)
	w.get(t, "acme/admin")
	since := w.clock().Local().Format("15:04")
	w.restart(t)
	w.advance(5 * time.Minute)
	if _, e := w.get(t, "acme/admin"); !has(e, ipc.Denied, "denied by AWS since "+since+" (last worked "+worked+")") {
		t.Errorf("got %+v, want since %s, last worked %s", e, since, worked)
	}
	w.aws.set(nil)
	w.advance(time.Minute)
	w.get(t, "acme/admin")
	w.restart(t)
	if seen := w.record(t, "acme").Roles["admin"]; !seen.DeniedSince.IsZero() || !seen.Worked.Equal(w.clock()) {
		t.Errorf("got %+v for a role that works again", seen)
	}
}

// What was denied with other settings says nothing of the role as it is now.
func TestADenialIsOfItsSettings(t *testing.T) {
	w := newWorld(t, map[string]string{"credd.toml": settings, "customers/acme.toml": customerText("admin")})
	w.get(t, "acme/admin")
	w.aws.set(denied)
	w.advance(2 * time.Hour)
	w.get(t, "acme/admin")
	w.stop()
	w.write(t, "customers/acme.toml", strings.Replace(customerText("admin"), "canary-id", "another-id", 1))
	w.start(t)
	w.advance(time.Hour)
	if _, e := w.get(t, "acme/admin"); e == nil || strings.Contains(e.Message, " since ") || !strings.Contains(e.Message, "last worked") {
		t.Errorf("got %+v, want no since of other settings", e)
	}
}

func TestRecordsAreWrittenSeldom(t *testing.T) {
	w := newWorld(t, map[string]string{"credd.toml": settings, "customers/acme.toml": customerText("admin")})
	path := filepath.Join(w.dir, "state/customers/acme.json")
	if _, err := os.Stat(path); err == nil {
		t.Fatal("there is a record before anything was seen")
	}
	w.get(t, "acme/admin")
	w.settle()
	first, err := os.Stat(path)
	if err != nil || first.Mode().Perm() != 0o600 {
		t.Fatalf("got %v, %v", first, err)
	}
	renew := func() {
		t.Helper()
		if err := w.call(t, api.Request{Do: api.DoRefresh, Name: "acme/admin"}, &api.Session{}); err != nil {
			t.Fatal(err)
		}
		w.settle()
	}
	same := func() bool { now, err := os.Stat(path); return err == nil && os.SameFile(first, now) }
	w.advance(20 * time.Minute)
	renew()
	if !same() {
		t.Error("a role that still works was written within the hour")
	}
	w.advance(50 * time.Minute)
	renew()
	if same() {
		t.Error("a role that still works was not written after an hour")
	}
	before := w.record(t, "acme").Roles["admin"].Worked
	w.advance(10 * time.Minute)
	renew()
	w.stop()
	if got := w.record(t, "acme").Roles["admin"].Worked; !got.After(before) {
		t.Error("what was not written yet is lost at the end")
	}
	w.start(t)
}

func TestNoExternalIDInARecord(t *testing.T) {
	w := newWorld(t, map[string]string{"credd.toml": settings, "customers/acme.toml": customerText("admin")})
	w.get(t, "acme/admin")
	w.settle()
	text, err := os.ReadFile(filepath.Join(w.dir, "state/customers/acme.json"))
	if err != nil || !strings.Contains(string(text), "role/admin") {
		t.Fatalf("got %s, %v", text, err)
	}
	if strings.Contains(string(text), "canary-id") {
		t.Errorf("the external ID is in %s", text)
	}
}

func TestABrokenRecordIsBegunAnew(t *testing.T) {
	for name, text := range map[string]string{
		"no JSON": "{", "empty": "", "wrong type": `{"roles":{"admin":7}}`, "a list": `[]`, "wrong time": `{"roles":{"admin":{"worked":"yesterday"}}}`,
		"escapes": "{\"roles\":{\"admin\":{\"worked\":\"\\u001b[2J\"}}}", "huge": `{"roles":{"` + strings.Repeat("x", 33<<20) + `":{}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, map[string]string{"credd.toml": settings, "customers/acme.toml": customerText("admin"), "state/customers/acme.json": text})
			if _, e := w.get(t, "acme/admin"); e != nil {
				t.Fatal(e)
			}
			w.settle()
			if seen := w.record(t, "acme").Roles["admin"]; seen.Worked.IsZero() {
				t.Errorf("got %+v", seen)
			}
			if b, err := os.ReadFile(filepath.Join(w.dir, "state/customers/acme.json.broken")); err != nil || string(b) != text {
				t.Errorf("it was not kept: %v", err)
			}
			if st := w.status(t); len(st.Warnings) != 1 || !strings.Contains(st.Warnings[0], "what was seen of acme could not be read") || containsControl(st.Warnings[0]) {
				t.Errorf("got %q", st.Warnings)
			}
			w.restart(t)
			if st := w.status(t); len(st.Warnings) != 0 {
				t.Errorf("got %q a second time", st.Warnings)
			}
		})
	}
}

func TestRecordsThatCannotBe(t *testing.T) {
	for name, tt := range map[string]struct {
		put  func(path string) error
		want string
	}{
		"written": {func(p string) error { return os.Symlink("/proc", p) }, "what is seen of roles cannot be written"}, // where nobody makes a file
		"read":    {func(p string) error { return os.WriteFile(p, nil, 0o600) }, "what was seen of acme cannot be read"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, map[string]string{"credd.toml": settings, "customers/acme.toml": customerText("admin"), "state/.keep": ""})
			dir := filepath.Join(w.dir, "state/customers")
			if err := tt.put(dir); err != nil {
				t.Fatal(err)
			}
			if _, e := w.get(t, "acme/admin"); e != nil {
				t.Fatal(e)
			}
			w.settle()
			if st := w.status(t); !strings.Contains(strings.Join(st.Warnings, "\n"), tt.want) {
				t.Errorf("got %q", st.Warnings)
			}
			if err := os.Remove(dir); err != nil {
				t.Fatal(err)
			}
			for range 2 { // what is read again is then written
				w.advance(2 * time.Minute)
				w.agent.Sweep()
			}
			if st := w.status(t); len(st.Warnings) > 0 {
				t.Errorf("got %q when it can be again", st.Warnings)
			}
			if w.record(t, "acme").Roles["admin"].Worked.IsZero() {
				t.Error("what was seen meanwhile is lost")
			}
		})
	}
}

// A file of a customer that breaks, or that goes, takes no record with it.
func TestARecordOutlivesBrokenFiles(t *testing.T) {
	w := newWorld(t, map[string]string{"credd.toml": settings, "customers/acme.toml": customerText("admin", "old")})
	w.get(t, "acme/admin")
	w.get(t, "acme/old")
	w.settle()
	good := w.record(t, "acme")
	for _, text := range []string{"version = 1\nnonsense", ""} {
		w.write(t, "customers/acme.toml", text)
		w.restart(t)
		w.advance(2 * time.Hour)
		w.agent.Sweep()
	}
	if err := os.Remove(filepath.Join(w.dir, "customers/acme.toml")); err != nil {
		t.Fatal(err)
	}
	w.agent.Reload()
	w.agent.Sweep()
	if got := w.record(t, "acme"); len(got.Roles) != len(good.Roles) {
		t.Errorf("got %+v, want what there was", got)
	}
	w.write(t, "customers/acme.toml", customerText("admin"))
	w.agent.Reload()
	w.advance(2 * time.Hour)
	w.get(t, "acme/admin")
	w.agent.Sweep()
	if got := w.record(t, "acme"); len(got.Roles) != 1 {
		t.Errorf("got %+v, want the role that was removed gone", got.Roles)
	}
}

// A customer that is retired while its role is being assumed gets no record again.
func TestNothingIsWrittenOfACustomerThatWent(t *testing.T) {
	w := newWorld(t, map[string]string{"credd.toml": settings, "customers/acme.toml": customerText("admin"), "customers/globex.toml": customerText("admin")})
	asked, gone := make(chan struct{}), make(chan struct{})
	w.aws.set(func(sts.Caller, sts.Request) error {
		close(asked)
		<-gone
		return nil
	})
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		w.send(t, ipc.Append(nil, ipc.KindCredentials, ipc.AppendCredentials(nil, "acme/admin")))
	}()
	<-asked
	if err := os.Remove(filepath.Join(w.dir, "customers/acme.toml")); err != nil {
		t.Fatal(err)
	}
	w.agent.Reload()
	close(gone)
	<-answered
	w.aws.set(nil)
	w.settle()
	w.get(t, "globex/admin")
	w.settle()
	if keys, err := customer.Recorded(filepath.Join(w.dir, "state")); err != nil || len(keys) != 1 || keys[0] != "globex" {
		t.Errorf("got records of %v, %v", keys, err)
	}
}

// What a newer credd wrote stays.
func TestARecordOfANewerCredd(t *testing.T) {
	w := newWorld(t, map[string]string{
		"credd.toml": settings, "customers/acme.toml": customerText("admin", "other"),
		"state/customers/acme.json": `{"later":{"a":1},"roles":{"admin":{"later":[1],"settings":"x","verified":{"role":"acme/admin","verdict":"verified","at":"2026-11-12T10:00:00Z","later":true}},"other":{"later":2}}}`,
	})
	w.get(t, "acme/admin")
	w.settle()
	text, err := os.ReadFile(filepath.Join(w.dir, "state/customers/acme.json"))
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Later json.RawMessage
		Roles map[string]struct {
			Later    json.RawMessage
			Worked   time.Time
			Verified struct{ Later bool }
		}
	}
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if got.Later == nil || got.Roles["admin"].Later == nil || got.Roles["other"].Later == nil || !got.Roles["admin"].Verified.Later || got.Roles["admin"].Worked.IsZero() {
		t.Errorf("got %s", text)
	}
}

// Denials because of our own side are no news of the customer's.
func TestOurOwnSideIsNoDrift(t *testing.T) {
	w := newWorld(t, map[string]string{"credd.toml": settings, "customers/acme.toml": customerText("admin")})
	w.get(t, "acme/admin")
	w.aws.set(func(sts.Caller, sts.Request) error { return deniedByUs })
	w.advance(2 * time.Hour)
	if _, e := w.get(t, "acme/admin"); !has(e, ipc.Denied, "about our own side") {
		t.Errorf("got %+v", e)
	}
	w.settle()
	if seen := w.record(t, "acme").Roles["admin"]; !seen.DeniedSince.IsZero() {
		t.Errorf("got %+v", seen)
	}
}

// settingsOf is the fingerprint of a role of customerText.
func settingsOf(role string) string {
	return customer.Settings("arn:aws:iam::012345678901:role/"+role, cred.NewSecret("canary-id"), "work")
}
