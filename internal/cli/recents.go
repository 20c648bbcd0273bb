package cli

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"credd/internal/paths"
)

const mostRecents = 50 // more than a person remembers

// recents are the roles that were used, newest first. They only order a list, so no failure matters.
func recents() []string {
	dir, err := paths.State()
	if err != nil {
		return nil
	}
	text, err := os.ReadFile(filepath.Join(dir, "recents"))
	if err != nil {
		return nil
	}
	return strings.Fields(string(text))
}

// remember puts a role before the others.
func remember(role string) {
	old := slices.DeleteFunc(recents(), func(r string) bool { return r == role })
	all := append([]string{role}, old...)
	all = all[:min(len(all), mostRecents)]
	dir, err := paths.State()
	if err != nil || os.MkdirAll(dir, 0o700) != nil {
		return
	}
	tmp, err := os.CreateTemp(dir, ".recents-*")
	if err != nil {
		return
	}
	_, err = tmp.WriteString(strings.Join(all, "\n") + "\n")
	if tmp.Close() != nil || err != nil || os.Rename(tmp.Name(), filepath.Join(dir, "recents")) != nil {
		os.Remove(tmp.Name())
	}
}
