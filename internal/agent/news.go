package agent

import (
	"strings"
	"time"

	"credd/internal/agent/roster"
	"credd/internal/customer"
	"credd/internal/customer/verify"
)

// news is one thing that was seen of a role.
type news struct {
	role *roster.Role
	at   time.Time
	set  func(s customer.Seen) (now customer.Seen, urgent, changed bool)
}

// settingsOf is the fingerprint of a role as it is configured.
func settingsOf(r *roster.Role) string { return customer.Settings(r.ARN, r.ExternalID, r.Source) }

// split returns a role's customer, and its name without it. Sources' own sessions are of no customer.
func split(r *roster.Role) (key, name string, ok bool) {
	key, name, ok = strings.Cut(r.Name, "/")
	return key, name, ok && !strings.HasPrefix(key, ownMark)
}

// worked and denied take a moment: the caller is the end of a flight.
func (m *memory) worked(r *roster.Role, at time.Time) {
	m.tell(r, func(s customer.Seen) (customer.Seen, bool, bool) {
		settings := settingsOf(r)
		urgent := s.Worked.IsZero() || !s.DeniedSince.IsZero() || s.Settings != settings
		s.Worked, s.Settings, s.ARN, s.Source = at.UTC().Round(0), settings, r.ARN, r.Source
		s.DeniedSince, s.DeniedWith = time.Time{}, ""
		return s, urgent, true
	})
}

func (m *memory) denied(r *roster.Role, at time.Time) {
	m.tell(r, func(s customer.Seen) (customer.Seen, bool, bool) {
		settings := settingsOf(r)
		if !s.DeniedSince.IsZero() && s.DeniedWith == settings {
			return s, false, false
		}
		s.DeniedSince, s.DeniedWith = at.UTC().Round(0), settings
		return s, true, true
	})
}

// checked keeps that a weekly test told something: what was wrong, if anything was beside a denial.
func (m *memory) checked(r *roster.Role, at time.Time, wrong string) {
	m.tell(r, func(s customer.Seen) (customer.Seen, bool, bool) {
		s.Checked, s.CheckFailed = at.UTC().Round(0), wrong
		return s, true, true
	})
}

// verified keeps a verification. One that found nothing out does not replace one that did.
func (m *memory) verified(r *roster.Role, v verify.Result) {
	m.tell(r, func(s customer.Seen) (customer.Seen, bool, bool) {
		if old := s.Verified; v.Verdict == verify.Inconclusive && old != nil && old.Verdict != verify.Inconclusive && old.Settings == v.Settings {
			return s, false, false
		}
		s.Verified, s.CheckFailed = &v, ""
		if v.Verdict == verify.Verified {
			s.Worked, s.Settings, s.ARN, s.Source = v.At.UTC().Round(0), v.Settings, r.ARN, r.Source
			s.DeniedSince, s.DeniedWith = time.Time{}, ""
		}
		return s, true, true
	})
}

func (m *memory) tell(r *roster.Role, set func(customer.Seen) (customer.Seen, bool, bool)) {
	if _, _, ok := split(r); !ok {
		return
	}
	m.queue.Lock()
	m.news = append(m.news, news{r, m.now().Round(0), set})
	m.queue.Unlock()
	select {
	case m.changed <- struct{}{}:
	default:
	}
}
