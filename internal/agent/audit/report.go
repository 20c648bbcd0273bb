package audit

import (
	"strings"
	"time"
)

// Use is how often something was asked for, and how that went.
type Use struct {
	Requests int
	OK       int
	Cached   int            // of OK: from memory, for no call
	Waited   time.Duration  // of OK: until the answer, together
	Failed   map[string]int // the others, by outcome
	First    time.Time      // a session was handed out
	Last     time.Time      // likewise; both are zero if none was
	calls    calls
}

// Calls is how many STS calls are seen. There may have been more: a session that was fetched ahead is seen when it is handed
// out, and a failure is only seen if somebody waited for it and AWS answered.
func (u *Use) Calls() int { return u.calls.n }

// Mean is how long those waited who got a session.
func (u *Use) Mean() time.Duration { return u.Waited / time.Duration(max(1, u.OK)) }

func (u *Use) count(e Entry) {
	u.Requests++
	u.calls.see(e)
	if e.Outcome != "ok" {
		if u.Failed == nil {
			u.Failed = map[string]int{}
		}
		u.Failed[e.Outcome]++
		return
	}
	u.OK++
	u.Waited += e.Duration
	if e.From == "cache" {
		u.Cached++
	}
	if u.First.IsZero() || e.Time.Before(u.First) {
		u.First = e.Time
	}
	if e.Time.After(u.Last) {
		u.Last = e.Time
	}
}

// Report is what the log says of a time.
type Report struct {
	Oldest time.Time       // line of the log, also before that time; zero: the log is empty
	Uses   map[string]*Use // by role, or by customer
	Own    map[string]*Use // the sources' own sessions, by @SOURCE
	Total  Use             // of Uses

	// What is no use of a role.
	Verified  int // tries of a verification
	Vault     int // what an import had put into the vault was asked for
	Unknown   int // requests for roles and sources that are not there
	Strangers int // callers who were refused, at most one a minute and user
	Other     int
	Skipped   int // lines that cannot be read
}

// NewReport returns a report of nothing.
func NewReport() *Report { return &Report{Uses: map[string]*Use{}, Own: map[string]*Use{}} }

// Tally reads the log at path and counts the entries that f wants, by customer or by role. What it keeps grows with the number
// of roles and not with the log.
func Tally(path string, f Filter, byCustomer bool) (*Report, error) {
	r := NewReport()
	var err error
	r.Skipped, err = Read(path, Filter{}, func(e Entry) error {
		if r.Oldest.IsZero() || e.Time.Before(r.Oldest) {
			r.Oldest = e.Time
		}
		if f.Match(e) {
			r.Count(e, byCustomer)
		}
		return nil
	})
	return r, err
}

// Count adds an entry, by customer or by role.
func (r *Report) Count(e Entry, byCustomer bool) {
	customer, _, isRole := strings.Cut(e.Role, "/")
	switch {
	case e.From == "verify":
		r.Verified++
	case e.From == "vault", strings.HasPrefix(e.Role, "import.") && !isRole:
		r.Vault++
	case e.Outcome == "unknown_role": // by name they would be as many as a program likes
		r.Unknown++
	case e.Role == "" && e.Outcome == "refused":
		r.Strangers++
	case strings.HasPrefix(e.Role, "@"):
		use(r.Own, e.Role).count(e)
	case !isRole:
		r.Other++
	default:
		r.Total.count(e)
		name := e.Role
		if byCustomer {
			name = customer
		}
		use(r.Uses, name).count(e)
	}
}

func use(of map[string]*Use, name string) *Use {
	u := of[name]
	if u == nil {
		u = &Use{}
		of[name] = u
	}
	return u
}

const (
	// callSlack is how long after a session's end, or after a failure, its request ID may still come: failures are remembered
	// for half a minute, and clocks are set.
	callSlack = time.Hour
	leastKept = 64 // IDs that are kept before any is forgotten
)

// calls counts request IDs, each once however many answers name it. An ID is forgotten when its session has ended.
type calls struct {
	n     int
	until map[string]time.Time
	full  int // size at which the ended ones are forgotten
}

func (c *calls) see(e Entry) {
	if e.RequestID == "" {
		return
	}
	until := e.Time
	if e.Expires.After(until) {
		until = e.Expires
	}
	if _, known := c.until[e.RequestID]; !known {
		c.n++
		c.forget(e.Time)
	}
	c.until[e.RequestID] = until.Add(callSlack)
}

func (c *calls) forget(now time.Time) {
	if c.until == nil {
		c.until, c.full = map[string]time.Time{}, leastKept
	}
	if len(c.until) < c.full {
		return
	}
	for id, until := range c.until {
		if until.Before(now) {
			delete(c.until, id)
		}
	}
	c.full = max(leastKept, 2*len(c.until))
}
