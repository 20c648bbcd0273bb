package customer

import (
	"strings"
	"time"

	"credd/internal/customer/verify"
)

// Standing is how a role stands, in a word or two for a list and a sentence for its page.
type Standing struct {
	Word     string    `json:"word"` // one of those below, or a verdict of package verify
	Good     bool      `json:"good"` // verified, and nothing seen since speaks against it
	At       time.Time `json:"at,omitzero"`
	Sentence string    `json:"sentence"`
	Hint     string    `json:"hint,omitempty"`
}

// The words that are no verdicts.
const (
	Unverified  = "unverified"   // never
	Invited     = "invited"      // and not verified yet
	Changed     = "changed"      // here, since it was verified
	DeniedSince = "denied since" // it was verified, and is denied now
)

// Stand says how a role, by its whole name, stands. settings is Settings of the role as it is configured now; invited is zero if it was
// not.
func (r Record) Stand(role, settings string, invited time.Time) Standing {
	key, name, _ := strings.Cut(role, "/")
	seen := r.Roles[name]
	v := seen.Verified
	switch {
	case v == nil && !invited.IsZero():
		return Standing{Word: Invited, At: invited, Sentence: "invited on " + Day(invited) + ", and not verified yet",
			Hint: "when the customer has deployed it: credd customer verify " + key}
	case v == nil:
		return Standing{Word: Unverified, Sentence: "never verified", Hint: "try it: credd customer verify " + key}
	case v.Settings != settings:
		when := "verified"
		if v.Verdict != verify.Verified {
			when = "last tested"
		}
		return Standing{Word: Changed, At: v.At, Sentence: "its ARN, its external ID or its source here changed since it was " + when + " on " + Day(v.At),
			Hint: "verify it again: credd customer verify " + key}
	case v.Verdict == verify.Verified:
		return seen.holding(role, key)
	}
	s := Standing{Word: cut(string(v.Verdict), 40), At: v.At, Sentence: Day(v.At) + ": " + cut(v.Summary, maxText), Hint: cut(v.Hint, maxText)}
	if v.Verdict == verify.Denied && seen.Worked.After(v.At) && seen.DeniedSince.IsZero() {
		s.Sentence += "; it has worked since"
		s.Hint = "verify it again: credd customer verify " + key
	}
	return s
}

// holding tells of a role that was verified, and what was seen of it since.
func (s Seen) holding(role, key string) Standing {
	at := s.Verified.At
	switch {
	case s.Drifted():
		return Standing{Word: DeniedSince, At: s.DeniedSince, Sentence: "denied by AWS since " + Day(s.DeniedSince) + "; it was verified on " + Day(at),
			Hint: "AWS does not say why; what speaks for which cause: credd role show " + role}
	case s.Strayed():
		return Standing{Word: string(verify.WrongIdentity), At: s.Checked, Sentence: Day(s.Checked) + ": " + cut(s.CheckFailed, maxText) + "; it was verified on " + Day(at),
			Hint: "ask the account's owner; then: credd customer verify " + key}
	}
	return Standing{Word: string(verify.Verified), Good: true, At: at, Sentence: "verified on " + Day(at) + ": " + cut(s.Verified.Summary, maxText)}
}

// Drifted reports whether a role was verified and is denied by now, with the same settings.
func (s Seen) Drifted() bool {
	return s.Verified != nil && s.Verified.Verdict == verify.Verified && s.DeniedSince.After(s.Verified.At) && s.DeniedWith == s.Verified.Settings
}

// Strayed reports whether a role was verified, and a weekly test since then found a session of another account or role.
func (s Seen) Strayed() bool {
	return s.Verified != nil && s.Verified.Verdict == verify.Verified && s.CheckFailed != "" && s.Checked.After(s.Verified.At)
}

// Day writes a date as people at this machine read it.
func Day(t time.Time) string { return t.Local().Format("2 Jan 2006") }

const maxText = 400 // characters of a record's text that are shown

// cut keeps a text that is not of this program from filling a screen.
func cut(text string, most int) string {
	if r := []rune(text); len(r) > most {
		return string(r[:most]) + "…"
	}
	return text
}
