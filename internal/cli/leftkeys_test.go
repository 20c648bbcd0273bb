package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"credd/internal/agent/api"
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
