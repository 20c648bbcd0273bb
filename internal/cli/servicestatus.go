package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"strings"

	"github.com/spf13/cobra"

	"credd/internal/host"
	"credd/internal/ipc"
	"credd/internal/paths"
)

// serviceState is what there is to know of a service.
type serviceState struct {
	host.Status
	System  bool   `json:"system"`
	Other   int    `json:"other_pid,omitempty"` // of a credd that serves the socket and is not the service's
	Problem string `json:"problem,omitempty"`   // why the manager does not tell more
}

func newServiceStatusCmd(s *Streams) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "status", Args: cobra.NoArgs, Short: "Show whether credd is a service, and how it is", Example: "  credd service status\n  credd service status --system --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			st, err := s.serviceState(cmd.Context())
			if asJSON {
				if err != nil {
					st.Problem = err.Error()
				}
				return printJSON(s.Out, st)
			}
			return s.showService(st, err)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// serviceState asks the manager, and who serves the socket where the manager does not hold it: else the question would start a daemon.
func (s *Streams) serviceState(ctx context.Context) (serviceState, error) {
	svc, err := s.asService(new(int))
	if err != nil {
		return serviceState{}, err
	}
	st, err := svc.Status(ctx)
	state := serviceState{Status: st, System: s.system}
	socket, serr := paths.System().Socket, error(nil)
	if !s.system {
		socket, serr = paths.ServiceSocket()
	}
	if st.Listening || st.Running && st.PID == 0 || serr != nil {
		return state, err
	}
	if pid, oerr := host.Other(ctx, socket); oerr == nil && pid != st.PID {
		state.Other = pid
	}
	return state, err
}

func (s *Streams) showService(st serviceState, problem error) error {
	if problem != nil && !errors.Is(problem, host.ErrNoManager) {
		return problem
	}
	state := "not installed"
	switch {
	case st.Running && st.PID != 0:
		state = fmt.Sprintf("runs, with pid %d", st.PID)
	case st.Running:
		state = "runs"
	case st.Listening:
		state = "starts at the first use of its socket"
	case st.Installed:
		state = "stopped"
	}
	kind := "service of this user"
	if s.system {
		kind = "service of this machine"
	}
	if st.Packaged {
		kind += ", from a package"
	}
	when := "" // of what is not installed
	if st.Installed {
		when = map[bool]string{true: "yes", false: "no"}[st.AtLogin]
	}
	err := facts(s.Out, "manager", st.Manager, "kind", kind, "state", state, "at each "+s.begins(), when, "program", st.Program, "files", strings.Join(st.Files, " "))
	if problem != nil {
		e := sorted(problem)
		s.warn(e.message, e.hint)
	}
	if st.Outdated {
		s.warn(outdated(st), s.serviceLine("install"))
	}
	switch {
	case st.Other != 0 && st.Installed:
		s.warn(fmt.Sprintf("the credd that runs, with pid %d, is not the service's", st.Other), "change over: "+s.serviceLine("start"))
	case st.Other != 0:
		s.note("a credd runs that is no service, with pid %d; make it one: %s", st.Other, s.serviceLine("install"))
	}
	return err
}

// outdated says what is wrong with the files of a service.
func outdated(st serviceState) string {
	if st.Packaged {
		return "files of an earlier install go before those of the package"
	}
	return "the files of the service are not those of this version"
}

func newServiceLogsCmd(s *Streams) *cobra.Command {
	var lines int
	var follow bool
	cmd := &cobra.Command{
		Use: "logs", Args: cobra.NoArgs, Short: "Show what the daemon logged",
		Long:    "Show what the daemon logged: as a service, or else what one that credhelper started wrote into its file. What was asked of it is in credd audit.",
		Example: "  credd service logs\n  credd service logs --lines 20 --follow",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if lines < 1 {
				return &userError{ipc.Usage, "--lines is a number from 1 on", ""}
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt)
			defer stop()
			return s.serviceLogs(ctx, lines, follow)
		},
	}
	cmd.Flags().IntVarP(&lines, "lines", "n", 200, "how many of the last lines")
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "go on with what is logged, until ^C")
	return cmd
}

func (s *Streams) serviceLogs(ctx context.Context, lines int, follow bool) error {
	svc, err := s.asService(new(int))
	if err != nil {
		return err
	}
	err = svc.Logs(ctx, lines, follow, s.Out)
	if !errors.Is(err, host.ErrNotInstalled) && !errors.Is(err, host.ErrNoManager) || s.system {
		return s.notInstalled(err)
	}
	log, lerr := paths.Log()
	if lerr != nil {
		return &userError{ipc.Usage, lerr.Error(), ""}
	}
	err = host.Tail(ctx, log, lines, follow, s.Out)
	if errors.Is(err, fs.ErrNotExist) {
		return &userError{ipc.Usage, "credd is not installed as a service, and there is no " + log + " of one that credhelper started", "credd serve logs to its terminal"}
	}
	return err
}
