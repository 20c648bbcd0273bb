package cli

import (
	"bufio"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"credd/internal/agent"
	"credd/internal/agent/api"
	"credd/internal/agent/roster"
	"credd/internal/ipc/socket"
)

// A command completes by its use line: the word that stands there for an argument, such as ROLE, and the name of a flag say what
// they take; choices.go has the table. So a new command completes without a line of its own.

// complete answers a shell that completes a line. Only then are the commands made to complete: it takes time.
func (s *Streams) complete(ctx context.Context, root *cobra.Command, line []string) int {
	root.InitDefaultHelpCmd() // else it comes with Execute
	s.completes(root, line)
	all := bufio.NewWriter(s.Out) // cobra writes each choice by itself
	root.SetOut(all)
	return s.fail(errors.Join(root.ExecuteContext(ctx), all.Flush()))
}

// completes makes the arguments and flags of a command, and of those below it, complete. The line is what was typed; after a --
// on it stands another program, which is the shell's to complete. Cobra does not tell: it parses with a -- of its own.
func (s *Streams) completes(cmd *cobra.Command, line []string) {
	cmd.CompletionOptions.SetDefaultShellCompDirective(cobra.ShellCompDirectiveNoFileComp)
	if slices.Contains(line[:max(0, len(line)-1)], "--") {
		cmd.ValidArgsFunction = cobra.FixedCompletions(nil, cobra.ShellCompDirectiveDefault)
	} else if len(cmd.ValidArgs) == 0 {
		cmd.ValidArgsFunction = s.completeArgument(parameters(cmd))
	}
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if o, ok := offerOf(cmd, "--"+f.Name); ok && f.NoOptDefVal == "" {
			cmd.RegisterFlagCompletionFunc(f.Name, s.completeWith([]offer{o})) // it only fails if the command did it by itself
		}
	})
	for _, sub := range cmd.Commands() {
		s.completes(sub, line)
	}
}

// parameter is an argument as the use line has it: ROLE|CUSTOMER, [SOURCE…], bash|zsh.
type parameter struct {
	either []string
	again  bool // any number of them
}

// parameters reads the use line of a command: without flags and their values, and up to a --.
func parameters(cmd *cobra.Command) []parameter {
	var out []parameter
	value := false
	for _, word := range strings.Fields(cmd.Use)[1:] {
		bare := strings.TrimLeft(word, "[")
		last := strings.HasSuffix(bare, "]")
		bare = strings.TrimRight(bare, "]")
		name := strings.TrimSuffix(strings.TrimSuffix(bare, "…"), "...")
		switch {
		case value:
			value = false
		case name == "--":
			return out
		case strings.HasPrefix(name, "--"):
			f := cmd.Flag(strings.TrimLeft(name, "-"))
			value = !last && f != nil && f.NoOptDefVal == ""
		case name == "" && len(out) > 0: // an ellipsis that stands apart
			out[len(out)-1].again = true
		case name != "" && name != "|":
			out = append(out, parameter{strings.Split(name, "|"), name != bare})
		}
	}
	return out
}

// completeArgument completes the arguments of a command.
func (s *Streams) completeArgument(of []parameter) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		i := len(args)
		if n := len(of); i >= n && n > 0 && of[n-1].again {
			i = n - 1
		}
		if i >= len(of) {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var offers []offer
		for _, word := range of[i].either {
			o, ok := offerOf(cmd, word)
			if !ok && !isPlaceholder(word) {
				o = words(word)
			}
			offers = append(offers, o)
		}
		return s.completeWith(offers)(cmd, args, typed)
	}
}

// isPlaceholder tells a word that stands for others from one that is typed as it is.
func isPlaceholder(word string) bool { return word != strings.ToLower(word) }

// offerOf looks a placeholder or a flag up: first as that of this command.
func offerOf(cmd *cobra.Command, word string) (o offer, ok bool) {
	_, path, _ := strings.Cut(cmd.CommandPath(), " ")
	if o, ok = offers[path+" "+word]; !ok {
		o, ok = offers[word]
	}
	return o, ok
}

// completeWith completes a word by what is offered, without what stands on the line already.
func (s *Streams) completeWith(offers []offer) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		directive := cobra.ShellCompDirectiveNoFileComp
		var out []cobra.Completion
		l := lookup{cmd: cmd, args: args, names: sync.OnceValue(func() api.Names { return s.names(cmd.Context(), nameIn(typed)) })}
		for _, o := range offers {
			switch o.kind {
			case files:
				directive = cobra.ShellCompDirectiveDefault
			case partly:
				directive |= cobra.ShellCompDirectiveNoSpace
			case ordered:
				directive |= cobra.ShellCompDirectiveKeepOrder
			}
			if o.list == nil {
				continue
			}
			for _, c := range o.list(l) {
				if printable(c.word) != c.word {
					continue // it would end the line of a choice, or act on the terminal
				}
				// Not only what begins so: fish, and zsh if it is set up to, find acme/admin by adm. Others pick for themselves.
				if strings.Contains(strings.ToLower(c.word), strings.ToLower(typed)) && !slices.Contains(args, c.word) {
					out = append(out, cobra.CompletionWithDesc(c.word, printable(strings.Join(strings.Fields(c.about), " "))))
				}
			}
		}
		return out, directive
	}
}

// nameIn is what a name has to hold to become the typed word: acme/ is a customer's new role, @work a source's own session.
func nameIn(typed string) string { return strings.TrimSuffix(strings.TrimPrefix(typed, ownMark), "/") }

// patience is how long the daemon may take to tell the names: a person waits for the next letter.
const patience = 300 * time.Millisecond

// names asks the daemon, which has them at hand, or else reads the files. It starts no daemon and tells no error: a line that is
// being typed has no place for it.
func (s *Streams) names(ctx context.Context, text string) api.Names {
	where, err := s.locate()
	if err != nil {
		return api.Names{}
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if conn, err := socket.Dial(ctx, where.socket); err == nil {
		var n api.Names
		if api.Call(ctx, conn, api.Request{Do: api.DoNames, Text: text}, &n) == nil {
			return n
		}
	}
	if where.guest {
		return api.Names{}
	}
	return agent.Names(roster.Load(where.config, nil), text)
}
