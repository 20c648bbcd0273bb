// Package customer holds what is known of customers beside their configuration: their external IDs, invitations, verifications,
// and how they are left.
package customer

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"

	"credd/internal/agent/cred"
)

// NewExternalID returns a new external ID: at least 128 bits of randomness in 26 letters and digits, which say nothing of the customer.
func NewExternalID() cred.Secret { return cred.NewSecret(rand.Text()) }

// Settings is a fingerprint of what a verification is about. Where it differs from the one in force, the verification no longer holds.
func Settings(roleARN string, externalID cred.Secret, source string) string {
	sum := sha256.Sum256([]byte(roleARN + "\n" + source + "\n" + externalID.Reveal()))
	return hex.EncodeToString(sum[:12])
}
