package cli

import (
	"os"
	"testing"
)

func TestATerminalIsOne(t *testing.T) {
	f, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	t.Setenv("NO_COLOR", "")
	t.Setenv("TERM", "xterm")
	if !isTerminal(f) || !ShowsColor(f) {
		t.Error("a terminal does not count as one")
	}
	t.Setenv("NO_COLOR", "1")
	if ShowsColor(f) {
		t.Error("NO_COLOR is not heeded")
	}
}
