// Package customer holds what is known of customers beside their configuration: their external IDs, invitations, verifications,
// and how they are left.
package customer

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"credd/internal/agent/cred"
	"credd/internal/customer/verify"
)

// NewExternalID returns a new external ID: at least 128 bits of randomness in 26 letters and digits, which say nothing of the customer.
func NewExternalID() cred.Secret { return cred.NewSecret(rand.Text()) }

// Settings is a fingerprint of what a verification is about. Where it differs from the one in force, the verification no longer holds.
func Settings(roleARN string, externalID cred.Secret, source string) string {
	sum := sha256.Sum256([]byte(roleARN + "\n" + source + "\n" + externalID.Reveal()))
	return hex.EncodeToString(sum[:12])
}

// Record is what the daemon has seen of a customer's roles. It alone writes them: state/customers/KEY.json.
type Record struct {
	Roles map[string]Seen `json:"roles"` // by name without the customer's
}

// Seen is what was seen of one role.
type Seen struct {
	Settings    string         `json:"settings"`               // when it last worked
	Worked      time.Time      `json:"worked,omitzero"`        // last, to the hour or so
	DeniedSince time.Time      `json:"denied_since,omitzero"`  // zero while it works
	Verified    *verify.Result `json:"verified,omitempty"`     // the last whole verification
	Checked     time.Time      `json:"checked,omitzero"`       // the last weekly test that told something
	CheckFailed string         `json:"check_failed,omitempty"` // what it told, if it was bad
}
