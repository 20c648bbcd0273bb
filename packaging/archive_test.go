//go:build linux

package packaging

import (
	"debug/buildinfo"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestArchiveRuns unpacks an archive and runs what is in it.
func TestArchiveRuns(t *testing.T) {
	dir := t.TempDir()
	if out, err := exec.Command("tar", "-C", dir, "-xzf", released(older, "tar.gz")).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	top := filepath.Join(dir, "credd_"+older+"_linux_"+arch)
	out, err := exec.Command(filepath.Join(top, "credd"), "version").Output()
	if err != nil || !strings.HasPrefix(string(out), "credd "+older+" ") {
		t.Errorf("got %q, %v", out, err)
	}
	if out, err := exec.Command(filepath.Join(top, "credhelper"), "--version").Output(); err != nil || !strings.Contains(string(out), older) {
		t.Errorf("got %q, %v", out, err)
	}
	for _, name := range []string{"README.md", "LICENSE", "CHANGELOG.md", "THIRD-PARTY.txt", "docs/configuration.md", "man/credd.1", "man/credhelper.1",
		"completions/_credd", "completions/credd.bash", "completions/credd.fish", "completions/credd.ps1", "units/user/credd.socket", "units/openrc/credd"} {
		if i, err := os.Stat(filepath.Join(top, name)); err != nil || i.Size() == 0 || i.Mode().Perm() != 0o644 {
			t.Errorf("%s: got %v, %v", name, i, err)
		}
	}
	if page, err := os.ReadFile(filepath.Join(top, "man/credd.1")); err != nil || !strings.Contains(string(page), `"credd `+older+`"`) {
		t.Errorf("the page is of another version: %v", err)
	}
}

// TestPartsAreAllThere compares the list of parts, and the licences, with what the binaries say of themselves.
func TestPartsAreAllThere(t *testing.T) {
	dir := t.TempDir()
	if out, err := exec.Command("tar", "-C", dir, "--strip-components=1", "-xzf", released(older, "tar.gz")).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	text, err := os.ReadFile(released(older, "cdx.json"))
	check(t, err)
	var list struct {
		Metadata struct {
			Component struct{ Name, Version string }
		}
		Components []struct{ Name, Version string }
	}
	check(t, json.Unmarshal(text, &list))
	if c := list.Metadata.Component; c.Name != "credd" || c.Version != older {
		t.Errorf("got a list of %v", c)
	}
	listed := map[string]bool{}
	for _, c := range list.Components {
		listed[c.Name+" "+c.Version] = true
	}
	licences, err := os.ReadFile(filepath.Join(dir, "THIRD-PARTY.txt"))
	check(t, err)
	for _, program := range []string{"credd", "credhelper"} {
		info, err := buildinfo.ReadFile(filepath.Join(dir, program))
		check(t, err)
		for _, d := range info.Deps {
			if !listed[d.Path+" "+d.Version] {
				t.Errorf("%s has %s %s in it, the list has not", program, d.Path, d.Version)
			}
			if !strings.Contains("\n"+string(licences), "\n"+d.Path+" "+d.Version+"\n") {
				t.Errorf("%s has %s %s in it, whose licence is not there", program, d.Path, d.Version)
			}
		}
		if len(info.Deps) == 0 && program == "credd" {
			t.Error("credd says nothing of its parts")
		}
	}
}
