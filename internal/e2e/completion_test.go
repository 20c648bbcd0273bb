//go:build linux

package e2e

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// tabs are shells that complete credd's lines. In each c is an alias of it.
var tabs = map[string]struct {
	args []string
	load string
}{
	"bash": {[]string{"bash", "--norc", "--noprofile", "-i"}, `bind 'set enable-bracketed-paste off'; source <(credd completion bash); alias c=credd; complete -F __start_credd c`},
	"zsh":  {[]string{"zsh", "-f", "-i"}, `unsetopt zle_bracketed_paste; bindkey -e; autoload -Uz compinit; compinit -D -u; source <(credd completion zsh); alias c=credd`},
	"fish": {[]string{"fish", "--no-config", "-i"}, `credd completion fish | source; alias c=credd`},
}

// newTabs is a world with names that are hard to complete.
func newTabs(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	for name, role := range map[string]string{"acme": "read-only", "odd": "x"} {
		w.customer(name, role)
	}
	w.edit(".config/credd/customers/odd.toml", "[role.x]", `[role."a=b,c@d+e"]`)
	w.edit(".config/credd/customers/odd.toml", "version = 1\n", "version = 1\nname = \"$(touch title)`touch title`\"\nenvironment = \"$(touch named); 'it`s\\\"\"\n")
	w.env = append(slices.Clone(w.env), "PATH="+bin+":"+os.Getenv("PATH"), "TERM=xterm-256color", "LANG=C.UTF-8")
	return w
}

// tabbed is a shell at a terminal, ready for lines to be completed.
func (w *world) tabbed(shell string) *pty {
	w.t.Helper()
	cmd := exec.Command(tabs[shell].args[0], tabs[shell].args[1:]...)
	cmd.Env, cmd.Dir = append(slices.Clone(w.env), "PS1=ready> ", "HISTFILE="), w.home
	p := w.pty()
	p.wide(200, 40)
	p.start(cmd)
	p.types(tabs[shell].load + "; echo loa''ded\n")
	p.see("loaded")
	w.t.Cleanup(func() { p.master.WriteString("\x03\nexit\n") })
	return p
}

func TestPTYCompletion(t *testing.T) {
	t.Parallel()
	tests := []struct{ typed, word string }{
		{"credd stat", "status"},
		{"credd role show acm", "acme/read-only"},
		{"credd role show acme/", "acme/read-only"},
		{"credd role show 'acm", "acme/read-only"},
		{"credd use --no-warm acme/r", "acme/read-only"},
		{"credd exec @w", "@work"},
		{"credd role show odd/a=", "odd/a=b,c@d+e"},
		{"credd role show odd/a=b,c@", "odd/a=b,c@d+e"},
		{"credd role show 'odd/a=", "odd/a=b,c@d+e"},
		{"credd role show \"odd/a=b,c@", "odd/a=b,c@d+e"},
		{"credd audit --role odd/", "odd/a=b,c@d+e"},
		{"credd audit --role=odd/", "--role=odd/a=b,c@d+e"},
		{"credd role add x/y --source=wo", "--source=work"},
		{"credd role add x/y --duration 30", "30m"},
		{"credd role add x/y --environment ", "$(touch named); 'it`s\""},
		{"credd role add x/y --external-id-s", "--external-id-stdin"},
		{"c role show acm", "acme/read-only"},
		{"credd exec acme/read-only -- cat customer", "customers.csv"},
	}
	w := newTabs(t)
	w.write("customers.csv", "")
	for _, daemonRuns := range []bool{false, true} {
		if daemonRuns {
			w.serve()
		}
		for _, shell := range slices.Sorted(maps.Keys(tabs)) {
			t.Run(fmt.Sprintf("%s, daemon %v", shell, daemonRuns), func(t *testing.T) {
				p := w.tabbed(shell)
				for _, tt := range tests {
					p.types(tt.typed + "\t")
					p.types("\x01printf '<%s>' \n") // what the shell makes of it
					i := strings.LastIndex(tt.typed, " ")
					p.see("<" + strings.ReplaceAll(tt.typed[:i], " ", "><") + "><" + tt.word + ">")
				}
			})
		}
	}
	for _, name := range []string{"named", "title"} {
		if _, err := os.Stat(w.path(name)); err == nil {
			t.Errorf("a completion ran %s", name)
		}
	}
	if n := len(w.daemons()); n != 1 {
		t.Errorf("%d daemons, want the test's", n)
	}
}

// A tab runs nothing that stands on the line, and puts nothing there that a return would run.
func TestPTYCompletionRunsNothing(t *testing.T) {
	t.Parallel()
	w := newTabs(t)
	w.customer("two", "x")
	w.edit(".config/credd/customers/two.toml", "version = 1\n", "version = 1\nenvironment = \"$(touch named); x\"\n")
	lines := []string{
		"credd role show $(touch line) ac", "credd role show `touch line` ac", "credd role show '$(touch line)' ac", "credd use --x=$(touch line)= ac",
		"credd role show \\$(touch line) ac", "credd role show ; touch \"line\" ac", "$(touch line) role show ac", "credd role show >line ac",
		"credd role show a[$(touch line)] ac", "credd role show {a,$(touch line)} ac", "credd use ~$(touch line)/ ac",
	}
	for _, shell := range slices.Sorted(maps.Keys(tabs)) {
		t.Run(shell, func(t *testing.T) {
			p := w.tabbed(shell)
			for i, line := range lines {
				p.types(line + "\t\t")
				p.types(fmt.Sprintf("\x05\x15echo after''wards %d\n", i)) // instead of it
				p.see(fmt.Sprintf("afterwards %d", i))
			}
			p.types("credd role add x/y --environment \t\x01printf '<%s>' \n")
			p.see("<credd><role><add><x/y><--environment>")
		})
	}
	for _, name := range []string{"named", "title", "line"} {
		if _, err := os.Stat(w.path(name)); err == nil {
			t.Errorf("a completion made the file %s", name)
		}
	}
}
