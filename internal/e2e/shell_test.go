//go:build linux

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"credd/internal/fakeaws"
)

// realShells are what `credd use` changes. Each runs a script that loads credd's function first.
var realShells = map[string]string{
	"bash": `eval "$("$CREDD" shell-init bash)"`,
	"zsh":  `eval "$("$CREDD" shell-init zsh)"`,
	"fish": `"$CREDD" shell-init fish | source`,
}

// newShells is a world with a daemon and three customers: acme in production with one role, globex with two and without region,
// and one that AWS refuses. HOME and credd's own path are hard to quote.
func newShells(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.write(".config/credd/credd.toml", strings.Replace(w.read(".config/credd/credd.toml"), "region = \""+region+"\"\nsession_name", "session_name", 1))
	for _, name := range []string{"acme", "globex", "wrong"} {
		w.customer(name, "readonly")
	}
	w.edit(".config/credd/customers/acme.toml", "version = 1\n", "version = 1\nname = \"Acme Corp\"\nenvironment = \"Production\"\nregion = \"eu-central-1\"\n")
	w.edit(".config/credd/customers/globex.toml", "version = 1\n", "version = 1\nenvironment = \"it's $HOME\"\ndefault_role = \"readonly\"\n")
	w.write(".config/credd/customers/globex.toml", w.read(".config/credd/customers/globex.toml")+"\n[role.admin]\narn = \"arn:aws:iam::"+account+":role/globex-admin\"\n")
	w.edit(".config/credd/customers/wrong.toml", "canary-external-id", "mistaken-id")
	for _, name := range []string{"acme/readonly", "globex/readonly", "wrong/readonly"} {
		w.profile(name, w.aws.URL())
	}
	w.write(".aws/config", w.read(".aws/config")+"\n[profile o'neil \"$x]\ncredential_process = \""+bin+"/credhelper\" acme/readonly\n")
	w.serve()

	dir := w.path(`it's "$x" here`)
	check(t, os.Mkdir(dir, 0o700))
	for _, name := range []string{"credd", "credhelper"} {
		check(t, copyFile(filepath.Join(bin, name), filepath.Join(dir, name)))
	}
	check(t, os.Symlink(w.home, w.path("o'neil $home")))
	w.env = append(slices.Clone(w.env), "HOME="+w.path("o'neil $home"), "CREDD="+filepath.Join(dir, "credd"), "TERM=xterm-256color")
	return w
}

func (w *world) edit(name, old, new string) {
	w.t.Helper()
	text := w.read(name)
	if !strings.Contains(text, old) {
		w.t.Fatalf("%s holds no %q:\n%s", name, old, text)
	}
	w.write(name, strings.Replace(text, old, new, 1))
}

func copyFile(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o700)
}

// inShell runs a script in a shell that has loaded credd's function. In the script CODE is the last exit code.
func (w *world) inShell(shell, script string, env ...string) result {
	w.t.Helper()
	code := "$?"
	if shell == "fish" {
		code = "$status"
	}
	args := map[string][]string{"bash": {"--norc", "--noprofile"}, "zsh": {"-f"}, "fish": nil}[shell]
	cmd := w.command(shell, append(args, "-c", realShells[shell]+"\n"+strings.ReplaceAll(script, "CODE", code))...)
	cmd.Env = append(slices.Clone(w.env), env...)
	return runCmd(w.t, cmd)
}

// shellWatched are the variables that use has to do with.
const shellWatched = `env | grep -E '^(AWS_(PROFILE|REGION|DEFAULT|ACCESS|SECRET|SESSION)|CREDD_)' | sort | tr '\n' ' '; echo`

