package agent_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"credd/internal/agent/api"
	"credd/internal/agent/sts"
	"credd/internal/ipc"
)

func TestAnswers(t *testing.T) {
	w := newWorld(t, map[string]string{"credd.toml": settings, "customers/acme.toml": customerText("admin")})
	key, refusal := w.get(t, "acme/admin")
	if refusal != nil || key != "ASIA1" {
		t.Fatalf("got %s, %v", key, refusal)
	}
	e := w.trail.last()
	if e.Role != "acme/admin" || e.Outcome != "ok" || e.From != "sts" || e.AccessKeyID != "ASIA1" || e.RequestID != "req" || e.PID == 0 {
		t.Errorf("got audit entry %+v", e)
	}
	if r := w.aws.calls[0]; r.ExternalID.Reveal() != "canary-id" || r.SessionName != "credd-acme-ana" || r.Duration != time.Hour {
		t.Errorf("got request %+v", r)
	}
	if key, _ := w.get(t, "acme/admin"); key != "ASIA1" || w.trail.last().From != "cache" || w.aws.count() != 1 {
		t.Errorf("got %s after %d calls, want the session from memory", key, w.aws.count())
	}
	if _, e := w.get(t, "acme/admn"); !has(e, ipc.UnknownRole, "did you mean acme/admin?") {
		t.Errorf("got %+v", e)
	}
	if _, e := w.get(t, "acme/\x1b[31m"); e == nil || e.Code != ipc.UnknownRole || containsControl(e.Message) {
		t.Errorf("got %+v, want no terminal escape", e)
	}
}

func containsControl(s string) bool {
	for _, r := range s {
		if r < ' ' {
			return true
		}
	}
	return false
}

func TestDeniedSaysSinceWhen(t *testing.T) {
	w := newWorld(t, map[string]string{"credd.toml": settings, "customers/acme.toml": customerText("admin")})
	w.aws.set(denied)
	if _, e := w.get(t, "acme/admin"); !has(e, ipc.Denied, "acme/admin: denied by AWS | AWS does not say why") {
		t.Errorf("got %+v", e)
	}
	if got := w.trail.last(); got.Outcome != "denied" || got.RequestID != "req-denied" {
		t.Errorf("got audit entry %+v", got)
	}
	w.aws.set(nil)
	w.advance(time.Minute)
	if _, e := w.get(t, "acme/admin"); e != nil {
		t.Fatal(e)
	}
	worked := w.clock().Local().Format("15:04")
	w.aws.set(denied)
	w.advance(2 * time.Hour)
	w.get(t, "acme/admin")
	since := w.clock().Local().Format("15:04")
	w.advance(5 * time.Minute)
	if _, e := w.get(t, "acme/admin"); !has(e, ipc.Denied, "since "+since+" (last worked "+worked+")") {
		t.Errorf("got %+v, want since %s, last worked %s", e, since, worked)
	}
	var st api.Status
	if err := w.call(t, api.Request{Do: api.DoStatus}, &st); err != nil || len(st.Failing) != 1 || st.Failing[0].Outcome != "denied" {
		t.Errorf("got %+v, %v; want the failing role", st.Failing, err)
	}
}

func TestChaining(t *testing.T) {
	w := newWorld(t, map[string]string{
		"credd.toml":            settings,
		"customers/hub.toml":    customerText("base"),
		"customers/acme.toml":   customerText("admin") + "source = \"hub/base\"\n",
		"customers/globex.toml": customerText("admin") + "source = \"hub/base\"\n",
	})
	for _, role := range []string{"acme/admin", "globex/admin"} {
		if _, e := w.get(t, role); e != nil {
			t.Fatal(e)
		}
	}
	if w.aws.count() != 3 || w.aws.by[0] != "AKIA0" || w.aws.by[1] != "ASIA1" || w.aws.by[2] != "ASIA1" {
		t.Errorf("got calls by %v, want the base's session for both", w.aws.by)
	}
	w.aws.set(denied)
	w.advance(time.Hour)
	if _, e := w.get(t, "acme/admin"); !has(e, ipc.Denied, "acme/admin: its source hub/base: denied by AWS") {
		t.Errorf("got %+v", e)
	}
}

// The hint names the role that was refused and who asked for it, not the ends of the chain.
func TestADeniedChainNamesTheLinkThatBroke(t *testing.T) {
	files := map[string]string{
		"credd.toml":          settings,
		"customers/hub.toml":  customerText("base"),
		"customers/acme.toml": customerText("admin") + "source = \"hub/base\"\n",
	}
	for name, c := range map[string]struct {
		answer func(sts.Caller, sts.Request) error
		want   string
	}{
		"the last": {func(by sts.Caller, r sts.Request) error {
			if by.Session.AccessKeyID == "AKIA0" {
				return nil
			}
			return denied(by, r)
		}, "in customers/acme.toml, and that its trust policy names us (who we are: credd source test hub/base)"},
		"the first": {denied, "in customers/hub.toml, and that its trust policy names us (who we are: credd source test work)"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, files)
			w.aws.set(c.answer)
			if _, e := w.get(t, "acme/admin"); !has(e, ipc.Denied, c.want) {
				t.Errorf("got %+v, want %q", e, c.want)
			}
		})
	}
}

