//go:build linux

package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var commit = time.Date(2026, 11, 28, 1, 14, 3, 0, time.UTC)

// small is a release whose programs and man pages are a line of text each: what is tested is what is made of them.
func small(t *testing.T, at time.Time) *release {
	t.Helper()
	root, err := filepath.Abs("../..")
	check(t, err)
	v, err := parseVersion("1.2.0-rc.1")
	check(t, err)
	r := &release{version: v, at: at, baseURL: "https://downloads.example/credd/", homepage: "https://credd.example", maintainer: "Ana <ana@credd.example>",
		root: root, out: t.TempDir(), work: t.TempDir(), targets: targets}
	names := map[string]bool{"made/changelog.yaml": true}
	for _, c := range contents {
		names[c.from] = true
	}
	for _, a := range archived {
		names[a.from] = true
	}
	for name := range names {
		if made, is := strings.CutPrefix(name, "made/"); is {
			if strings.HasSuffix(made, "/") {
				made += "a"
			}
			check(t, r.made(made, []byte("[] # "+made+"\n")))
		}
	}
	for _, target := range targets {
		check(t, os.MkdirAll(r.bin(target), 0o755))
		for _, p := range programs {
			check(t, os.WriteFile(r.source("bin/"+p, target), []byte(target.String()+" "+p+"\n"), 0o755))
		}
	}
	return r
}

// publish makes all but the lists of parts, which are read from real binaries.
func (r *release) publish(t *testing.T) {
	t.Helper()
	for _, target := range targets {
		check(t, r.archive(target))
		check(t, r.packages(target))
	}
	check(t, r.manifests())
	check(t, r.sums())
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// entry is a file of a package: what it is, and whose.
type entry struct {
	mode         int64
	owner, group string
	data         string
	at           time.Time
}

// read returns the files of a package, by path, as the programs of each format see them.
func read(t *testing.T, path, format string) map[string]entry {
	t.Helper()
	file, err := os.ReadFile(path)
	check(t, err)
	switch format {
	case "deb":
		return untar(t, output(t, "dpkg-deb", "--fsys-tarfile", path))
	case "apk":
		all, err := gzip.NewReader(bytes.NewReader(file)) // streams one after the other: what signs, what describes, the files
		check(t, err)
		data, err := io.ReadAll(all)
		check(t, err)
		return untar(t, data)
	case "archlinux":
		return untar(t, output(t, "zstd", "-dcq", path))
	}
	return rpmFiles(t, path)
}

func untar(t *testing.T, data []byte) map[string]entry {
	t.Helper()
	all := map[string]entry{}
	r := tar.NewReader(bytes.NewReader(data))
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		check(t, err)
		text, err := io.ReadAll(r)
		check(t, err)
		name := strings.Trim(strings.TrimPrefix(h.Name, "./"), "/")
		if h.Uname == "" {
			h.Uname, h.Gname = "root", "root"
		}
		if h.Uid != 0 || h.Gid != 0 {
			t.Errorf("%s is of %d:%d", h.Name, h.Uid, h.Gid)
		}
		all["/"+name] = entry{h.Mode & 0o7777, h.Uname, h.Gname, string(text), h.ModTime.UTC()}
	}
}

// rpmFiles asks rpm for modes and owners, and cpio for what is in the files.
func rpmFiles(t *testing.T, path string) map[string]entry {
	t.Helper()
	dir := t.TempDir()
	// The paths in it are absolute: without the flag they would be this machine's.
	unpack := exec.Command("sh", "-c", `rpm2cpio "$0" | cpio --extract --make-directories --no-absolute-filenames --quiet`, path)
	unpack.Dir = dir
	if out, err := unpack.CombinedOutput(); err != nil {
		t.Fatalf("rpm2cpio: %v\n%s", err, out)
	}
	all := map[string]entry{}
	list := output(t, "rpm", "-qp", "--queryformat", `[%{FILENAMES}\t%{FILEMODES:octal}\t%{FILEUSERNAME}\t%{FILEGROUPNAME}\t%{FILEMTIMES}\n]`, path)
	for line := range strings.Lines(string(list)) {
		f := strings.Split(strings.TrimSpace(line), "\t")
		mode := int64(0)
		for _, digit := range f[1][len(f[1])-4:] {
			mode = mode*8 + int64(digit-'0')
		}
		at, err := epoch(f[4])
		check(t, err)
		text, _ := os.ReadFile(filepath.Join(dir, f[0])) // a folder has none
		all[f[0]] = entry{mode, f[2], f[3], string(text), at}
	}
	return all
}

func output(t *testing.T, program string, args ...string) []byte {
	t.Helper()
	out, err := exec.Command(program, args...).Output()
	if err != nil {
		t.Fatalf("%s: %v", program, err)
	}
	return out
}
