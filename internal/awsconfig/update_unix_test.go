//go:build !windows

package awsconfig

import (
	"syscall"
	"testing"
)

func fifo(path string) error { return syscall.Mkfifo(path, 0o600) }

func TestWord(t *testing.T) {
	for path, want := range map[string]string{"/home/ana/.aws/config": "/home/ana/.aws/config", "/a b/config": `"/a b/config"`, "/$(id)/config": "'/$(id)/config'", "/a;id/c": `"/a;id/c"`} {
		if got := word(path); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