// Who tests a role wants to know how it is now: neither a failure that is remembered nor one of another external ID tells that.
func TestATestAsksAgain(t *testing.T) {
	w := newWorld(t, map[string]string{"credd.toml": settings, "customers/acme.toml": customerText("admin")})
	w.aws.set(denied)
	w.get(t, "acme/admin")
	w.aws.set(nil)
	var id api.Identity
	if err := w.call(t, api.Request{Do: api.DoTest, Name: "acme/admin"}, &id); err != nil {
		t.Errorf("got %v for a role that was mended", err)
	}
	w.aws.set(denied)
	w.advance(2 * time.Hour)
	w.get(t, "acme/admin")
	w.write(t, "customers/acme.toml", strings.Replace(customerText("admin"), "canary-id", "another-id", 1))
	w.agent.Reload()
	var st api.Status
	if err := w.call(t, api.Request{Do: api.DoStatus}, &st); err != nil || len(st.Failing) != 0 {
		t.Errorf("got %+v, %v for a role that changed since it failed", st.Failing, err)
	}
}

func TestASourceThatAWSNoLongerTakesIsRenewedOnce(t *testing.T) {
	w := newWorld(t, map[string]string{"credd.toml": settings, "customers/acme.toml": customerText("admin")})
	w.aws.set(func(by sts.Caller, _ sts.Request) error {
		if by.Session.AccessKeyID == "AKIA0" {
			return &sts.Error{Reason: sts.Login, Message: "expired"}
		}
		return nil
	})
	if _, e := w.get(t, "acme/admin"); e != nil || w.aws.count() != 2 {
		t.Errorf("got %v after %d calls, want a session with the renewed key", e, w.aws.count())
	}
}

func TestLoginNeeded(t *testing.T) {
	w := newWorld(t, map[string]string{
		"credd.toml":          "version = 1\n[source.work]\ntype = \"profile\"\nprofile = \"expired\"\n[defaults]\nsource = \"work\"\n",
		"customers/acme.toml": customerText("admin"),
	})
	if _, e := w.get(t, "acme/admin"); !has(e, ipc.Login, "acme/admin: its source work: the login is over | log in") {
		t.Errorf("got %+v", e)
	}
	if w.aws.count() != 0 {
		t.Error("AWS was asked without credentials")
	}
}

func TestAChangedRoleDropsOnlyItsOwnSession(t *testing.T) {
	w := newWorld(t, map[string]string{
		"credd.toml": settings, "customers/acme.toml": customerText("admin", "other"), "customers/globex.toml": customerText("admin"),
	})
	for _, role := range []string{"acme/admin", "acme/other", "globex/admin"} {
		w.get(t, role)
	}
	w.write(t, "customers/acme.toml", customerText("admin", "other")+"duration = \"30m\"\n")
	var r api.Reload
	if err := w.call(t, api.Request{Do: api.DoReload}, &r); err != nil || len(r.Dropped) != 1 || r.Dropped[0] != "acme/other" {
		t.Errorf("got %+v, %v; want only acme/other dropped", r, err)
	}
	w.get(t, "acme/admin")
	w.get(t, "globex/admin")
	if w.aws.count() != 3 {
		t.Errorf("got %d calls, want no new one for unchanged roles", w.aws.count())
	}
}

func TestAFileDroppedInAnswersAtOnce(t *testing.T) {
	w := newWorld(t, map[string]string{"credd.toml": settings, "customers/acme.toml": customerText("admin")}) // nothing watches the files
	if _, refusal := w.get(t, "new/admin"); refusal == nil || refusal.Code != ipc.UnknownRole {
		t.Fatalf("got %v, want an unknown role", refusal)
	}
	w.write(t, "customers/new.toml", customerText("admin"))
	if _, refusal := w.get(t, "new/admin"); refusal != nil {
		t.Error(refusal)
	}
	w.write(t, "customers/half.toml", "version = 1\n[role")
	if _, refusal := w.get(t, "half/admin"); refusal == nil || refusal.Code != ipc.Usage || !strings.Contains(refusal.Message, "half.toml:2") {
		t.Errorf("got %v, want the line that is broken", refusal)
	}
}

