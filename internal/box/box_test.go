//go:build linux

package box

import (
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"
)

func TestTwoBoxesBesideEachOther(t *testing.T) {
	var boxes [2]*Box
	var all sync.WaitGroup
	for i := range boxes {
		all.Go(func() { boxes[i], _ = boot() })
	}
	all.Wait()
	for i, b := range boxes {
		if b == nil {
			t.Fatal("a box does not boot")
		}
		defer b.Down()
		b.User(t, "dev", 1500)
		b.Write(t, "/home/dev/which", string(rune('0'+i)), 0o644)
		b.As(t, "dev", "systemctl", "--user", "list-units")
	}
	for i, b := range boxes {
		if got, want := b.Read(t, "/home/dev/which"), string(rune('0'+i)); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if got := b.As(t, "dev", "id", "-u"); got != "1500\n" {
			t.Errorf("got %q", got)
		}
		if err := b.Down(); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat("/home/dev/which"); err == nil {
		t.Error("a file of the box is on this machine")
	}
}

// A test that is killed has no cleanup.
func TestTheBoxEndsWithItsTest(t *testing.T) {
	const mark = "CREDD_TEST_BOX"
	if os.Getenv(mark) != "" {
		b, err := boot()
		if err != nil {
			t.Fatal(err)
		}
		fmt.Printf("\n%d %s\n", b.PID, b.groups[0])
		select {} // until killed
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestTheBoxEndsWithItsTest$")
	cmd.Env = append(os.Environ(), mark+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var pid int
	var group string
	if _, err := fmt.Fscanf(out, "\n%d %s\n", &pid, &group); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(fmt.Sprintf("/proc/%d/root/etc", pid)); err != nil {
		t.Errorf("it does not run: %v", err)
	}
	cmd.Process.Kill()
	cmd.Wait()
	if err := gone([]string{group}); err != nil {
		t.Error(err)
	}
}
