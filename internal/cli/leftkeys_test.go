package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"credd/internal/agent/api"
	"credd/internal/ipc"
)

// Keys that stay in ~/.aws are named by every status, until they are gone.
func TestStatusNamesKeysInClear(t *testing.T) {
	_, aws := profiles(t)
	creds := filepath.Join(aws, "credentials")
	put(t, creds, importKeys+"[session]\naws_access_key_id = ASIASESSION\naws_secret_access_key = x\naws_session_token = y\n[half]\naws_access_key_id = AKIAHALF\n")
	daemon(t, func(api.Request) any { return api.Status{Version: "1", Warnings: []string{"the clock is off"}} })
	const want = "access key AKIABASEBASEBASE of profile base is in clear in "
	r := run(t, "", "status")
	if r.code != 0 || strings.Count(r.out, "is in clear in") != 1 || !strings.Contains(r.out, want+creds) || !strings.Contains(r.out, "the clock is off") || strings.Contains(r.out, "canary") {
		t.Errorf("got %+v", r)
	}
	var st api.Status
	if err := json.Unmarshal([]byte(run(t, "", "status", "--json").out), &st); err != nil || len(st.Warnings) != 2 || !strings.HasPrefix(st.Warnings[1], want) {
		t.Errorf("got %q, %v", st.Warnings, err)
	}
	if err := os.Remove(creds); err != nil {
		t.Fatal(err)
	}
	if r := run(t, "", "status"); r.code != 0 || strings.Contains(r.out, "in clear") {
		t.Errorf("got %+v", r)
	}
}

// Keys are tried after an import: one that AWS takes no more is told so, an old one is warned of, and of one that nobody can try only
// that it is there.
func TestImportNotesKeys(t *testing.T) {
	_, aws := profiles(t)
	put(t, filepath.Join(aws, "config"), "")
	put(t, filepath.Join(aws, "credentials"), importKeys+"[gone]\naws_access_key_id = AKIAGONE\naws_secret_access_key = canary-gone\n[odd]\naws_access_key_id = odd\naws_secret_access_key = canary-odd\n")
	daemon(t, func(r api.Request) any {
		switch {
		case r.Do != api.DoTryKey:
			return struct{}{}
		case r.Key.ID == "odd":
			return &ipc.Error{Code: ipc.Usage, Message: "it is no key"}
		}
		return api.Tried{Accepted: r.Key.ID != "AKIAGONE", Created: time.Now().Add(-91 * 24 * time.Hour)}
	})
	r := run(t, "", "import", "--yes")
	for _, want := range []string{
		"key AKIABASEBASEBASE of profile base is still in clear in ", "access key AKIABASEBASEBASE of profile base was created 91 days ago",
		"key AKIAGONE of profile gone is not accepted by AWS any more: its lines in ", "key odd of profile odd is still in clear in ", "there is nothing to import",
	} {
		if r.code != 0 || !strings.Contains(r.out+r.err, want) {
			t.Errorf("got %+v\nwant %s", r, want)
		}
	}
	if strings.Contains(r.out+r.err, "canary") || strings.Count(r.err, "days ago") != 1 {
		t.Errorf("got %+v", r)
	}
}
