//go:build !windows

package cli

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"credd/internal/agent/api"
)

// A pipe in the place of ~/.aws/config, to which nobody writes, keeps no command waiting.
func TestNoCommandWaitsForAPipe(t *testing.T) {
	_, aws := profiles(t)
	daemon(t, func(api.Request) any { return api.Status{Version: "1"} })
	pipe := filepath.Join(aws, "config")
	if err := os.Remove(pipe); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range []string{"use --shell zsh acme/admin", "import --dry-run", "profiles list", "profiles sync"} {
		if r := run(t, "", strings.Fields(args)...); r.code != 2 || r.out != "" || !strings.Contains(r.err, pipe+": it is no file\ncredd: hint: let AWS_CONFIG_FILE ") {
			t.Errorf("%s: got %+v", args, r)
		}
	}
	for _, args := range []string{"status", "doctor --offline", "__complete profiles"} {
		run(t, "", strings.Fields(args)...)
	}
}
