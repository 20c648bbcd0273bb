package socket

import (
	"path/filepath"
	"testing"
)

// TestInheritedWithoutLaunchd asks launchd, which has no socket for a test.
func TestInheritedWithoutLaunchd(t *testing.T) {
	if l, err := Inherited(filepath.Join(t.TempDir(), "lock")); l != nil || err != nil {
		t.Errorf("got %v, %v, want none", l, err)
	}
}
