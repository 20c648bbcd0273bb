package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// papersOf are the files of a module that have to go with its code.
var papersOf = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|patents)([-._].*)?$`)

// licences are the texts of Go itself and of all modules that some target links, one text once.
func (r *release) licences() ([]byte, error) {
	dirs := map[string]string{} // of a module and its version
	for _, t := range targets { // all, so that a release of some has the same text
		out, err := r.run(t, "go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}\t{{.Dir}}{{end}}{{end}}", "./cmd/...")
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(string(out)) {
			if module, dir, found := strings.Cut(strings.TrimSpace(line), "\t"); found {
				dirs[module] = dir
			}
		}
	}
	goroot, err := r.run(here(), "go", "env", "GOROOT", "GOVERSION")
	if err != nil {
		return nil, err
	}
	root, version, _ := strings.Cut(strings.TrimSpace(string(goroot)), "\n")
	dirs["Go "+version] = root

	users := map[string][]string{} // of a text
	for module, dir := range dirs {
		text, err := licence(dir)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", module, err)
		}
		users[text] = append(users[text], module)
	}
	return joined(users), nil
}

// licence is the text of one module.
func licence(dir string) (string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	var text bytes.Buffer
	for _, e := range entries {
		if e.IsDir() || !papersOf.MatchString(e.Name()) || strings.HasSuffix(e.Name(), ".go") {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return "", err
		}
		text.Write(bytes.TrimSpace(bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))))
		text.WriteString("\n\n")
	}
	if text.Len() == 0 {
		return "", fmt.Errorf("no licence in %s", dir)
	}
	return text.String(), nil
}

func joined(users map[string][]string) []byte {
	var parts []string
	for text, modules := range users {
		slices.Sort(modules)
		parts = append(parts, strings.Join(modules, "\n")+"\n\n"+text)
	}
	slices.Sort(parts)
	return []byte(strings.Join(parts, strings.Repeat("-", 72)+"\n\n"))
}