func TestABrokenFileKeepsWorking(t *testing.T) {
	w := newWorld(t, map[string]string{"credd.toml": settings, "customers/acme.toml": customerText("admin")})
	w.write(t, "customers/acme.toml", "version = 1\nnonsense")
	var r api.Reload
	if err := w.call(t, api.Request{Do: api.DoReload}, &r); err != nil || len(r.Problems) != 1 || r.Problems[0].Line != 2 {
		t.Errorf("got %+v, %v; want line 2", r, err)
	}
	if _, e := w.get(t, "acme/admin"); e != nil {
		t.Errorf("got %v, want the last good version", e)
	}
	w.write(t, "customers/new.toml", "version = 1\nnonsense")
	w.call(t, api.Request{Do: api.DoReload}, &r)
	if _, e := w.get(t, "new/admin"); !has(e, ipc.Usage, "customers/new.toml:2") {
		t.Errorf("got %+v, want the line", e)
	}
}

func TestAFullDiskDoesNotStopWork(t *testing.T) {
	w := newWorld(t, map[string]string{"credd.toml": settings, "customers/acme.toml": customerText("admin")})
	w.trail.err = errors.New("no space left on device")
	if _, e := w.get(t, "acme/admin"); e != nil {
		t.Error(e)
	}
	var st api.Status
	if err := w.call(t, api.Request{Do: api.DoStatus}, &st); err != nil || len(st.Warnings) != 1 {
		t.Errorf("got %v, %v; want a warning", st.Warnings, err)
	}
	w.trail.mu.Lock()
	w.trail.err = nil
	w.trail.mu.Unlock()
	w.get(t, "acme/admin")
	if err := w.call(t, api.Request{Do: api.DoStatus}, &st); err != nil || len(st.Warnings) != 0 {
		t.Errorf("got %v, %v; want the warning gone", st.Warnings, err)
	}
}

func TestManage(t *testing.T) {
	w := newWorld(t, map[string]string{"credd.toml": settings, "customers/acme.toml": customerText("admin")})
	w.get(t, "acme/admin")
	var l api.Session
	if err := w.call(t, api.Request{Do: api.DoRefresh, Name: "acme/admin"}, &l); err != nil || l.AccessKeyID != "ASIA2" {
		t.Errorf("refresh: got %+v, %v", l, err)
	}
	var id api.Identity
	if err := w.call(t, api.Request{Do: api.DoTest, Name: "work"}, &id); err != nil || id.ARN != "arn:of:AKIA0" || id.Temporary {
		t.Errorf("test source: got %+v, %v", id, err)
	}
	if err := w.call(t, api.Request{Do: api.DoTest, Name: "acme/admin"}, &id); err != nil || id.ARN != "arn:of:ASIA2" || !id.Temporary {
		t.Errorf("test role: got %+v, %v", id, err)
	}
	var f api.Forgotten
	if err := w.call(t, api.Request{Do: api.DoForget, Name: "acme"}, &f); err != nil || len(f.Roles) != 1 {
		t.Errorf("forget: got %+v, %v", f, err)
	}
	var e *ipc.Error
	for _, req := range []api.Request{{Do: "dance"}, {Do: api.DoTest, Name: "none"}, {Do: api.DoRefresh, Name: "acme/none"}} {
		if err := w.call(t, req, &f); !errors.As(err, &e) {
			t.Errorf("%+v: got %v, want a refusal", req, err)
		}
	}
}

func TestHostileFrames(t *testing.T) {
	w := newWorld(t, map[string]string{"credd.toml": settings, "customers/acme.toml": customerText("admin")})
	for name, tt := range map[string]struct {
		frame []byte
		code  ipc.Code // 0: the connection ends without a reply
	}{
		"unknown kind":    {ipc.Append(nil, 200, []byte("x")), ipc.Usage},
		"version 0":       {ipc.Append(nil, ipc.KindCredentials, []byte{0, 0, 0, 1, 'a'}), ipc.Usage},
		"empty role":      {ipc.Append(nil, ipc.KindCredentials, []byte{1, 0, 0, 0}), ipc.Usage},
		"role cut short":  {ipc.Append(nil, ipc.KindCredentials, []byte{1, 0, 0, 9, 'a'}), ipc.Usage},
		"empty manage":    {ipc.Append(nil, ipc.KindManage, nil), ipc.Usage},
		"manage not JSON": {ipc.Append(nil, ipc.KindManage, []byte("\x01{")), ipc.Usage},
		"length 0":        {[]byte{0, 0, 0, 0, 1}, 0},
		"length of 4 GB":  {[]byte{255, 255, 255, 255, 1}, 0},
		"above the limit": {[]byte{0, 1, 0, 2, 1}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			kind, payload, err := w.send(t, tt.frame)
			if tt.code == 0 {
				if err == nil {
					t.Errorf("got a reply of kind %d, want none", kind)
				}
				return
			}
			e, perr := ipc.ParseError(payload)
			if err != nil || perr != nil || e.Code != tt.code {
				t.Errorf("got %+v, %v; want code %d", e, err, tt.code)
			}
		})
	}
	if _, e := w.get(t, "acme/admin"); e != nil {
		t.Errorf("after all that: %v", e)
	}
}
