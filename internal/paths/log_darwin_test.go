package paths

import "testing"

func TestLog(t *testing.T) {
	clean(t, "/Users/u")
	t.Setenv("XDG_STATE_HOME", "/x")
	if got, err := Log(); got != "/Users/u/Library/Logs/credd.log" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}
