package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// recipe is what nfpm reads. It takes YAML, of which JSON is a part.
type recipe struct {
	Name            string            `json:"name"`
	Arch            string            `json:"arch"`
	Platform        string            `json:"platform"`
	Version         string            `json:"version"`
	VersionSchema   string            `json:"version_schema"` // none: our own
	Release         string            `json:"release"`
	Section         string            `json:"section"`
	Priority        string            `json:"priority"`
	Maintainer      string            `json:"maintainer"`
	Description     string            `json:"description"`
	Homepage        string            `json:"homepage"`
	License         string            `json:"license"`
	MTime           time.Time         `json:"mtime"`
	DisableGlobbing bool              `json:"disable_globbing"`
	Contents        []content         `json:"contents"`
	Scripts         map[string]string `json:"scripts"`
	RPM             map[string]string `json:"rpm"`
	Changelog       string            `json:"changelog,omitempty"`
	APK             section           `json:"apk"`
	Pacman          section           `json:"archlinux"`
}

type section struct {
	Scripts map[string]string `json:"scripts,omitempty"`
}

type content struct {
	Src  string `json:"src,omitempty"`
	Dst  string `json:"dst"`
	Type string `json:"type,omitempty"`
	Info info   `json:"file_info"`
}

type info struct {
	Owner string    `json:"owner"`
	Group string    `json:"group"`
	Mode  int       `json:"mode"`
	MTime time.Time `json:"mtime"`
}

// packages makes those of a target, which is of Linux or has none.
func (r *release) packages(t target) error {
	if t.os != "linux" {
		return nil
	}
	for _, f := range formats {
		rec, err := r.recipe(f, t)
		if err != nil {
			return err
		}
		data, err := json.MarshalIndent(rec, "", "  ")
		if err != nil {
			return err
		}
		config := filepath.Join(r.work, f.name+".yaml")
		if err := os.WriteFile(config, data, 0o644); err != nil {
			return err
		}
		if _, err := r.run(t, r.tool("nfpm"), "package", "--config", config, "--packager", f.name, "--target", filepath.Join(r.out, r.file(t, f.ext))); err != nil {
			return err
		}
	}
	return nil
}

func (r *release) recipe(f format, t target) (*recipe, error) {
	rec := &recipe{
		Name: project.Name, Arch: t.arch, Platform: t.os, Version: f.version(r.version), VersionSchema: "none", Release: f.release,
		Section: "utils", Priority: "optional", Maintainer: r.maintainer, Homepage: r.homepage, License: project.License,
		Description: project.Summary + "\n" + project.Description, MTime: r.at, DisableGlobbing: true, Scripts: map[string]string{},
		RPM: map[string]string{"summary": project.Summary, "buildhost": "localhost", "group": "Applications/System", "packager": r.maintainer},
	}
	if f.name != "deb" && f.name != "rpm" {
		rec.Description = project.Summary // one line is what they have
	}
	later := map[string]string{}
	for name, file := range f.scripts {
		path, err := r.script(f.name, file)
		if err != nil {
			return nil, err
		}
		if name == "postupgrade" {
			later[name] = path
		} else {
			rec.Scripts[name] = path
		}
	}
	switch f.name {
	case "rpm":
		rec.Changelog = r.source("made/changelog.yaml", t)
	case "apk":
		rec.APK.Scripts = later
	case "archlinux":
		rec.Pacman.Scripts = later
	}
	var err error
	rec.Contents, err = r.contents(f, t)
	return rec, err
}

// script is a copy of one of a format's scripts: nfpm gives some the time that the file has.
func (r *release) script(format, name string) (string, error) {
	data, err := os.ReadFile(filepath.Join(r.root, "packaging", "scripts", format, name))
	if err != nil {
		return "", err
	}
	if err := r.made("scripts/"+format+"/"+name, data); err != nil {
		return "", err
	}
	path := filepath.Join(r.work, "made", "scripts", format, name)
	return path, os.Chtimes(path, r.at, r.at)
}

// contents are the files of one package, each with an owner, a mode and the time.
func (r *release) contents(f format, t target) ([]content, error) {
	var all []content
	for _, c := range contents {
		if c.only != nil && !slices.Contains(c.only, f.name) {
			continue
		}
		one := content{Src: r.source(c.from, t), Dst: c.to, Info: info{"root", "root", c.mode, r.at}}
		if c.from == "" {
			one.Src, one.Type = "", "dir"
			if c.mode&0o2000 != 0 {
				one.Info.Group = "credd"
			}
			all = append(all, one)
			continue
		}
		files, err := within(one.Src)
		if err != nil {
			return nil, err
		}
		for _, name := range files {
			file := one
			file.Src, file.Dst = filepath.Join(one.Src, name), filepath.Join(one.Dst, name)
			if f.name == "rpm" {
				file.Type = paper(file.Dst)
			}
			all = append(all, file)
		}
	}
	return all, nil
}

// paper is what rpm calls a file that nobody needs to run credd.
func paper(path string) string {
	switch {
	case strings.HasPrefix(path, "/usr/share/licenses/"):
		return "license"
	case strings.HasPrefix(path, "/usr/share/doc/"), strings.HasPrefix(path, "/usr/share/man/"):
		return "doc"
	}
	return ""
}
