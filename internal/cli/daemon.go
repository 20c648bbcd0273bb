package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"credd/internal/agent/api"
	"credd/internal/agent/roster"
	"credd/internal/ipc"
	"credd/internal/ipc/socket"
)

// ask sends a request to the daemon. It never starts one.
func (s *Streams) ask(ctx context.Context, req api.Request, out any) error {
	where, err := s.locate()
	if err != nil {
		return err
	}
	return s.askAt(ctx, where, req, out)
}

func (s *Streams) askAt(ctx context.Context, where locations, req api.Request, out any) error {
	conn, err := socket.Dial(ctx, where.socket)
	if err != nil {
		return undialled(where, err)
	}
	return api.Call(ctx, conn, req, out)
}

// liveStatus returns the daemon's status, and none if no daemon runs.
func (s *Streams) liveStatus(ctx context.Context) (st api.Status, running bool, err error) {
	err = s.ask(ctx, api.Request{Do: api.DoStatus}, &st)
	if errors.Is(err, socket.ErrNoDaemon) {
		return st, false, nil
	}
	return st, err == nil, err
}

func newStatusCmd(s *Streams) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "status", Short: "Show live sessions, failing roles and broken files", Example: "  credd status\n  credd status --json", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var st api.Status
			if err := s.ask(cmd.Context(), api.Request{Do: api.DoStatus}, &st); err != nil {
				return err
			}
			st.Warnings = append(st.Warnings, keysInClear()...)
			if asJSON {
				return printJSON(s.Out, st)
			}
			return s.status(st, s.unverified(), time.Now())
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// unverified is the line of status on customers that are not verified. What is wrong in the files is the daemon's to tell.
func (s *Streams) unverified() string {
	where, err := s.locate()
	if err != nil {
		return ""
	}
	if where.guest {
		return "" // it is not a guest's to verify
	}
	return newRecords(where.state, s.warn).unverified(roster.Load(where.config, nil))
}

func (s *Streams) status(st api.Status, unverified string, now time.Time) error {
	if open := count(st.Roles, "role") + " of " + count(st.Customers, "customer"); st.ConfigDir == "" { // a machine's, to one of its users
		s.say("this machine's credd %s, since %s: %s for you", st.Version, clock(st.Started, now), open)
	} else {
		s.say("credd %s, pid %d, since %s: %s in %s", st.Version, st.PID, clock(st.Started, now), open, st.ConfigDir)
		if st.Replaced {
			s.say("its program was replaced since then, and it goes on with the old one: credd doctor says how to restart it")
		}
	}
	if err := s.sources(st.Sources, st.Failing, now); err != nil {
		return err
	}
	if err := s.sessions(st, now); err != nil {
		return err
	}
	for _, f := range st.Failing {
		if slices.ContainsFunc(st.Sources, func(src api.Source) bool { return slices.Contains(waiting(src, st.Failing), f.Role) }) {
			continue // told with its source
		}
		s.say("\n%s %s", s.paint(red, "failing since "+clock(f.Since, now)), f.Message)
		s.say("  last worked: %s", worked(f, now))
		if f.Hint != "" {
			s.say("  hint: %s", s.mine(f.Hint))
		}
		for _, c := range f.Causes {
			s.say("  may be: %s", c)
		}
	}
	for _, p := range st.Problems {
		s.say("\n%s %s", s.paint(red, "broken file"), place(p))
		if p.Hint != "" {
			s.say("  hint: %s", s.mine(p.Hint))
		}
	}
	for _, w := range slices.Concat(untold(st), st.Warnings) {
		s.say("\n%s %s", s.paint(yellow, "warning"), w)
	}
	if unverified != "" {
		s.say("\n%s", s.mine(unverified))
	}
	return nil
}

