package doctor

import (
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"

	"credd/internal/agent/roster"
	"credd/internal/awsconfig"
)

// write is the line that does right.
func (w *World) write(p *entry, role string) string {
	line, err := awsconfig.Command(w.Helper, role)
	if err != nil {
		return "credd profiles sync"
	}
	return "write in line " + itoa(p.line) + " of " + p.file + ": credential_process = " + line
}

var helperEnd = regexp.MustCompile(`credhelper(\.exe)?(\s|$)`)

// unquoted returns the path of a credhelper that has a blank and no quotes, so that a shell takes it for several words.
func unquoted(command string) string {
	at := helperEnd.FindStringIndex(command)
	if at == nil {
		return ""
	}
	path := strings.TrimSpace(command[:at[1]])
	rooted := strings.HasPrefix(path, "/") || len(path) > 2 && path[1] == ':' && (path[2] == '\\' || path[2] == '/')
	if !rooted || !strings.ContainsAny(path, " \t") || strings.ContainsAny(path, `"'|;&$`) || strings.Contains(path, `\ `) {
		return ""
	}
	if i, err := os.Stat(path); err == nil && i.Mode().IsRegular() {
		return path
	}
	first, role := strings.Fields(path)[0], strings.TrimSpace(command[at[1]:])
	if i, err := os.Stat(first); err == nil && i.Mode().IsRegular() || !roster.CanBeRole(strings.TrimPrefix(role, "@")) && !strings.HasPrefix(role, "@") {
		return "" // a program, with the rest for arguments
	}
	return path
}

// command looks at the program of a credential_process, and reports whether it is credhelper with a role.
func (w *World) command(p *entry) bool {
	if path := unquoted(p.command); path != "" {
		w.tested[ProfileQuotes]++
		role := strings.TrimSpace(strings.TrimPrefix(p.command, path))
		w.about(p, ProfileQuotes, Error, "the path "+path+" has a blank and no double quotes", w.write(p, orRole(role)))
		return false
	}
	words, single := awsconfig.Words(p.command)
	if !single || !isHelper(words[0]) {
		if single && strings.TrimSuffix(base(words[0]), ".exe") == "credd" {
			w.about(p, ProfileArguments, Warning, "it runs credd, which starts slower than credhelper and prints for people", w.write(p, "ROLE"))
			return false
		}
		w.about(p, ProfileArguments, Untested, "credhelper is run by another program, which is not looked into", "")
		return false
	}
	w.tested[ProfileQuotes]++
	w.tested[ProfileArguments]++
	p.role = "ROLE"
	if len(words) == 2 {
		p.role = words[1]
	}
	role := p.role
	switch {
	case runtime.GOOS == "windows" && strings.Contains(p.command, "'"):
		w.about(p, ProfileQuotes, Error, "single quotes are none to Windows", w.write(p, role))
	case strings.HasPrefix(words[0], "~") || strings.Contains(words[0], "$") || strings.Contains(words[0], "%"):
		w.about(p, ProfileHelper, Error, "the AWS CLI and boto3 take "+words[0]+" as it is: they know neither ~ nor variables", w.write(p, role))
	case !filepath.IsAbs(words[0]):
		w.about(p, ProfileHelper, Warning, words[0]+" is looked for in PATH, which editors and services have other than this shell", w.write(p, role))
	default:
		w.program(p, words[0], role)
	}
	if len(words) != 2 {
		p.role = ""
		w.about(p, ProfileArguments, Error, "credhelper takes one role, and is given "+count(len(words)-1, "argument"), w.write(p, "ROLE"))
		return false
	}
	return true
}

func orRole(role string) string {
	if role == "" || strings.ContainsAny(role, " \t") {
		return "ROLE"
	}
	return role
}

// program looks at the file that a profile runs.
func (w *World) program(p *entry, path, role string) {
	w.tested[ProfileHelper]++
	i, err := os.Stat(path)
	switch {
	case err != nil:
		w.about(p, ProfileHelper, Error, path+": "+cause(err), w.write(p, role))
		return
	case i.IsDir():
		w.about(p, ProfileHelper, Error, path+" is a directory", w.write(p, role))
		return
	case runtime.GOOS != "windows" && i.Mode().Perm()&0o111 == 0:
		w.about(p, ProfileHelper, Error, path+" is not executable", "chmod a+x "+Quote(path))
		return
	}
	ours, err := os.Stat(w.Helper)
	if err != nil {
		return // told by its own check
	}
	w.tested[ProfileCopy]++
	if !os.SameFile(i, ours) {
		w.about(p, ProfileCopy, Warning, path+" is another credhelper than "+w.Helper+", perhaps an old one", w.write(p, role))
	}
}

func isHelper(word string) bool { return strings.TrimSuffix(base(word), ".exe") == "credhelper" }

// base is the last part of a path of any system.
func base(word string) string { return word[strings.LastIndexAny(word, `/\`)+1:] }
