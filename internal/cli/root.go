// Package cli holds credd's commands: what they read, and all that they print.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"credd/internal/agent/api"
	"credd/internal/agent/roster"
	"credd/internal/agent/source"
	"credd/internal/awsconfig"
	"credd/internal/doctor"
	"credd/internal/host"
	"credd/internal/ipc"
	"credd/internal/ipc/socket"
	"credd/internal/ipc/start"
	"credd/internal/paths"
)

// Version is set by the linker.
var Version string

// Streams are where a command reads and writes.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
	Color    bool // Out is a terminal that shows colours

	system bool // --system: the credd of this machine is meant, not the user's own
	own    bool // only the user's own can be meant
}

// Run runs a command and returns its exit code.
func Run(ctx context.Context, args []string, s *Streams) int {
	out := &keeper{w: s.Out}
	s = &Streams{In: s.In, Out: out, Err: s.Err, Color: s.Color}
	root := newRootCmd(s)
	root.SetArgs(args)
	root.SetIn(s.In)
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	if len(args) > 0 && strings.HasPrefix(args[0], cobra.ShellCompRequestCmd) {
		return s.complete(ctx, root, args[1:])
	}
	err := root.ExecuteContext(ctx)
	if err == nil && out.err != nil {
		err = fmt.Errorf("write the output: %w", out.err)
	}
	return s.fail(err)
}

func newRootCmd(s *Streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "credd",
		Short: "Short-lived AWS credentials for the roles of many accounts",
		Long: `credd holds the roles of many AWS accounts, assumes them when asked, and keeps their sessions in memory.
credhelper brings them to the AWS CLI and SDKs, as credential_process in ~/.aws/config.`,
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },

		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return s.begin(cmd) },
	}
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetHelpCommand(newHelpCmd())
	root.SetHelpFunc(help)
	root.SetFlagErrorFunc(wrongFlag)
	root.AddCommand(
		newServeCmd(s), newStatusCmd(s), newReloadCmd(s), newRefreshCmd(s), newForgetCmd(s),
		newSourceCmd(s), newCustomerCmd(s), newRoleCmd(s), newAuditCmd(s), newReportCmd(s), newVersionCmd(s),
		newLoginCmd(s), newLogoutCmd(s), newVaultCmd(s), newImportCmd(s),
		newUseCmd(s), newShellInitCmd(s), newProfilesCmd(s),
		newExecCmd(s), newEnvCmd(s), newConsoleCmd(s), newDoctorCmd(s),
		newCompletionCmd(s), newManCmd(s), newInitCmd(s), newServiceCmd(s),
	)
	s.takeSystem(root)
	typed(root)
	return root
}

// group is a command that only holds others.
func group(use, short string, of ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use: use, Short: short,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return &userError{ipc.Usage, cmd.CommandPath() + " needs a command", "see: " + cmd.CommandPath() + " --help"}
		},
	}
	cmd.AddCommand(of...)
	return cmd
}

// userError is an error with its exit code and a remedy.
type userError struct {
	code          ipc.Code
	message, hint string
}

func (e *userError) Error() string { return e.message }

// fail prints an error as two lines and returns the exit code.
func (s *Streams) fail(err error) int {
	if err == nil {
		return int(ipc.OK)
	}
	if child := exitStatus(0); errors.As(err, &child) {
		return int(child)
	}
	e := sorted(err)
	if e == errUnchanged || e == errInterrupted { // what a person says is no error to them
		s.note("%s", e.message)
	} else {
		s.complain(e.message, e.hint)
	}
	return int(e.code)
}