func TestShellUse(t *testing.T) {
	t.Parallel()
	const acme = "AWS_DEFAULT_REGION=eu-central-1 AWS_PROFILE=acme/readonly AWS_REGION=eu-central-1 CREDD_ENVIRONMENT=Production"
	const acmeRest = "CREDD_PRODUCTION=acme/readonly CREDD_REGION=eu-central-1 CREDD_ROLE=acme/readonly"
	const globex = "AWS_PROFILE=globex/readonly CREDD_ENVIRONMENT=it's $HOME CREDD_PREVIOUS=acme/readonly CREDD_ROLE=globex/readonly"
	script := strings.Join([]string{
		"credd use acme/readonly", shellWatched,
		"aws sts get-caller-identity --query Arn --output text",
		"credd use globex", shellWatched,
		"credd use -", shellWatched,
		"credd use acme/nope; echo CODE", shellWatched,
		`credd use 'o\'neil "$x'`, shellWatched,
		"credd use --off", shellWatched,
		"credd use -", "credd use -", shellWatched,
		"credd use a b; echo CODE",
		"credd nothing; echo CODE",
		"credd use --off; credd use --off; echo CODE", shellWatched,
	}, "\n")
	wantOut := []string{
		acme + " " + acmeRest,
		"arn:aws:sts::" + account + ":assumed-role/acme-readonly/northwind-acme",
		globex,
		acme + " CREDD_PREVIOUS=globex/readonly " + acmeRest,
		"4",
		acme + " CREDD_PREVIOUS=globex/readonly " + acmeRest,
		strings.Replace(acme, "acme/readonly", `o'neil "$x`, 1) + " CREDD_PREVIOUS=globex/readonly " + acmeRest,
		"CREDD_PREVIOUS=acme/readonly",
		acme + " CREDD_PREVIOUS=acme/readonly " + acmeRest,
		"2", "2", "0",
		"CREDD_PREVIOUS=acme/readonly",
	}
	wantErr := []string{
		"acme/readonly  012345678901  Production",
		"unset, as it would go before the profile: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_DEFAULT_PROFILE",
		"globex/readonly  012345678901  it's $HOME", "acme/readonly  012345678901  Production",
		`credd: error: no such role: "acme/nope"`, "credd: hint: see: credd role list",
		"acme/readonly  012345678901  Production", `by profile o'neil "$x`, "left acme/readonly",
		"acme/readonly  012345678901  Production", "acme/readonly  012345678901  Production",
		"credd: error: credd use does not take 2 arguments", "credd: hint: usage: credd use [ROLE|CUSTOMER|PROFILE|-] [flags]",
		"credd: error: unknown command: credd nothing", "credd: hint: see: credd --help",
		"left acme/readonly", "no role is in use",
	}
	w := newShells(t)
	for shell := range realShells {
		t.Run(shell, func(t *testing.T) {
			script := script
			if shell != "fish" {
				script = strings.ReplaceAll(script, `'o\'neil "$x'`, `'o'\''neil "$x'`)
			}
			r := w.inShell(shell, script, "AWS_ACCESS_KEY_ID=AKIACANARY", "AWS_SECRET_ACCESS_KEY=canary", "AWS_DEFAULT_PROFILE=canary")
			diffLines(t, "stdout", r.out, wantOut)
			diffLines(t, "stderr", r.err, wantErr)
		})
	}
	if got := w.read(".local/state/credd/recents"); got != "acme/readonly\nglobex/readonly\n" {
		t.Errorf("got recents %q", got)
	}
}

func diffLines(t *testing.T, of, got string, want []string) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(got), "\n")
	for i := range max(len(lines), len(want)) {
		g, w := "nothing", "nothing"
		if i < len(lines) {
			g = strings.TrimSpace(lines[i])
		}
		if i < len(want) {
			w = want[i]
		}
		if g != w {
			t.Errorf("%s, line %d:\n got %s\nwant %s", of, i+1, g, w)
		}
	}
}

