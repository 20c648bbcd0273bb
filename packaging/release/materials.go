package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"credd/packaging/units"
)

// materials makes the files that do not depend on the target: man pages and completions, which credd writes itself, the texts for
// service managers, change log, copyright and the licences of what is linked in.
func (r *release) materials() error {
	if err := r.build(here()); err != nil {
		return err
	}
	for _, step := range []func() error{r.manual, r.completions, r.units, r.papers} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// made writes a file that was made, and says where it is.
func (r *release) made(name string, data []byte) error {
	path := filepath.Join(r.work, "made", filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o644)
}

func (r *release) manual() error {
	dir := filepath.Join(r.work, "made", "man")
	if _, err := r.run(here(), r.source("bin/credd", here()), "man", "--dir", dir); err != nil {
		return err
	}
	pages, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, p := range pages {
		text, err := os.ReadFile(filepath.Join(dir, p.Name()))
		if err != nil {
			return err
		}
		if err := r.made("man.gz/"+p.Name()+".gz", zipped(text)); err != nil {
			return err
		}
	}
	return nil
}

func (r *release) completions() error {
	for shell, name := range map[string]string{"bash": "credd.bash", "zsh": "_credd", "fish": "credd.fish", "powershell": "credd.ps1"} {
		text, err := r.run(here(), r.source("bin/credd", here()), "completion", shell)
		if err != nil {
			return err
		}
		if err := r.made("completions/"+name, text); err != nil {
			return err
		}
	}
	return nil
}

func (r *release) units() error {
	for _, name := range serviceTexts {
		text, err := units.Render(name, "/usr/bin/credd")
		if err != nil {
			return err
		}
		if err := r.made("units/"+name, text); err != nil {
			return err
		}
	}
	return nil
}

// papers are what distributions want to read.
func (r *release) papers() error {
	changes, err := os.ReadFile(filepath.Join(r.root, "CHANGELOG.md"))
	if err != nil {
		return err
	}
	license, err := os.ReadFile(filepath.Join(r.root, "LICENSE"))
	if err != nil {
		return err
	}
	others, err := r.licences()
	if err != nil {
		return err
	}
	debian := fmt.Sprintf("%s (%s-1) unstable; urgency=medium\n\n  * %s, see changelog.gz.\n\n -- %s  %s\n",
		project.Name, r.version.deb(), r.version, r.maintainer, r.at.Format(time.RFC1123Z))
	entry := []map[string]any{{"semver": r.version.rpm() + "-1", "date": r.at, "packager": r.maintainer,
		"changes": []map[string]string{{"note": r.version.String() + ", see CHANGELOG.md.gz"}}}}
	rpm, err := json.Marshal(entry)
	if err != nil {
		return err
	}
	for name, data := range map[string][]byte{
		"changelog.yaml":     rpm,
		"CHANGELOG.md.gz":    zipped(changes),
		"debian.gz":          zipped([]byte(debian)),
		"copyright":          r.copyright(string(license)),
		"THIRD-PARTY.txt":    others,
		"THIRD-PARTY.txt.gz": zipped(others),
	} {
		if err := r.made(name, data); err != nil {
			return err
		}
	}
	return nil
}

// copyright is Debian's file, made of our licence.
func (r *release) copyright(license string) []byte {
	head, body, _ := strings.Cut(strings.TrimSpace(license), "\n\n")
	holder, terms, _ := strings.Cut(body, "\n\n")
	text := "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n" +
		"Upstream-Name: " + project.Name + "\nSource: " + r.homepage + "\n" +
		"Comment: The programs have parts of others in them, under the licences in THIRD-PARTY.txt.gz beside this file.\n\n" +
		"Files: *\nCopyright: " + strings.TrimPrefix(holder, "Copyright (c) ") + "\nLicense: " + project.License + "\n\n" +
		"License: " + project.License + "\n " + head + "\n .\n"
	for line := range strings.SplitSeq(terms, "\n") {
		if line == "" {
			line = "."
		}
		text += " " + line + "\n"
	}
	return []byte(text)
}

// zipped is gzip's best, without a name or a time.
func zipped(data []byte) []byte {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		panic(err) // the level is a constant
	}
	w.Write(data) // a buffer takes all
	w.Close()
	return b.Bytes()
}
