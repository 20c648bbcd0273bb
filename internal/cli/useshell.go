package cli

import "strings"

// change sets an exported variable of a shell, or unsets it.
type change struct {
	name, value string
	unset       bool
	hide        bool // unset: where the shell has another variable behind it, that one gets the value here
}

func export(name, value string) change { return change{name: name, value: value} }
func unset(name string) change         { return change{name: name, unset: true} }

// dialect is how a shell that a person types in is told of changes. It must hold whatever the shell's options and aliases are.
type dialect struct {
	script     string // in shell/
	quotes     *strings.Replacer
	set, unset func(quote func(string) string, c change) string
	end        string // of a command
	last       string // so that it has worked
}

var posix = dialect{
	script: "bash.sh", quotes: shells["bash"].quotes, end: " &&\n", last: "\\builtin :\n", // a variable that is read-only stops the rest
	// Quoted words are no aliases. Of a name that is a function too, only the variable is meant.
	set:   func(q func(string) string, c change) string { return `\builtin 'export' ` + q(c.name+"="+c.value) },
	unset: func(q func(string) string, c change) string { return `\builtin 'unset' '-v' ` + q(c.name) },
}

var dialects = map[string]dialect{
	"bash": posix,
	"zsh":  {"zsh.sh", posix.quotes, posix.set, posix.unset, posix.end, posix.last},
	"fish": {
		script: "fish.fish", quotes: shells["fish"].quotes, end: ";\n", last: "true;\n", // fish hands lines over as a list
		set: func(q func(string) string, c change) string { return "set -gx " + q(c.name) + " " + q(c.value) },
		// A universal variable belongs to all shells, so it stays; one of this shell with no use to AWS goes before it.
		unset: func(q func(string) string, c change) string {
			n := q(c.name)
			if !c.hide {
				return "set -eg " + n
			}
			return "set -eg " + n + "; set -qU " + n + "; and set -gx " + n + " " + q(c.value)
		},
	},
	"powershell": {
		script: "powershell.ps1", quotes: shells["powershell"].quotes, end: "\n",
		set: func(q func(string) string, c change) string {
			return "Set-Item -LiteralPath " + q("Env:"+c.name) + " -Value " + q(c.value)
		},
		unset: func(q func(string) string, c change) string {
			return "Remove-Item -LiteralPath " + q("Env:"+c.name) + " -ErrorAction Ignore"
		},
	},
}

// commands are what the shell evaluates; "" if nothing changes.
func (d dialect) commands(all []change) string {
	var text strings.Builder
	for _, c := range all {
		if c.unset {
			text.WriteString(d.unset(d.quote, c) + d.end)
		} else {
			text.WriteString(d.set(d.quote, c) + d.end)
		}
	}
	if len(all) > 0 {
		text.WriteString(d.last)
	}
	return text.String()
}

func (d dialect) quote(s string) string { return "'" + d.quotes.Replace(s) + "'" }
