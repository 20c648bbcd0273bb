package invite

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// What is kept of an invitation is read again as it was, and its longest session is in seconds there.
func TestTermsAsJSON(t *testing.T) {
	x := plain(t)
	x.MaxSession = 90 * time.Minute
	data, err := json.Marshal([]*Terms{x})
	check(t, err)
	if text := string(data); strings.Count(text, `"max_session_s":5400`) != 1 || strings.Contains(text, "MaxSession") {
		t.Errorf("got %s", text)
	}
	var got []Terms
	check(t, json.Unmarshal(data, &got))
	if d := cmp.Diff([]Terms{*x}, got); d != "" {
		t.Errorf("written +, read -:\n%s", d)
	}
	if err := json.Unmarshal([]byte(`{"max_session_s":3600000000000}`), new(Terms)); err == nil {
		t.Error("a number of seconds that is none is no error")
	}
}
