package cli

import (
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"

	"credd/internal/awsconfig"
)

// helperPath is the credhelper beside this credd.
func helperPath() (string, error) {
	exe, err := os.Executable()
	if err != nil {
		return "", err
	}
	if exe, err = filepath.EvalSymlinks(exe); err != nil {
		return "", err
	}
	name := "credhelper"
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return called(os.Args[0], exe, name), nil
}

// called is the helper's path by the directory from which credd, which is exe, was called: what the links of a package manager
// lead to has a version in its name and is gone after an upgrade. A directory without the same helper is not it.
func called(arg, exe, helper string) string {
	real := filepath.Join(filepath.Dir(exe), helper)
	path, err := exec.LookPath(arg)
	if err != nil && !errors.Is(err, exec.ErrDot) {
		return real
	}
	if path, err = filepath.Abs(path); err != nil {
		return real
	}
	if linked := filepath.Join(filepath.Dir(path), helper); same(path, exe) && same(linked, real) {
		return linked
	}
	return real
}

// steady is the path of the helper that profiles name. One that the block has already stays, if it leads to the same file and we
// know only where that is in the end, as a daemon that credhelper started: else the daemon and the commands would take turns.
func steady(helper string, f *awsconfig.Files) string {
	if real, err := filepath.EvalSymlinks(helper); err != nil || real != helper {
		return helper
	}
	managed, err := f.Managed()
	if err != nil {
		return helper // which the sync tells
	}
	all := f.Profiles()
	for _, name := range slices.Sorted(maps.Keys(managed)) {
		if words, ok := awsconfig.Words(all[name].Get("credential_process")); ok && same(words[0], helper) {
			return words[0]
		}
	}
	return helper
}

// same says whether two paths are of one file.
func same(a, b string) bool {
	at, errA := os.Stat(a)
	is, errB := os.Stat(b)
	return filepath.Clean(a) == filepath.Clean(b) || errA == nil && errB == nil && os.SameFile(at, is)
}
