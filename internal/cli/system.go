package cli

import (
	"errors"
	"os"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"credd/internal/ipc"
	"credd/internal/ipc/socket"
	"credd/internal/ipc/start"
	"credd/internal/paths"
)

// A command is about one credd: that of the user, or that of the machine. The latter is meant by --system, or where the user's programs
// ask it because there is no other. Its files are closed to its users: for them a command works from what its daemon tells, or not at all.

// reach says whose credd a command can be about, beside the user's own.
type reach int

const (
	manages reach = iota // the machine's, with --system, as its administrator. A command that is not in the table does
	asks                 // the machine's, also as one of its users
	adopts               // likewise, and of what is the user's alone: there is no --system
	owns                 // none: what it makes is the user's
	serves               // the machine's with --system, else the user's
	nothing              // neither
)

var reaches = map[string]reach{
	"status": asks, "refresh": asks, "forget": asks, "audit": asks, "report": asks, "doctor": asks,
	"role list": asks, "role show": asks, "customer list": asks, "customer show": asks, "source test": asks,
	"exec": asks, "env": asks, "console": asks,

	"use": adopts, "profiles sync": adopts, "profiles diff": adopts, "profiles list": adopts, "profiles remove": adopts,

	"init": owns, "import": owns,

	"serve": serves, "service": serves,

	"": nothing, "version": nothing, "help": nothing, "completion": nothing, "man": nothing, "shell-init": nothing, "vault new-key": nothing,
	cobra.ShellCompRequestCmd: nothing, cobra.ShellCompNoDescRequestCmd: nothing,
}

// reachOf is that of a command, or of the group that it is in.
func reachOf(cmd *cobra.Command) reach {
	_, path, _ := strings.Cut(cmd.CommandPath(), " ")
	if r, ok := reaches[path]; ok {
		return r
	}
	group, _, _ := strings.Cut(path, " ")
	return reaches[group]
}

const systemFlag = "system"

// takeSystem lets --system stand anywhere on a line; the commands that take it show it.
func (s *Streams) takeSystem(root *cobra.Command) {
	root.PersistentFlags().BoolVar(&s.system, systemFlag, false, "")
	root.PersistentFlags().MarkHidden(systemFlag)
	var each func(*cobra.Command)
	each = func(cmd *cobra.Command) {
		of := reachOf(cmd)
		if !cmd.HasSubCommands() && (of == manages || of == asks || of == serves) && cmd.Flags().Lookup(systemFlag) == nil {
			cmd.Flags().BoolVar(&s.system, systemFlag, false, "the credd of this machine, instead of your own")
		}
		for _, sub := range cmd.Commands() {
			each(sub)
		}
	}
	each(root)
}

// begin decides whose credd a command is about, before it runs.
func (s *Streams) begin(cmd *cobra.Command) error {
	of := reachOf(cmd)
	switch {
	case cmd.HasSubCommands() || of == nothing:
		return nil
	case s.system && (of == adopts || of == owns):
		return &userError{ipc.Usage, cmd.CommandPath() + " takes no --system: what it does is yours alone", "leave --system out"}
	case of == owns || of == serves:
		s.own = !s.system
		return s.notTheMachines()
	case of == manages:
		return s.mayManage(cmd)
	}
	return nil
}

// notTheMachines sees that a credd of one's own is not put in the place of the machine's.
func (s *Streams) notTheMachines() error {
	if s.own && paths.IsSystem(os.Getenv("CREDD_SOCK")) {
		return &userError{ipc.Usage, "CREDD_SOCK names the socket of this machine's credd", "unset CREDD_SOCK"}
	}
	return nil
}

// mayManage refuses who has no business with the files and secrets of the machine's credd, before anything is asked or done.
func (s *Streams) mayManage(cmd *cobra.Command) error {
	where, err := s.locate()
	if err != nil {
		return nil // which the command tells
	}
	as := "sudo credd --system" + strings.TrimPrefix(cmd.CommandPath(), "credd") + " …"
	switch {
	case where.guest && s.system:
		return &userError{ipc.Refused, "this machine's credd is changed by its administrator alone", "run it by: " + as}
	case where.guest:
		return &userError{ipc.Refused, "this machine's credd is run by its administrator", "they do that by: " + as + "; for a credd of your own: credd init"}
	case s.system && !isThere(where.config):
		return &userError{ipc.Usage, "there is no " + where.config + ": this machine has no credd", "install it first: sudo credd service install --system"}
	}
	return nil
}

// undialled is the error for a daemon that cannot be reached. No command starts the machine's.
func undialled(where locations, err error) error {
	if where.machine && errors.Is(err, socket.ErrNoDaemon) {
		return errors.Join(notStarted(start.NoMachine), err)
	}
	return err
}

// refuseSource is the error for a source's own session, which the machine's credd gives to no user.
func refuseSource(name string) error {
	return &userError{ipc.Refused, name + " is the session of a source of this machine's credd, which only its administrator gets", "name a role: credd role list"}
}

// aboutOne are commands that are about one credd, as hints name them.
var aboutOne = regexp.MustCompile(`\bcredd (status|reload|refresh|forget|audit|report|doctor|role|customer|source|login|logout|exec|env|console)\b`)

// mine makes the commands in a text those of the credd that this command was about.
func (s *Streams) mine(text string) string {
	if !s.system {
		return text
	}
	as := "credd --system $1"
	if os.Getenv("SUDO_UID") != "" && isAdministrator() { // who copies it is at their own shell
		as = "sudo " + as
	}
	return aboutOne.ReplaceAllString(text, as)
}
