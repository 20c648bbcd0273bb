package cli

import (
	"encoding/csv"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"credd/internal/agent/audit"
)

// reportJSON is a report for programs.
type reportJSON struct {
	By       string    `json:"by"` // role or customer
	Since    time.Time `json:"since"`
	Until    time.Time `json:"until"`
	Complete bool      `json:"complete"` // the log goes back as far as was asked for
	Rows     []useJSON `json:"rows"`
	Own      []useJSON `json:"own_sessions"` // of the sources; their role is @SOURCE
	Total    useJSON   `json:"total"`        // of the rows
	Apart    apartJSON `json:"apart"`
	Skipped  int       `json:"unreadable_lines"`
}

type useJSON struct {
	Customer     string         `json:"customer,omitempty"`
	Role         string         `json:"role,omitempty"`
	Requests     int            `json:"requests"`
	OK           int            `json:"ok"`
	SuccessRate  *float64       `json:"success_rate"` // null: there was nothing
	CacheHits    int            `json:"cache_hits"`
	CacheHitRate *float64       `json:"cache_hit_rate"` // of ok
	MeanMillis   *float64       `json:"mean_ms"`        // of ok
	Calls        int            `json:"sts_calls_at_least"`
	FirstUsed    *time.Time     `json:"first_used"`
	LastUsed     *time.Time     `json:"last_used"`
	Failed       map[string]int `json:"failed"` // by outcome
}

type apartJSON struct {
	Verifications  int `json:"verifications"`
	UnknownRoles   int `json:"unknown_roles"`
	RefusedCallers int `json:"refused_callers"`
	Vault          int `json:"vault"`
	Other          int `json:"other"`
}

func reportOf(r *audit.Report, by string, since, now time.Time) reportJSON {
	out := reportJSON{
		By: by, Since: since.UTC(), Until: now.UTC(), Complete: !r.Oldest.IsZero() && !r.Oldest.After(since), Rows: []useJSON{}, Own: []useJSON{},
		Total: useOf(&r.Total), Apart: apartJSON{r.Verified, r.Unknown, r.Strangers, r.Vault, r.Other}, Skipped: r.Skipped,
	}
	if r.Oldest.After(since) {
		out.Since = r.Oldest.UTC()
	}
	for _, name := range slices.Sorted(maps.Keys(r.Uses)) {
		u := useOf(r.Uses[name])
		u.Customer, _, _ = strings.Cut(name, "/")
		if by == "role" {
			u.Role = name
		}
		out.Rows = append(out.Rows, u)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Own)) {
		u := useOf(r.Own[name])
		u.Role = name
		out.Own = append(out.Own, u)
	}
	return out
}

func useOf(u *audit.Use) useJSON {
	out := useJSON{Requests: u.Requests, OK: u.OK, CacheHits: u.Cached, Calls: u.Calls(), Failed: u.Failed}
	if out.Failed == nil {
		out.Failed = map[string]int{}
	}
	if u.Requests > 0 {
		out.SuccessRate = new(float64(u.OK) / float64(u.Requests))
	}
	if u.OK > 0 {
		out.CacheHitRate = new(float64(u.Cached) / float64(u.OK))
		out.MeanMillis = new(float64(u.Mean().Microseconds()) / 1000)
		out.FirstUsed, out.LastUsed = new(u.First.UTC()), new(u.Last.UTC())
	}
	return out
}

func (s *Streams) reportCSV(r reportJSON) error {
	failed := slices.DeleteFunc(slices.Clone(outcomes), func(o string) bool { return o == "ok" || o == "unknown_role" })
	w := csv.NewWriter(s.Out)
	w.Write(append([]string{"customer", "role", "requests", "ok", "success_rate", "cache_hits", "cache_hit_rate", "mean_ms",
		"sts_calls_at_least", "first_used", "last_used"}, append(failed, "other")...))
	for _, u := range append(r.Rows, r.Own...) {
		row := []string{
			csvCell(u.Customer), csvCell(u.Role), strconv.Itoa(u.Requests), strconv.Itoa(u.OK), number(u.SuccessRate), strconv.Itoa(u.CacheHits),
			number(u.CacheHitRate), number(u.MeanMillis), strconv.Itoa(u.Calls), date(u.FirstUsed), date(u.LastUsed),
		}
		other := u.Requests - u.OK
		for _, o := range failed {
			row = append(row, strconv.Itoa(u.Failed[o]))
			other -= u.Failed[o]
		}
		w.Write(append(row, strconv.Itoa(other)))
	}
	w.Flush()
	return w.Error()
}

// csvCell is a text that a spreadsheet does not take for a formula, nor a terminal for a command.
func csvCell(text string) string {
	text = printable(text)
	if text != "" && strings.ContainsRune("=+-@", rune(text[0])) {
		return "'" + text
	}
	return text
}

func number(n *float64) string {
	if n == nil {
		return ""
	}
	return strconv.FormatFloat(*n, 'f', -1, 64)
}

func date(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.Format(time.RFC3339)
}
