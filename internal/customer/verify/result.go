// Package verify proves a role from outside: that it works with the external ID, and refuses a request without it. It says what is
// known and no more, since AWS gives one AccessDenied for every cause.
package verify

import "time"

// Verdict sorts a result.
type Verdict string

// The verdicts. Only Verified is good.
const (
	Verified      Verdict = "verified"       // works, is who it should be, and is denied without and with another external ID
	Open          Verdict = "open"           // works without the external ID, or with any
	WideTrust     Verdict = "wide trust"     // passes as Verified does, but lets in more than us, as the role itself could read
	Denied        Verdict = "denied"         // the right external ID is denied; AWS does not say why
	WrongIdentity Verdict = "wrong identity" // the session is of another account or role
	NoExternalID  Verdict = "no external ID" // works, and none is set here: nothing tells us from another customer of ours
	Inconclusive  Verdict = "inconclusive"   // could not be found out; try again
)

// Passed reports whether all requests for the role were answered as they should be, whatever its trust policy says.
func (v Verdict) Passed() bool { return v == Verified || v == WideTrust }

// Outcome is how a check ended.
type Outcome string

// The outcomes.
const (
	OK      Outcome = "ok"
	Failed  Outcome = "failed"
	Note    Outcome = "note"    // true, and worth knowing
	Unknown Outcome = "unknown" // could not be found out, or is not visible from outside
)

// Check is one thing that was looked at.
type Check struct {
	ID      string  `json:"id"` // stable: right-id, identity, no-id, wrong-id, right-id-again, longest-session, trust, setup, permissions
	Outcome Outcome `json:"outcome"`
	Text    string  `json:"text"` // a sentence for people; no external ID
}

// Result is what is known of a role.
type Result struct {
	Role    string    `json:"role"`
	Verdict Verdict   `json:"verdict"`
	At      time.Time `json:"at"`
	Summary string    `json:"summary"` // one sentence
	Hint    string    `json:"hint,omitempty"`
	Checks  []Check   `json:"checks"`

	LongestSession int64  `json:"longest_session_s,omitempty"` // seconds that were granted; 0: not found out
	Settings       string `json:"settings"`                    // customer.Settings of what was verified
}
