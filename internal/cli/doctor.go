package cli

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"credd/internal/agent/api"
	"credd/internal/agent/roster"
	"credd/internal/doctor"
	"credd/internal/ipc"
	"credd/internal/ipc/start"
	"credd/internal/paths"
)

const (
	doctorTimeout = 20 * time.Second // of all that asks the daemon or AWS: one flight
	statusTimeout = 3 * time.Second  // of a request that the daemon answers from memory
)

func newDoctorCmd(s *Streams) *cobra.Command {
	var asJSON, offline bool
	cmd := &cobra.Command{
		Use: "doctor [ROLE…]", Short: "Look for what is wrong, and say how to mend it", Args: cobra.ArbitraryArgs,
		Long: `Look for what is wrong with credd, its configuration, its daemon, its sources, the profiles in ~/.aws, this shell and the AWS
clients of this machine, and say how to mend it. Only what was tested is ticked.

Each source is tested by asking AWS who it is. Roles are tested only if they are named: each gets a session, as credhelper gets it.
Nothing is changed, nobody is asked for a code, and no daemon is started. docs/doctor.md has a list of the checks.

A user of a machine's credd sees what is theirs: the way to it, the roles that are open to them, their profiles. --system, as root, looks
at the machine's own files, as its daemon sees them, and at whom roles are open to.

The exit code is 0 if nothing is broken, else that of the first thing which is.`,
		Example: "  credd doctor\n  credd doctor acme/admin\n  credd doctor --offline --json\n  sudo credd --system doctor",
		RunE: func(cmd *cobra.Command, args []string) error {
			e, err := s.examination(cmd.Context(), args, offline)
			if err != nil {
				return err
			}
			e.run(cmd.Context())
			all := e.Findings()
			for i := range all {
				all[i].Remedy = s.mine(all[i].Remedy)
			}
			if asJSON {
				err = printJSON(s.Out, all)
			} else {
				err = s.findings(all)
			}
			if code := verdict(all); err == nil && code != ipc.OK {
				return exitStatus(code)
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVar(&offline, "offline", false, "leave out all that asks AWS")
	return cmd
}

// examination is one run of the command.
type examination struct {
	*Streams
	*doctor.World
	place   doctor.Place
	where   locations
	offline bool
	roles   []string
	status  *api.Status // nil: no daemon tells it
}

// examination collects what the checks go by. A socket that cannot be is a finding, not an error.
func (s *Streams) examination(ctx context.Context, roles []string, offline bool) (*examination, error) {
	if where, err := s.locate(); err == nil && where.machine {
		return s.examinationOfMachine(ctx, where, roles, offline)
	}
	w := &doctor.World{Report: &doctor.Report{}, Version: Version, UID: os.Getuid(), Getenv: os.Getenv, Shadowing: shadowing}
	for _, p := range []struct {
		to  *string
		ask func() (string, error)
	}{{&w.Config, paths.Config}, {&w.State, paths.State}, {&w.Data, paths.Data}, {&w.AWS, paths.AWS}, {&w.Helper, helperPath}, {&w.Dir, os.Getwd}} {
		var err error
		if *p.to, err = p.ask(); err != nil {
			return nil, &userError{ipc.Usage, err.Error(), ""}
		}
	}
	w.Roster = roster.Load(w.Config, nil)
	e := &examination{Streams: s, World: w, offline: offline, roles: roles}
	e.place.Path, e.place.Err = paths.Socket()
	e.where.socket = e.place.Path
	e.place.Forwarded = start.Abandoned(e.place.Path)
	customers, _ := w.Roster.Count()
	w.Untold = e.place.Forwarded && customers == 0
	e.place.Usual, _ = paths.UsualSocket() // that there is none shows with CREDD_SOCK or without
	return e, nil
}

// run makes all checks: those that wait for somebody beside each other.
func (e *examination) run(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, doctorTimeout)
	defer cancel()
	defer e.busy("looking; what asks the daemon and AWS may take up to 20 s")()
	if e.About == doctor.Machine {
		e.daemon(ctx) // which makes its directory when it starts for the first time, as it does when it is asked
		e.Files()
	} else {
		e.Files()
		e.daemon(ctx)
	}
	e.block()
	e.verified()
	e.machine(ctx)
	var all sync.WaitGroup
	for _, check := range []func(context.Context){e.Programs, e.service, e.vault, e.network, e.sources, e.testRoles} {
		all.Go(func() { check(ctx) })
	}
	all.Wait()
}

// busy tells a person at a terminal that there is something to wait for, until done is called.
func (e *examination) busy(text string) (done func()) {
	f, ok := e.Err.(*os.File)
	if !ok || !isTerminal(f) {
		return func() {}
	}
	io.WriteString(f, printable(text)+" …")
	return func() { io.WriteString(f, "\r\x1b[K") }
}

// verdict is the exit code: that of the first error.
func verdict(all []doctor.Finding) ipc.Code {
	for _, f := range all {
		if f.State == doctor.Error {
			return f.Code
		}
	}
	return ipc.OK
}

// signs begin the lines of a report.
var signs = map[doctor.State]struct{ sign, color string }{
	doctor.OK: {"✓", green}, doctor.Warning: {"!", yellow}, doctor.Error: {"✗", red}, doctor.Untested: {"-", ""},
}

// findings prints a report for people.
func (s *Streams) findings(all []doctor.Finding) error {
	section := ""
	n := map[doctor.State]int{}
	for _, f := range all {
		if f.Section != section {
			if section != "" {
				s.say("")
			}
			section = f.Section
			s.say("%s", section)
		}
		n[f.State]++
		sign := signs[f.State]
		text, remedy := f.Message, "  fix: "
		if f.State == doctor.Untested {
			text, remedy = "not tested: "+text, "  try: "
		}
		s.say("%s %s", s.paint(sign.color, sign.sign), text)
		if f.Remedy != "" {
			s.say("%s%s", remedy, f.Remedy)
		}
	}
	return s.say("\n%d well, %s, %s, %d not tested", n[doctor.OK], count(n[doctor.Warning], "warning"), count(n[doctor.Error], "error"), n[doctor.Untested])
}

// logs is where the daemon tells more.
func (e *examination) logs() string {
	if e.where.machine {
		return "sudo credd service logs --system"
	}
	return filepath.Join(e.State, "credd.log")
}
