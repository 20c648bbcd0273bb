package watch

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// Dotfiles: a file that is a link is told of when the link turns and when what it leads to changes.
func TestLinkedFiles(t *testing.T) {
	edits := map[string]func(target string) error{
		"edited in place": write,
		"replaced":        func(f string) error { return errors.Join(write(f+"~"), os.Rename(f+"~", f)) },
		"deleted":         os.Remove,
	}
	for name, edit := range edits {
		t.Run(name, func(t *testing.T) {
			home := realDir(t)
			config, dotfiles := filepath.Join(home, "config"), filepath.Join(home, "dotfiles")
			one, two := filepath.Join(dotfiles, "one.toml"), filepath.Join(dotfiles, "two.toml")
			must(t, os.Mkdir(config, 0o700), os.Mkdir(dotfiles, 0o700), write(one), write(two))
			must(t, os.Symlink("../dotfiles/hop", filepath.Join(config, "credd.toml")), os.Symlink(one, filepath.Join(dotfiles, "hop")))
			w := watching(t, config)
			must(t, edit(one))
			wantChange(t, w, one)

			must(t, os.Symlink(two, filepath.Join(home, "new")), os.Rename(filepath.Join(home, "new"), filepath.Join(dotfiles, "hop")))
			settled(t, w, config)
			must(t, edit(two))
			wantChange(t, w, two)
			wantFile(t, w, two)
		})
	}
}

func TestALinkThatCameLater(t *testing.T) {
	config, dotfiles := realDir(t), realDir(t)
	target := filepath.Join(dotfiles, "acme.toml")
	must(t, write(target))
	w := watching(t, config)
	must(t, os.Symlink(target, filepath.Join(config, "acme.toml")))
	settled(t, w, config)
	wantFile(t, w, target)
}

// Other files in a directory that is watched for one name are not told of.
func TestUnrelatedFiles(t *testing.T) {
	home := realDir(t)
	target := filepath.Join(home, "dotfiles.toml")
	config := filepath.Join(home, "config")
	must(t, os.Mkdir(config, 0o700), write(target), os.Symlink(target, filepath.Join(config, "credd.toml")))
	missing := filepath.Join(home, "team", "customers") // makes home watched
	w := watching(t, config, missing)
	must(t,
		write(filepath.Join(home, ".bash_history")),
		os.Mkdir(filepath.Join(home, "teams"), 0o700),
		os.Rename(filepath.Join(home, ".bash_history"), filepath.Join(home, "history")),
		os.Remove(filepath.Join(home, "history")),
		write(target))
	wantPaths(t, w, target)
}
