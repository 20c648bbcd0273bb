//go:build !windows

package cli

import (
	"context"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"
)

// serve leaves nothing running. It hardens its process, so it has one of its own here.
func TestServeWaitsForAll(t *testing.T) {
	const mark = "CREDD_TEST_SERVE"
	if os.Getenv(mark) == "" {
		home(t)
		cmd := exec.Command(os.Args[0], "-test.run=^TestServeWaitsForAll$", "-test.count=1")
		cmd.Env = append(os.Environ(), mark+"=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	go func() {
		for ctx.Err() == nil {
			if _, err := os.Stat(os.Getenv("CREDD_SOCK")); err == nil {
				break
			}
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	if err := (&Streams{Err: io.Discard}).serve(ctx); err != nil {
		t.Fatal(err)
	}
	stacks := make([]byte, 1<<20)
	text := string(stacks[:runtime.Stack(stacks, true)])
	for _, left := range []string{"reloadOnHangup", "Watch(", "FollowProfiles"} {
		if strings.Contains(text, left) {
			t.Errorf("%s still runs:\n%s", left, text)
		}
	}
}