// Whatever a shell is set to, use works in it.
func TestShellOptions(t *testing.T) {
	t.Parallel()
	w := newShells(t)
	tests := []struct{ shell, options string }{
		{"bash", "set -euo pipefail; set -o noclobber"},
		{"bash", "set -o posix; set -eu"},
		{"bash", "IFS='/a=e'; shopt -s expand_aliases xpg_echo extglob nullglob failglob; set -f"},
		{"bash", "shopt -s expand_aliases\nalias export=false unset=false local=false eval=false return=false case=false builtin=false credd=false AWS_PROFILE=false"},
		{"zsh", "set -eu; setopt noclobber nounset errexit warncreateglobal"},
		{"zsh", "emulate sh"}, {"zsh", "emulate ksh"}, {"zsh", "emulate csh"},
		{"zsh", "setopt rcquotes ksharrays shwordsplit globsubst nomatch nullglob posixbuiltins errreturn cshjunkiequotes noglobalexport"},
		{"zsh", "IFS='/a=e'\nalias export=false unset=false local=false eval=false return=false builtin=false credd=false\nalias -g AWS_PROFILE=x CREDD_ROLE=y AWS_ACCESS_KEY_ID=z"},
		{"fish", "set -x IFS '/a=e'; function export; false; end; set -U AWS_SECRET_ACCESS_KEY old; set -Ux AWS_SESSION_TOKEN old"},
	}
	for _, tt := range tests {
		t.Run(tt.shell+", "+tt.options, func(t *testing.T) {
			load := realShells[tt.shell]
			if tt.shell == "fish" {
				load = "true; " + load
			}
			script := strings.Join([]string{tt.options, `\` + load, `\` + load,
				"credd use globex/readonly", "credd use acme/readonly", "credd use -", "credd use -",
				`printf '%s\n' "$AWS_PROFILE" "$CREDD_PREVIOUS" "$AWS_REGION"`, "printenv AWS_PROFILE", "printenv AWS_ACCESS_KEY_ID AWS_SESSION_TOKEN || true",
				"credd use --off", "printenv AWS_PROFILE || true", "credd version"}, "\n")
			r := w.inShell(tt.shell, script, "AWS_ACCESS_KEY_ID=AKIACANARY")
			want := "acme/readonly\nglobex/readonly\neu-central-1\nacme/readonly\ncredd "
			if tt.shell == "fish" { // its universal variable stays, without a value here
				want = "acme/readonly\nglobex/readonly\neu-central-1\nacme/readonly\n\ncredd "
			}
			if r.code != 0 || !strings.HasPrefix(r.out, want) || strings.Contains(r.err, "not found") || strings.Contains(r.err, "canary") {
				t.Errorf("got %d, %q, %s\nwant %q", r.code, r.out, r.err, want)
			}
		})
	}
}

// A failure is the function's, and ends a script that is to end by it.
func TestShellFailure(t *testing.T) {
	t.Parallel()
	w := newShells(t)
	for shell := range realShells {
		r := w.inShell(shell, "credd use acme\ncredd use globex/admin\necho CODE\nprintenv AWS_PROFILE\ncredd use </dev/null\necho CODE")
		if r.out != "2\nacme/readonly\n2\n" || !contains(r.err, "no profile in", "credd profiles sync", "there is no terminal to choose a role at") {
			t.Errorf("%s: got %q, %s", shell, r.out, r.err)
		}
		if shell == "fish" {
			continue
		}
		r = w.inShell(shell, "set -e\ncredd use no/such\necho here")
		if r.code != 4 || r.out != "" {
			t.Errorf("%s with -e: got %d, %q, %s", shell, r.code, r.out, r.err)
		}
		r = w.inShell(shell, "readonly AWS_PROFILE=mine\ncredd use acme\necho CODE $CREDD_ROLE")
		if r.out != "1\n" {
			t.Errorf("%s, a variable that cannot be set: got %q, %s", shell, r.out, r.err)
		}
	}
}

func TestShellPrompt(t *testing.T) {
	t.Parallel()
	w := newShells(t)
	show := map[string]string{
		"bash": `PS1=${PS1-"> "}; ` + strings.ReplaceAll(realShells["bash"], "bash)", "bash --prompt)") + `; show() { printf '<%s>\n' "${PS1@P}"; }`,
		"zsh":  `[[ $PROMPT = *\>* ]] || PROMPT="> "; ` + strings.ReplaceAll(realShells["zsh"], "zsh)", "zsh --prompt)") + `; show() { __credd_segment; setopt promptsubst; print -rP -- "<$PROMPT>"; }`,
		"fish": `functions -q __credd_segment; or function fish_prompt; echo -n '> '; end; ` + strings.ReplaceAll(realShells["fish"], "init fish", "init fish --prompt") + `; function show; echo "<"(fish_prompt)">"; end`,
	}
	for shell, load := range show {
		t.Run(shell, func(t *testing.T) {
			script := strings.Join([]string{load, "show", "credd use acme", "show", load, "show", "credd use globex", "show", "credd use --off", "show"}, "\n")
			r := w.inShell(shell, script)
			lines := strings.Split(strings.TrimSpace(r.out), "\n")
			if len(lines) != 5 {
				t.Fatalf("got %q, %s", r.out, r.err)
			}
			for i, want := range []string{"", "acme/readonly", "acme/readonly", "globex/readonly", ""} {
				line := lines[i]
				isRed := strings.Contains(line, "31m")
				if plain := unpainted(line); plain != "<"+strings.TrimLeft(want+" > ", " ")+">" || isRed != strings.HasPrefix(want, "acme") || want == "" && line != plain {
					t.Errorf("prompt %d: got %q, want %q", i, line, want)
				}
			}
			for _, env := range []string{"NO_COLOR=", "NO_COLOR=1"} { // a shell that was started in one where use ran
				r = w.inShell(shell, load+"\nshow", "CREDD_ROLE=acme/readonly", "CREDD_PRODUCTION=acme/readonly", env)
				got := strings.TrimSpace(r.out)
				if unpainted(got) != "<acme/readonly > >" || (got == "<acme/readonly > >") != (env == "NO_COLOR=1") {
					t.Errorf("new shell, %s: got %q, %s", env, got, r.err)
				}
			}
			r = w.inShell(shell, load+"\nshow", "CREDD_ROLE=$(touch "+w.path("touched")+")%F{red}`id`")
			if _, err := os.Stat(w.path("touched")); err == nil || strings.Contains(r.out, "uid=") {
				t.Errorf("the prompt runs what a variable says: %s", r.out)
			}
		})
	}
}

// unpainted is a text without its colours.
func unpainted(text string) string {
	for {
		before, rest, ok := strings.Cut(text, "\x1b")
		if !ok {
			return text
		}
		i := strings.IndexAny(rest, "mB") // \e(B is how some terminals begin to end a colour
		text = before + rest[i+1:]
	}
}

func TestShellWarms(t *testing.T) {
	t.Parallel()
	w := newShells(t)
	w.aws.SetFault("arn:aws:iam::"+account+":role/acme-readonly", fakeaws.Stall)
	r := w.inShell("bash", "credd use acme; echo $AWS_PROFILE")
	if r.out != "acme/readonly\n" || r.took > patient/2 {
		t.Errorf("AWS does not answer: got %q after %v, %s", r.out, r.took, r.err)
	}
	w.inShell("zsh", "credd use globex").want(t, 0)
	w.eventually("the session is there", func() bool {
		st := w.status()
		return len(st.Sessions) == 1 && st.Sessions[0].Role == "globex/readonly"
	})

	w.helper("wrong/readonly").want(t, 6)
	w.inShell("fish", "credd use wrong").want(t, 0, "wrong/readonly  012345678901", "credd: warning: wrong/readonly: denied by AWS")

	helper := w.path(`it's "$x" here/credhelper`)
	check(t, os.Remove(helper)) // it may run
	check(t, os.WriteFile(helper, []byte("#!/bin/sh\n{ echo $#: $1; pwd; ls -l /proc/$$/fd; cat /proc/$$/stat; } >"+w.path("fds")+"\nmv "+w.path("fds")+" "+w.path("seen")+"\n"), 0o700))
	w.inShell("bash", "credd use --no-warm acme; exec 7</etc/passwd; credd use --no-warm globex; credd use acme").want(t, 0)
	w.eventually("a helper ran", func() bool { _, err := os.Stat(w.path("seen")); return err == nil })
	seen := w.read("seen")
	var fields []string
	for line := range strings.Lines(seen) {
		switch {
		case strings.Contains(line, "->") && !contains(line, "/dev/null") && !contains(line, "here/credhelper") && !contains(line, w.home):
			t.Errorf("the helper was given %s", line)
		case strings.Contains(line, "(credhelper) "):
			_, rest, _ := strings.Cut(line, "(credhelper) ")
			fields = strings.Fields(rest)
		}
	}
	if !strings.HasPrefix(seen, "1: acme/readonly\n/\n") || len(fields) < 5 || fields[4] != "0" || fields[2] != fields[3] {
		t.Errorf("got %s\nwant a session without a terminal, in /", seen)
	}
}

// wide gives a terminal a size.
func (p *pty) wide(columns, rows uint16) {
	p.w.t.Helper()
	check(p.w.t, unix.IoctlSetWinsize(int(p.slave.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Col: columns, Row: rows}))
}

func TestShellPicker(t *testing.T) {
	t.Parallel()
	w := newShells(t)
	start := map[string]*exec.Cmd{"bash": w.shell("bash", "--norc", "--noprofile", "-i"), "zsh": w.shell("zsh", "-f", "-i"), "fish": w.shell("fish", "--no-config", "-i")}
	for shell, cmd := range start {
		p := w.pty()
		p.wide(100, 30)
		p.start(cmd)
		code := "$?"
		if shell == "fish" {
			code = "$status"
		}
		p.types(realShells[shell] + "; echo loa''ded\n")
		p.see("loaded")
		p.types("credd use\n")
		p.see("of 4")
		p.see("Acme Corp")
		p.see("esc: leave")
		p.types("\x1b")
		p.see("nothing was changed")
		p.types("echo code " + code + " \"$AWS_PROFILE.\"\n")
		p.see("code 2 .")
		p.types("credd use\n")
		p.see("esc: leave")
		p.types("acm rea")
		p.see("1 of 4")
		p.types("\r")
		p.see("012345678901  \x1b[31mProduction") // the list has its colour for the whole line
		p.types("echo in $AWS_PROFILE.\n")
		p.see("in acme/readonly.")
		p.types("exit\n")
	}
}

// What is fetched ahead asks for no code, and leaves that to the command that needs the role.
func TestPTYShellWarmsWithoutAsking(t *testing.T) {
	t.Parallel()
	w, serial := newCoded(t, "file")
	w.profile("acme/admin", w.aws.URL())
	p := w.pty()
	p.bash()
	p.types(`eval "$("$BIN/credd" shell-init bash)"` + "\ncredd use acme\n")
	p.see("acme/admin  012345678901")
	w.wait(1)
	if strings.Contains(p.shown(), "MFA code") {
		t.Errorf("use asks: %q", p.shown())
	}
	p.types("sh job now acme/admin\n")
	p.see(prompt(serial))
	p.types(w.aws.Code(serial) + "\n")
	w.ended("now").wantDocument(t)
	w.minted(1)
}
