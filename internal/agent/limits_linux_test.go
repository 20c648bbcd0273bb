package agent_test

import (
	"strings"
	"testing"
	"time"

	"credd/internal/agent/api"
	"credd/internal/agent/audit"
	"credd/internal/ipc"
)

func TestOneUsersFloodLeavesRoomForOthers(t *testing.T) {
	w, _ := newSystem(t, systemFiles)
	ana, eve, root := w.as(t, anaUID, anaUID), w.as(t, eveUID, eveUID), w.as(t, 0, 0)
	const most = 256
	untilBusy(t, eve, func() { eve.does(order{Hold: most}) })
	if r := ana.get("acme/admin"); r.KeyID == "" {
		t.Errorf("ana: got %v", r)
	}
	root.does(order{Hold: 300})
	if r := root.get("acme/admin"); r.KeyID == "" {
		t.Errorf("root: got %v", r)
	}
}

// However many users flood it, root and the daemon's own watchdog are heard.
func TestAFloodOfManyUsersLeavesRoomForRoot(t *testing.T) {
	w, _ := newSystem(t, systemFiles)
	ana, root, credd := w.as(t, anaUID, anaUID), w.as(t, 0, 0), w.as(t, daemonUID, daemonUID)
	var crowd []*user
	for i := range uint32(5) {
		crowd = append(crowd, w.as(t, 30000+i, 30000))
	}
	untilBusy(t, ana, func() {
		for _, u := range crowd {
			u.does(order{Hold: 256})
		}
	})
	for name, u := range map[string]*user{"root": root, "credd": credd} {
		if r := u.call(api.Request{Do: api.DoAlive}); r.Code != 0 {
			t.Errorf("%s: got %v", name, r)
		}
	}
}

// untilBusy floods the daemon until it has no room for a user: on a busy machine what is held may end before all of it is there.
func untilBusy(t *testing.T, u *user, flood func()) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; {
		flood()
		r := u.get("acme/admin")
		if r.Code == ipc.Unreachable && strings.Contains(r.Error, "too many connections") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("got %v, want the daemon to be busy", r)
		}
	}
}

func TestRefusalsDoNotFillTheLog(t *testing.T) {
	w, _ := newSystem(t, systemFiles)
	ana, eve := w.as(t, anaUID, anaUID), w.as(t, eveUID, eveUID)
	for range 100 {
		eve.get("acme/admin")
	}
	ana.get("acme/nothing")
	counts := map[uint32]int{}
	w.trail.Read(audit.Filter{}, func(e audit.Entry) error { counts[e.UID]++; return nil })
	if counts[eveUID] != 30 || counts[anaUID] != 1 {
		t.Errorf("got %v lines, want 30 of eve in a minute", counts)
	}
	w.advance(time.Minute)
	eve.get("acme/admin")
	if got := w.trail.last(); got.UID != eveUID {
		t.Errorf("got %+v, want eve named again after a minute", got)
	}
}

// A user may have the numbers of many others, for namespaces of their own.
func TestRefusalsOfManyUsersDoNotFillTheLog(t *testing.T) {
	w, _ := newSystem(t, systemFiles)
	for i := range uint32(15) {
		u := w.as(t, 40000+i, 40000)
		for range 30 {
			u.get("acme/admin")
		}
	}
	lines := 0
	w.trail.Read(audit.Filter{}, func(audit.Entry) error { lines++; return nil })
	if lines != 300 {
		t.Errorf("got %d lines, want 300 in a minute", lines)
	}
	w.advance(time.Minute)
	if w.as(t, eveUID, eveUID).get("acme/admin"); w.trail.last().UID != eveUID {
		t.Errorf("got %+v, want eve named after a minute", w.trail.last())
	}
}

// What makes credd ask AWS anew is not to be had without end: the account's calls are all users'.
func TestAUserDoesNotUseUpTheCallsOfAll(t *testing.T) {
	for _, do := range []string{api.DoRefresh, api.DoTest, api.DoForget} {
		t.Run(do, func(t *testing.T) {
			w, _ := newSystem(t, systemFiles)
			ana, eve, root := w.as(t, anaUID, anaUID), w.as(t, eveUID, eveUID), w.as(t, 0, 0)
			ask := api.Request{Do: do, Name: "acme/admin"}
			for n := range 50 {
				r := ana.call(ask)
				if got, want := r.Code == 0, n < 30; got != want {
					t.Fatalf("ana's request %d: got %v", n, r)
				}
				ana.get("acme/admin")
			}
			if got := w.aws.count(); got > 31 {
				t.Errorf("got %d calls of AWS", got)
			}
			if r := ana.get("acme/admin"); r.KeyID == "" {
				t.Errorf("ana's helper: got %v", r)
			}
			if r := eve.call(ask); r.Code != ipc.Refused {
				t.Errorf("eve, to whom it is closed: got %v", r)
			}
			for range 40 {
				if r := root.call(ask); r.Code != 0 {
					t.Fatalf("root: got %v", r)
				}
			}
			w.advance(time.Minute)
			if r := ana.call(ask); r.Code != 0 {
				t.Errorf("after a minute: got %v", r)
			}
		})
	}
}

// Who asks for audit lines and does not read them is given up, and keeps nobody else waiting.
func TestALineReaderWhoDoesNotRead(t *testing.T) {
	w, _ := newSystem(t, systemFiles)
	for range 20_000 { // more than a socket holds
		w.trail.Record(audit.Entry{Time: w.clock(), Outcome: "ok", Role: "acme/admin", User: "ana", UID: anaUID, Error: strings.Repeat("x", 100)})
	}
	ana, root := w.as(t, anaUID, anaUID), w.as(t, 0, 0)
	ask := order{Do: &api.Request{Do: api.DoAudit}}
	deaf := ask
	deaf.Deaf = true
	refused := false
	for deadline := time.Now().Add(20 * time.Second); !refused && time.Now().Before(deadline); {
		ana.does(deaf)
		r := ana.does(ask)
		refused = r.Code == ipc.Unreachable && strings.Contains(r.Error, "being read already")
	}
	if !refused {
		t.Error("a second reading at once is not refused")
	}
	if r := root.does(ask); len(r.Events) < 20_000 {
		t.Errorf("root: got %d lines", len(r.Events))
	}
	if r := ana.get("acme/admin"); r.KeyID == "" {
		t.Errorf("got %v", r)
	}
	for deadline := time.Now().Add(30 * time.Second); ; {
		if r := ana.does(ask); len(r.Events) > 20_000 {
			return
		} else if time.Now().After(deadline) {
			t.Fatalf("got %v and %d lines, want the reader that does not read to be given up", r, len(r.Events))
		}
	}
}
