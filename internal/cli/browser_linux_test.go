package cli

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// ^C at the terminal is for credd, not for the browser that it opened.
func TestALoginsBrowserIsOnItsOwn(t *testing.T) {
	dir := t.TempDir()
	said := filepath.Join(dir, "said")
	if err := syscall.Mkfifo(said, 0o600); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, "xdg-open"), "#!/bin/sh\nread -r stat </proc/$$/stat\necho \"$1 $stat\" >'"+said+"'\n")
	if err := os.Chmod(filepath.Join(dir, "xdg-open"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	openBrowser("https://nw.awsapps.com/start")
	text, err := os.ReadFile(said) // waits for it
	if err != nil {
		t.Fatal(err)
	}
	// The address, then proc_pid_stat(5): pid, comm, state, ppid, pgrp, session.
	if f := strings.Fields(string(text)); len(f) < 7 || f[0] != "https://nw.awsapps.com/start" || f[1] != f[6] {
		t.Errorf("got %q, want a session of its own", text)
	}
}