func sorted(err error) *userError {
	var mine *userError
	var remote *ipc.Error
	var problem roster.Problem
	var service *host.Error
	var own *source.Error
	var file *awsconfig.Error
	var unwritten *fs.PathError
	switch {
	case errors.As(err, &mine):
		return mine
	case errors.As(err, &remote):
		return &userError{remote.Code, remote.Message, remote.Hint}
	case errors.As(err, &service):
		return &userError{ipc.Usage, service.Message, service.Hint}
	case errors.As(err, &own):
		return &userError{ipc.Usage, own.Message, own.Hint}
	case errors.As(err, &file):
		return &userError{ipc.Usage, file.Error(), file.Hint}
	case errors.As(err, &problem):
		return &userError{ipc.Usage, problem.Error(), problem.Hint}
	case errors.Is(err, roster.ErrUnknownRole):
		return &userError{ipc.UnknownRole, err.Error(), "see: credd role list"}
	case errors.Is(err, roster.ErrExists):
		return &userError{ipc.Usage, err.Error(), "change it in that file, or take it out first: credd role remove CUSTOMER/ROLE"}
	case errors.Is(err, roster.ErrUnknownCustomer):
		return &userError{ipc.UnknownRole, err.Error(), "see: credd customer list"}
	case errors.Is(err, roster.ErrUnknownSource):
		return &userError{ipc.UnknownRole, err.Error(), "see: credd source list"}
	case errors.Is(err, roster.ErrSourceExists):
		return &userError{ipc.Usage, err.Error(), "look at it or remove it first: credd source show SOURCE, credd source remove SOURCE"}
	case errors.Is(err, api.ErrLost):
		return &userError{ipc.NoDaemon, err.Error(), "credd ended or was restarted meanwhile: run the command again"}
	case errors.Is(err, socket.ErrNoDaemon) && os.Getenv("CREDD_SOCK") != "":
		return &userError{ipc.NoDaemon, err.Error() + " at " + os.Getenv("CREDD_SOCK") + ", which CREDD_SOCK names", start.ForwardAgain}
	case errors.Is(err, socket.ErrNoDaemon):
		return &userError{ipc.NoDaemon, err.Error(), "credhelper and credd login start it by themselves; by hand: credd serve"}
	case errors.Is(err, socket.ErrRunning):
		return &userError{ipc.Usage, err.Error(), "see: credd status"}
	case errors.Is(err, socket.ErrForeign):
		return &userError{ipc.Refused, err.Error() + ": nothing was sent to it", "check CREDD_SOCK and who owns the socket"}
	}
	if errors.As(err, &unwritten) && unwritten.Op == "write" {
		dir := doctor.Quote(filepath.Dir(unwritten.Path))
		return &userError{ipc.Internal, err.Error(), "there has to be room, and it has to be yours: df -h " + dir + "; ls -ld " + dir}
	}
	return &userError{ipc.Internal, err.Error(), ""}
}

// locations are the files that commands use.
type locations struct {
	config, state, socket, audit, aws, vault string

	machine bool // the socket is that of the machine's credd
	guest   bool // its files are closed to this user, and are not those that are named here
}

func (s *Streams) locate() (l locations, err error) {
	if s.system {
		p := paths.System()
		return locations{config: p.Config, state: p.State, socket: p.Socket, audit: p.Audit(), aws: p.AWS(), vault: p.Vault(), machine: true, guest: !isAdministrator()}, nil
	}
	at := paths.Socket
	if s.own {
		at = paths.OwnSocket
	}
	for _, p := range []struct {
		to  *string
		ask func() (string, error)
	}{{&l.config, paths.Config}, {&l.state, paths.State}, {&l.socket, at}, {&l.audit, paths.Audit}, {&l.aws, paths.AWS}, {&l.vault, paths.Vault}} {
		if *p.to, err = p.ask(); err != nil {
			return l, &userError{ipc.Usage, err.Error(), ""}
		}
	}
	l.machine = paths.IsSystem(l.socket) && !s.own
	l.guest = l.machine
	return l, nil
}

func newVersionCmd(s *Streams) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Example: "  credd version", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return s.say("credd %s %s %s/%s", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
		},
	}
}

func version() string {
	if Version != "" {
		return Version
	}
	if b, ok := debug.ReadBuildInfo(); ok {
		return b.Main.Version
	}
	return "unknown"
}

// ShowsColor reports whether colours can be shown on f: a terminal that is not dumb, and NO_COLOR is not set.
func ShowsColor(f *os.File) bool {
	return isTerminal(f) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}
