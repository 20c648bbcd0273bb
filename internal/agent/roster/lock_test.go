//go:build !windows

package roster

import (
	"testing"
	"time"
)

// Whoever edits the configuration waits for whoever does already: a role and its source are in two files.
func TestOneLockForAllEdits(t *testing.T) {
	const wait = 30 * time.Millisecond
	for name, edit := range map[string]func(dir string) error{
		"AddRole": func(d string) error {
			_, err := AddRole(d, NewRole{Name: "acme/new", ARN: "arn:aws:iam::012345678901:role/New"})
			return err
		},
		"RemoveRole":   func(d string) error { _, err := RemoveRole(d, "acme/admin"); return err },
		"AddSources":   func(d string) error { _, err := AddSources(d, Source{Name: "ec2", Type: "imds"}); return err },
		"RemoveSource": func(d string) error { _, err := RemoveSource(d, "spare"); return err },
	} {
		t.Run(name, func(t *testing.T) {
			d := whole(t)
			put(t, d, "credd.toml", settingsText+"[source.spare]\ntype = \"imds\"\n")
			unlock, err := lockDir(d)
			check(t, err)
			done := make(chan error)
			go func() { done <- edit(d) }()
			select {
			case err := <-done:
				t.Fatalf("it did not wait: %v", err)
			case <-time.After(wait):
			}
			unlock()
			check(t, <-done)
		})
	}
}
