package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// member is a file of an archive.
type member struct {
	name string
	mode int64
	data []byte
}

// archive makes the .tar.gz of a target, or for Windows the .zip.
func (r *release) archive(t target) error {
	top := strings.TrimSuffix(r.file(t, ""), ".")
	members, err := r.members(t, top)
	if err != nil {
		return err
	}
	write, ext := tarGz, "tar.gz"
	if t.os == "windows" {
		write, ext = zipFile, "zip"
	}
	data, err := write(members, r.at)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(r.out, r.file(t, ext)), data, 0o644)
}

// members are the files of a target's archive, by name, below one folder.
func (r *release) members(t target, top string) ([]member, error) {
	var all []member
	add := func(from, to string, mode int64) error {
		data, err := os.ReadFile(from)
		all = append(all, member{path.Join(top, to), mode, data})
		return err
	}
	for _, p := range programs {
		if err := add(r.source("bin/"+p, t), t.program(p), 0o755); err != nil {
			return nil, err
		}
	}
	for _, f := range archived {
		if f.os != "" && f.os != t.os {
			continue
		}
		files, err := within(r.source(f.from, t))
		if err != nil {
			return nil, err
		}
		for _, name := range files {
			if err := add(filepath.Join(r.source(f.from, t), name), path.Join(f.to, filepath.ToSlash(name)), 0o644); err != nil {
				return nil, err
			}
		}
	}
	slices.SortFunc(all, func(a, b member) int { return strings.Compare(a.name, b.name) })
	for i := range all[1:] {
		if all[i].name == all[i+1].name {
			return nil, fmt.Errorf("%s is twice in the archive", all[i].name)
		}
	}
	return all, nil
}

// within returns the files below a folder, by their paths in it, or "" for a file.
func within(root string) ([]string, error) {
	var names []string
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(root, p)
		if name == "." {
			name = ""
		}
		names = append(names, name)
		return err
	})
	return names, err
}

// tarGz writes members with one owner and one time.
func tarGz(members []member, at time.Time) ([]byte, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, m := range members {
		h := &tar.Header{Typeflag: tar.TypeReg, Name: m.name, Mode: m.mode, Size: int64(len(m.data)), ModTime: at, Format: tar.FormatUSTAR}
		if err := w.WriteHeader(h); err != nil {
			return nil, err
		}
		if _, err := w.Write(m.data); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return zipped(b.Bytes()), nil
}

// zipFile is the same as a zip file.
func zipFile(members []member, at time.Time) ([]byte, error) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, m := range members {
		h := &zip.FileHeader{Name: m.name, Method: zip.Deflate, Modified: at}
		h.SetMode(fs.FileMode(m.mode))
		f, err := w.CreateHeader(h)
		if err != nil {
			return nil, err
		}
		if _, err := f.Write(m.data); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
