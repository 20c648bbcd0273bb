package cli

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"credd/internal/doctor"
	"credd/internal/host"
	"credd/internal/ipc"
)

func newServiceCmd(s *Streams) *cobra.Command {
	stop := s.serviceCmd("stop", "Stop the service until it is needed or started again", (*host.Service).Stop, "it does not run")
	stop.Long = `Stop the service. A service of yours is started again by the next credhelper that finds no daemon (unless CREDD_AUTOSTART=0 is set), by
credd service start, and at the next login. The machine's is started by credd service start --system, and at the next boot.`
	cmd := group("service", "Run credd as a service",
		newServiceInstallCmd(s), newServiceUninstallCmd(s),
		s.serviceCmd("start", "Start the service", (*host.Service).Start, "it runs already"),
		stop,
		s.serviceCmd("restart", "Start the service anew; its callers wait meanwhile", (*host.Service).Restart, "it runs"),
		newServiceStatusCmd(s), newServiceLogsCmd(s),
	)
	cmd.Long = `Run credd as a service, by what runs services on this machine. No service is needed: credhelper starts credd when it is asked. As a
service its socket is there from the login on, it is started again after a crash, and it logs where services log.

A service is yours alone: your keyring belongs to your login session. With --system it is the machine's, has a user of its own, and
serves those whom a role's allow names; see docs/service.md and docs/system.md.`
	return cmd
}

// asService is the service that a command is about. It prints what it does, and counts it.
func (s *Streams) asService(done *int) (*host.Service, error) {
	program, err := programPath()
	if err != nil {
		return nil, err
	}
	return &host.Service{System: s.system, Program: program, Tell: func(line string) {
		*done++
		s.say("%s", line)
	}}, nil
}

// programPath is this credd by the path that it was called by, if that leads here: the links of a package manager outlive an upgrade.
func programPath() (string, error) {
	exe, err := os.Executable()
	if err != nil {
		return "", err
	}
	path, err := exec.LookPath(os.Args[0])
	if err != nil && !errors.Is(err, exec.ErrDot) {
		return exe, nil
	}
	if path, err = filepath.Abs(path); err == nil && same(path, exe) {
		return path, nil
	}
	return exe, nil
}

// serviceCmd is a command that does one thing to the service, or tells that there is nothing to do.
func (s *Streams) serviceCmd(name, short string, do func(*host.Service, context.Context) error, already string) *cobra.Command {
	return &cobra.Command{
		Use: name, Short: short, Args: cobra.NoArgs, Example: "  credd service " + name + "\n  sudo credd service " + name + " --system",
		RunE: func(cmd *cobra.Command, _ []string) error {
			done := 0
			svc, err := s.asService(&done)
			if err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt)
			defer stop()
			if err := do(svc, ctx); err != nil {
				return s.notInstalled(err)
			}
			if done == 0 {
				return s.say("nothing to do: %s", already)
			}
			return nil
		},
	}
}

// notInstalled adds the remedy to an error of a service that is not there.
func (s *Streams) notInstalled(err error) error {
	if errors.Is(err, host.ErrNotInstalled) {
		return &userError{ipc.Usage, err.Error(), "install it: " + s.serviceLine("install")}
	}
	return err
}

// serviceLine is a command about the service that this one is about.
func (s *Streams) serviceLine(command string) string {
	if s.system {
		return "sudo credd service " + command + " --system"
	}
	return "credd service " + command
}

func newServiceInstallCmd(s *Streams) *cobra.Command {
	return &cobra.Command{
		Use: "install", Args: cobra.NoArgs, Short: "Make credd a service, and start it",
		Long: `Make credd a service, and have it start: on Linux at the first use of its socket. A credd that credhelper started is ended first; its
sessions are fetched again when they are asked for. A second time changes only what differs, as after an upgrade.

Where a package brought the service, it is only enabled.`,
		Example: "  credd service install\n  sudo credd service install --system",
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt)
			defer stop()
			return s.installService(ctx)
		},
	}
}

func (s *Streams) installService(ctx context.Context) error {
	done := 0
	svc, err := s.asService(&done)
	if err != nil {
		return err
	}
	if err := svc.Install(ctx); err != nil {
		return err
	}
	st, err := svc.Status(ctx)
	if err != nil {
		return err
	}
	switch {
	case done == 0:
		err = s.say("nothing to do: credd is a service of %s already", st.Manager)
	case st.Listening:
		err = s.say("%s starts credd at the first use of its socket, from now on and after each %s", st.Manager, s.begins())
	default:
		err = s.say("%s runs credd, from now on and after each %s", st.Manager, s.begins())
	}
	if st.Packaged {
		s.note("a package brought the service: it was enabled, and is updated and removed with the package")
	}
	if s.system && done > 0 {
		s.note("next: a source and customers, which root adds: sudo credd --system source add --help; see docs/system.md")
	}
	return err
}

// begins is when a service starts by itself.
func (s *Streams) begins() string {
	if s.system {
		return "boot"
	}
	return "login"
}

func newServiceUninstallCmd(s *Streams) *cobra.Command {
	return &cobra.Command{
		Use: "uninstall", Args: cobra.NoArgs, Short: "End the service, and remove what install wrote",
		Long: `End the service, and remove what install wrote. Configuration, vault and audit log stay; it says where they are. credhelper starts
credd by itself again. What a package brought is only disabled.`,
		Example: "  credd service uninstall\n  sudo credd service uninstall --system",
		RunE: func(cmd *cobra.Command, _ []string) error {
			done := 0
			svc, err := s.asService(&done)
			if err != nil {
				return err
			}
			if err := svc.Uninstall(cmd.Context()); err != nil {
				return err
			}
			if done == 0 {
				s.say("nothing to do: credd is not a service")
			}
			st, err := svc.Status(cmd.Context())
			switch {
			case err != nil || !st.Packaged:
			case st.AtLogin && !s.system:
				s.note("it is enabled for all users of this machine; to end that for you alone: systemctl --user mask credd.socket; for all: sudo systemctl --global disable credd.socket")
			default:
				s.note("what a package brought goes with the package; it is disabled")
			}
			return s.kept()
		},
	}
}

// kept tells where that is which is not the service's, and how to remove it.
func (s *Streams) kept() error {
	where, err := s.locate()
	if err != nil {
		return err
	}
	var left []string
	for _, of := range []struct{ what, path, dir string }{
		{"configuration", where.config, where.config}, {"vault", where.vault, filepath.Dir(where.vault)}, {"audit log and state", where.state, where.state},
	} {
		if _, err := os.Lstat(of.path); err == nil {
			left = append(left, doctor.Quote(of.dir))
			s.note("kept the %s: %s", of.what, of.path)
		}
	}
	switch {
	case left != nil && s.system:
		s.note("to remove them, with all secrets: sudo rm -r %s %s && sudo userdel credd", where.config, where.state)
	case left != nil:
		s.note("to remove them, with all secrets: credd import --undo, if there was an import, and then: rm -r %s", strings.Join(left, " "))
	}
	return nil
}
