package doctor

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"time"
)

const (
	programTimeout = 5 * time.Second // of one program
	maxOutput      = 64 << 10
)

var errNoAnswer = errors.New("it did not answer in 5 s")

// output runs a program without AWS settings, for a few seconds, and returns what it prints.
func (w *World) output(ctx context.Context, env []string, path string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, programTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = append(plain(os.Environ()), env...)
	cmd.Dir = w.root()
	cmd.WaitDelay = 100 * time.Millisecond // for children that keep its pipes open
	var out limited
	cmd.Stdout, cmd.Stderr = &out, &out
	alone(cmd)
	err := cmd.Run()
	if errors.Is(err, exec.ErrWaitDelay) {
		err = nil // it has ended well; a child of it lives on
	}
	if ctx.Err() != nil {
		return "", errNoAnswer
	}
	return out.String(), err
}

// root is a directory in which no program finds modules of its own.
func (w *World) root() string {
	if runtime.GOOS == "windows" {
		return os.TempDir()
	}
	return "/"
}

// plain is an environment without AWS settings: a secret in them is no business of the programs.
func plain(env []string) []string {
	var out []string
	for _, kv := range env {
		if !strings.HasPrefix(strings.ToUpper(kv), "AWS_") {
			out = append(out, kv)
		}
	}
	return out
}

// limited keeps the beginning of what is written.
type limited struct{ bytes.Buffer }

func (l *limited) Write(p []byte) (int, error) {
	l.Buffer.Write(p[:min(len(p), maxOutput-min(l.Len(), maxOutput))])
	return len(p), nil
}

// found looks a program up as a shell does, in the world's PATH.
func (w *World) found(name string) string {
	for _, dir := range filepath.SplitList(w.Getenv("PATH")) {
		if dir == "" || !filepath.IsAbs(dir) {
			continue // whatever is in the working directory is not run
		}
		for _, ext := range extensions() {
			path := filepath.Join(dir, name+ext)
			if i, err := os.Stat(path); err == nil && i.Mode().IsRegular() && (runtime.GOOS == "windows" || i.Mode().Perm()&0o111 != 0) {
				return path
			}
		}
	}
	return ""
}

func extensions() []string {
	if runtime.GOOS == "windows" {
		return []string{".exe", ".cmd", ".bat"}
	}
	return []string{""}
}

var versionForm = regexp.MustCompile(`[0-9]+\.[0-9]+(\.[0-9]+)?`)

// older reports whether a version is below another one; false if either cannot be read.
func older(version, than string) bool {
	a, b := numbers(version), numbers(than)
	if a == nil || b == nil {
		return false
	}
	for i := range b {
		if i >= len(a) || a[i] != b[i] {
			return i >= len(a) || a[i] < b[i]
		}
	}
	return false
}

func numbers(version string) (out []int) {
	for part := range strings.SplitSeq(versionForm.FindString(version), ".") {
		n, err := strconv.Atoi(part)
		if err != nil {
			return nil
		}
		out = append(out, n)
	}
	return out
}
