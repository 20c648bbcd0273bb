package cli

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"credd/internal/agent/audit"
	"credd/internal/ipc"
)

// outcomes are what an audit line can say.
var outcomes = []string{"ok", "denied", "login", "unreachable", "unknown_role", "refused", "config", "internal"}

func newAuditCmd(s *Streams) *cobra.Command {
	var f audit.Filter
	var since, until string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "audit", Short: "Show who got which credentials, and who was refused", Args: cobra.NoArgs,
		Long: `Show the audit log, oldest first. It needs no daemon, but for users of a machine's credd, who see their own lines.

--access-key answers which process got the key that a CloudTrail event names.`,
		Example: "  credd audit --since 2h --role acme\n  credd audit --access-key ASIA… --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			var err error
			if f.Since, err = moment("--since", since); err != nil {
				return err
			}
			if f.Until, err = moment("--until", until); err != nil {
				return err
			}
			if f.Outcome != "" && !slices.Contains(outcomes, f.Outcome) {
				return &userError{ipc.Usage, "--outcome knows no " + f.Outcome, "known are: " + strings.Join(outcomes, ", ")}
			}
			where, err := s.locate()
			if err != nil {
				return err
			}
			show := s.auditLine
			if asJSON {
				show = s.auditJSON
			}
			lines := 0
			end, err := s.trail(cmd.Context(), where, f, func(e audit.Entry) error { lines++; return show(e) })
			if lines == 0 && err == nil {
				s.note("no line of %s matches", logName(where))
			}
			s.leftOut(where, end.Skipped)
			return err
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&f.Role, "role", "", "a role, or a customer")
	fl.StringVar(&since, "since", "", "a duration back from now, such as 2h, or a time (RFC 3339)")
	fl.StringVar(&until, "until", "", "likewise")
	fl.StringVar(&f.Outcome, "outcome", "", strings.Join(outcomes, ", "))
	fl.StringVar(&f.AccessKey, "access-key", "", "an access key ID, as in CloudTrail")
	fl.BoolVar(&asJSON, "json", false, "print the lines as they are in the log")
	return cmd
}

// moment reads a duration back from now, or a time.
func moment(flag, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if d, err := time.ParseDuration(text); err == nil {
		return time.Now().Add(-d.Abs()), nil
	}
	for _, form := range []string{time.RFC3339, "2006-01-02 15:04", "2006-01-02"} {
		if t, err := time.ParseInLocation(form, text, time.Local); err == nil {
			return t, nil
		}
	}
	return time.Time{}, &userError{ipc.Usage, flag + " is not a duration or a time", "such as 2h, 2006-01-02 or 2006-01-02T15:04:05Z"}
}

func (s *Streams) auditJSON(e audit.Entry) error {
	b, err := json.Marshal(e)
	if err != nil {
		return err
	}
	_, err = s.Out.Write(append(b, '\n'))
	return err
}

func (s *Streams) auditLine(e audit.Entry) error {
	who := fmt.Sprintf("uid %d", e.UID)
	if e.PID > 0 {
		who = fmt.Sprintf("pid %d", e.PID)
	}
	if e.User != "" {
		who = e.User + ", " + who
	}
	if e.ParentExe != "" {
		who += " of " + e.ParentExe
	}
	what := e.Error
	if e.Outcome == "ok" {
		what = e.AccessKeyID + " from " + e.From
		if e.Error != "" { // of a verification: a session that should not have been given
			what += ": " + e.Error
		}
	}
	outcome := s.paint(red, e.Outcome)
	if e.Outcome == "ok" {
		outcome = painted(e.Outcome)
	}
	return s.say("%s  %s  %s  %s  %s", e.Time.Local().Format("2006-01-02 15:04:05"), outcome, e.Role, who, what)
}
