package cli

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"golang.org/x/sys/windows"

	"credd/internal/host"
	"credd/internal/ipc"
	"credd/internal/ipc/socket"
	"credd/internal/paths"
)

var procFreeConsole = windows.NewLazySystemDLL("kernel32.dll").NewProc("FreeConsole")

// takesManager lets `credd serve` be told what runs it: the Task Scheduler gives it a console with a window and no file for its log,
// and a service of Windows has to answer its manager.
func (s *Streams) takesManager(cmd *cobra.Command) {
	const flag = "run-by"
	var by string
	cmd.Flags().StringVar(&by, flag, "", "task or services: what runs it, in place of a person")
	cmd.Flags().MarkHidden(flag)
	serve := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		run := func(ctx context.Context) error {
			cmd.SetContext(ctx)
			return serve(cmd, args)
		}
		switch by {
		case "":
			return serve(cmd, args)
		case "task":
			return s.intoLog(func() error {
				procFreeConsole.Call() // and so closes its window; where there is none that does nothing
				err := run(cmd.Context())
				if errors.Is(err, socket.ErrRunning) {
					return nil // credhelper was first: what runs is the same
				}
				return err
			})
		case "services":
			return s.intoLog(func() error { return host.UnderServices(cmd.Context(), run) })
		}
		return &userError{ipc.Usage, "--" + flag + " is task or services", "without it: credd serve"}
	}
}

// intoLog has what a daemon logs, and why it ended, in its log file.
func (s *Streams) intoLog(do func() error) error {
	where, err := s.locate()
	if err != nil {
		return err
	}
	log := filepath.Join(where.state, "credd.log")
	if err := paths.Private(where.state); err != nil {
		return err
	}
	f, err := os.OpenFile(log, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	was := s.Err
	s.Err = f
	defer func() { s.Err = was }()
	if err = do(); err != nil {
		s.complain(err.Error(), "")
	}
	return err
}