// sessions prints those that live: of a machine's credd with their users, but to one of them.
func (s *Streams) sessions(st api.Status, now time.Time) error {
	if len(st.Sessions) == 0 {
		return s.say("no live session")
	}
	s.say("")
	ofUsers := slices.ContainsFunc(st.Sessions, func(l api.Session) bool { return l.User != "" })
	head := []string{"SESSION", "LEFT", "EXPIRES", "ACCESS KEY"}
	switch {
	case ofUsers:
		head = slices.Concat(head, []string{"USER", "SOURCE", ""})
	case st.ConfigDir != "":
		head = []string{"SESSION", "LEFT", "EXPIRES", "SOURCE", "ACCESS KEY", ""}
	}
	var rows [][]string
	for _, l := range st.Sessions {
		row := []string{l.Role, left(l.Expires.Sub(now)), clock(l.Expires, now), l.AccessKeyID}
		switch {
		case ofUsers:
			row = slices.Concat(row, []string{l.User, l.Source, l.Note})
		case st.ConfigDir != "":
			row = slices.Concat(row[:3], []string{l.Source, l.AccessKeyID, l.Note})
		}
		rows = append(rows, row)
	}
	return table(s.Out, head, rows)
}

// untold are the roles that are no longer what was verified, but for those that were told as failing.
func untold(st api.Status) (out []string) {
	for _, d := range st.Drifted {
		if !slices.ContainsFunc(st.Failing, func(f api.Failure) bool { return f.Role == d.Role }) {
			out = append(out, d.Message)
		}
	}
	return out
}

// worked says when a failing role last worked.
func worked(f api.Failure, now time.Time) string {
	if f.LastWorked.IsZero() {
		return "never, as far as credd knows"
	}
	return clock(f.LastWorked, now)
}

func place(p api.Problem) string {
	if p.Line == 0 {
		return p.File + ": " + p.Message
	}
	return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Message)
}

func newReloadCmd(s *Streams) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "reload", Short: "Read the configuration again", Example: "  credd reload", Args: cobra.NoArgs,
		Long: "Read the configuration and ~/.aws again. The daemon does so by itself when a file changes.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			var r api.Reload
			if err := s.ask(cmd.Context(), api.Request{Do: api.DoReload}, &r); err != nil {
				return err
			}
			if asJSON {
				if err := printJSON(s.Out, r); err != nil {
					return err
				}
			} else {
				s.say("%s of %s", count(r.Roles, "role"), count(r.Customers, "customer"))
				if len(r.Dropped) > 0 {
					s.say("dropped the sessions of changed roles: %s", strings.Join(r.Dropped, ", "))
				}
			}
			return s.broken(r.Problems)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// broken tells of all broken files but the last, which it returns.
func (s *Streams) broken(all []api.Problem) error {
	if len(all) == 0 {
		return nil
	}
	last := len(all) - 1
	for _, p := range all[:last] {
		s.complain(place(p), p.Hint)
	}
	return &userError{ipc.Usage, place(all[last]), all[last].Hint}
}

func newRefreshCmd(s *Streams) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "refresh ROLE", Short: "Get a new session for a role now", Example: "  credd refresh acme/admin", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var l api.Session
			if err := s.talk(cmd.Context(), api.Request{Do: api.DoRefresh, Name: args[0]}, &l, nil); err != nil {
				return err
			}
			if asJSON {
				return printJSON(s.Out, l)
			}
			if l.Note != "" && strings.HasPrefix(l.Note, "the session of before") {
				return s.say("%s: still session %s for %s: %s", l.Role, l.AccessKeyID, left(time.Until(l.Expires)), l.Note)
			}
			return s.say("%s: new session %s for %s", l.Role, l.AccessKeyID, left(time.Until(l.Expires)))
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func newForgetCmd(s *Streams) *cobra.Command {
	var all, asJSON bool
	cmd := &cobra.Command{
		Use: "forget ROLE|CUSTOMER", Short: "Drop sessions from memory", Args: cobra.MaximumNArgs(1),
		Long:    "Drop sessions from memory. Credentials that were handed out live on until they expire.",
		Example: "  credd forget acme/admin\n  credd forget acme\n  credd forget --all",
		RunE: func(cmd *cobra.Command, args []string) error {
			if all == (len(args) == 1) {
				return &userError{ipc.Usage, "name a role, a customer, or --all", "see: credd forget --help"}
			}
			req := api.Request{Do: api.DoForget, All: all}
			if !all {
				req.Name = args[0]
			}
			var f api.Forgotten
			if err := s.ask(cmd.Context(), req, &f); err != nil {
				return err
			}
			if asJSON {
				return printJSON(s.Out, f)
			}
			if len(f.Roles) == 0 {
				return s.say("no live session")
			}
			return s.say("forgot %s; credentials that were handed out live on until they expire", strings.Join(f.Roles, ", "))
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "drop all sessions")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
