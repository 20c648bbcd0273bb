package cli

import (
	"os"
	"path/filepath"
	"testing"

	"credd/internal/awsconfig"
)

// installed is a directory with a version in its name, and one of links to what is in it.
func installed(t *testing.T) (real, links string) {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	real, links = filepath.Join(dir, "credd-1.2"), filepath.Join(dir, "bin")
	for _, d := range []string{real, links} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"credd", "credhelper"} {
		if err := os.WriteFile(filepath.Join(real, name), nil, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(filepath.Join(real, name), filepath.Join(links, name)); err != nil {
			t.Fatal(err)
		}
	}
	return real, links
}

func TestTheHelperIsNamedAsCreddWasCalled(t *testing.T) {
	real, links := installed(t)
	t.Setenv("PATH", links)
	t.Chdir(links)
	elsewhere := t.TempDir()
	if err := os.Symlink(filepath.Join(real, "credd"), filepath.Join(elsewhere, "credd")); err != nil {
		t.Fatal(err)
	}
	exe := filepath.Join(real, "credd")
	for name, tt := range map[string]struct{ arg, want string }{
		"by PATH":                   {"credd", links},
		"by a path":                 {filepath.Join(links, "credd"), links},
		"by a relative path":        {"./credd", links},
		"by the real path":          {exe, real},
		"a link without the helper": {filepath.Join(elsewhere, "credd"), real},
		"a name that is not it":     {"credhelper", real},
		"a name that is nothing":    {"nothing", real},
		"no name":                   {"", real},
	} {
		if got := called(tt.arg, exe, "credhelper"); got != filepath.Join(tt.want, "credhelper") {
			t.Errorf("%s: got %s, want it in %s", name, got, tt.want)
		}
	}
}

func TestASecondNameOfTheHelperChangesNoProfile(t *testing.T) {
	real, links := installed(t)
	byReal, byLink := filepath.Join(real, "credhelper"), filepath.Join(links, "credhelper")
	for name, tt := range map[string]struct{ written, ours, want string }{
		"a daemon knows the real path only": {byLink, byReal, byLink},
		"a command was called by the link":  {byReal, byLink, byLink},
		"both the same":                     {byReal, byReal, byReal},
		"another file":                      {filepath.Join(real, "credd"), byReal, byReal},
		"a file that is gone":               {filepath.Join(real, "gone"), byReal, byReal},
	} {
		command, err := awsconfig.Command(tt.written, "acme/admin")
		if err != nil {
			t.Fatal(err)
		}
		at := awsconfig.In(t.TempDir())
		f, err := awsconfig.Read(at)
		if err == nil {
			_, err = awsconfig.Wish{Profiles: []awsconfig.Managed{{Name: "acme/admin", Role: "acme/admin", Command: command}}}.Write(f)
		}
		if err == nil {
			f, err = awsconfig.Read(at)
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := steady(tt.ours, f); got != tt.want {
			t.Errorf("%s: got %s, want %s", name, got, tt.want)
		}
	}
}
