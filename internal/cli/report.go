package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"credd/internal/agent/audit"
	"credd/internal/ipc"
)

// maxDays is far more than the log can hold, and far less than what a date cannot.
const maxDays = 3660

// scope is what a report is to be about.
type scope struct {
	days               int
	customer, role, by string
	csv, json          bool
}

func newReportCmd(s *Streams) *cobra.Command {
	var a scope
	cmd := &cobra.Command{
		Use: "report", Short: "Count requests, failures and STS calls of each role", Args: cobra.NoArgs,
		Long: `Count, from the audit log, how often each role was asked for and how that went. It needs no daemon, but for users of a machine's
credd, who see what they asked for themselves.

  SUCCESS    requests that got a session
  CACHE      of these, those that were answered from memory
  MEAN       how long these waited
  STS CALLS  how many are seen, so at least: a session that was fetched ahead shows when it is first handed out

Verifications, requests for roles that are not there, refused callers and what an import has in the vault are counted apart. In CSV a
name that a spreadsheet would take for a formula gets a ' in front. Times in CSV and JSON are UTC, durations milliseconds, rates 0 to 1.`,
		Example: "  credd report --days 7\n  credd report --customer acme --json\n  credd report --by customer --csv > report.csv",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.check(); err != nil {
				return err
			}
			where, err := s.locate()
			if err != nil {
				return err
			}
			return s.report(cmd.Context(), where, a, time.Now())
		},
	}
	fl := cmd.Flags()
	fl.IntVar(&a.days, "days", 30, "how far back from now")
	fl.StringVar(&a.customer, "customer", "", "this customer only")
	fl.StringVar(&a.role, "role", "", "this role only, or @SOURCE")
	fl.StringVar(&a.by, "by", "role", "a line for each: role or customer")
	fl.BoolVar(&a.csv, "csv", false, "print CSV")
	fl.BoolVar(&a.json, "json", false, "print JSON")
	return cmd
}

func (a scope) check() error {
	switch {
	case a.days < 1 || a.days > maxDays:
		return &userError{ipc.Usage, fmt.Sprintf("--days is not between 1 and %d", maxDays), "such as: credd report --days 30"}
	case a.by != "role" && a.by != "customer":
		return &userError{ipc.Usage, "--by knows no " + a.by, "known are: role, customer"}
	case a.customer != "" && a.role != "":
		return &userError{ipc.Usage, "--customer and --role are both given", "leave one out"}
	case a.csv && a.json:
		return &userError{ipc.Usage, "--csv and --json are both given", "leave one out"}
	}
	return nil
}

func (s *Streams) report(ctx context.Context, where locations, a scope, now time.Time) error {
	since := now.AddDate(0, 0, -a.days)
	r, err := s.tally(ctx, where, audit.Filter{Role: a.customer + a.role, Since: since}, a.by == "customer")
	if err != nil {
		return err
	}
	s.leftOut(where, r.Skipped)
	switch {
	case a.json:
		return printJSON(s.Out, reportOf(r, a.by, since, now))
	case a.csv:
		s.note("%s", period(r, since, now))
		return s.reportCSV(reportOf(r, a.by, since, now))
	}
	return s.reportTable(r, a.by, since, now)
}

// period tells what time the numbers are of.
func period(r *audit.Report, since, now time.Time) string {
	switch {
	case r.Oldest.IsZero():
		return "the log is empty"
	case r.Oldest.After(since):
		return "since " + clock(r.Oldest, now) + " (the log goes back no further)"
	}
	return "since " + clock(since, now)
}

func (s *Streams) reportTable(r *audit.Report, by string, since, now time.Time) error {
	s.say("%s", period(r, since, now))
	var rows [][]string
	for _, of := range []map[string]*audit.Use{r.Uses, r.Own} {
		for _, name := range slices.Sorted(maps.Keys(of)) {
			rows = append(rows, useRow(name, of[name], now))
		}
	}
	if len(r.Uses) > 1 {
		rows = append(rows, useRow("all roles", &r.Total, now))
	}
	if len(rows) > 0 {
		s.say("")
		head := []string{strings.ToUpper(by), "REQUESTS", "SUCCESS", "CACHE", "MEAN", "STS CALLS", "FIRST USED", "LAST USED", "FAILED"}
		if err := table(s.Out, head, rows); err != nil {
			return err
		}
	} else if !r.Oldest.IsZero() {
		s.say("no role was asked for")
	}
	var apart []string
	for _, c := range []counted{
		{r.Verified, "verifications"}, {r.Unknown, "unknown roles"}, {r.Strangers, "refused callers"}, {r.Vault, "what an import has in the vault"}, {r.Other, "others"},
	} {
		if c.n > 0 {
			apart = append(apart, fmt.Sprintf("%s: %d", c.noun, c.n))
		}
	}
	if len(apart) > 0 {
		return s.say("\napart from these, %s", strings.Join(apart, ", "))
	}
	return nil
}

func useRow(name string, u *audit.Use, now time.Time) []string {
	row := []string{name, strconv.Itoa(u.Requests), percent(u.OK, u.Requests), percent(u.Cached, u.OK), "-", strconv.Itoa(u.Calls()), "-", "-", failures(u)}
	if u.OK > 0 {
		row[4], row[6], row[7] = waited(u.Mean()), clock(u.First, now), clock(u.Last, now)
	}
	return row
}

// percent is rounded down: what is not all is not 100 %.
func percent(n, of int) string {
	if of == 0 {
		return "-"
	}
	if n == of {
		return "100 %"
	}
	tenths := n * 1000 / of
	return fmt.Sprintf("%d.%d %%", tenths/10, tenths%10)
}

// waited writes a duration in the unit that people think of it in.
func waited(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

// failures lists the outcomes of what failed, the most frequent first.
func failures(u *audit.Use) string {
	names := slices.Sorted(maps.Keys(u.Failed))
	slices.SortStableFunc(names, func(a, b string) int { return u.Failed[b] - u.Failed[a] })
	var out []string
	for _, n := range names {
		out = append(out, fmt.Sprintf("%d %s", u.Failed[n], n))
	}
	return strings.Join(out, ", ")
}
