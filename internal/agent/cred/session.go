package cred

import (
	"encoding/json"
	"errors"
	"time"
)

// Session is the credentials of one assumed role, or of a source, alive until Expires.
type Session struct {
	AccessKeyID     string // not a secret: CloudTrail names it
	SecretAccessKey Secret
	SessionToken    Secret    // zero for a long-term access key
	Expires         time.Time // zero for a long-term access key
	AccountID       string    // 12 digits, "" where unknown

	// Where it came from, for the audit line and status. Zero for a source's own session.
	Issued        time.Time
	ARN           string // arn:aws:sts::…:assumed-role/NAME/SESSION
	AssumedRoleID string // AROA…:SESSION
	SessionName   string
	RequestID     string // of the STS call
}

// Temporary reports whether the session was issued by STS or Identity Center. A role assumed from it lasts at most one
// hour (STS AssumeRole, role chaining).
func (s *Session) Temporary() bool { return !s.SessionToken.IsZero() }

// Left returns how long the session lives after now, by the wall clock: a laptop that slept must not count from before.
func (s *Session) Left(now time.Time) time.Duration { return s.Expires.Round(0).Sub(now.Round(0)) }

// ErrIncomplete is returned for a session that lacks a part that every SDK needs.
var ErrIncomplete = errors.New("credentials without key, secret, token or expiration")

type document struct {
	Version         int
	AccessKeyID     string `json:"AccessKeyId"`
	SecretAccessKey string
	SessionToken    string
	Expiration      string
	AccountID       string `json:"AccountId,omitempty"`
}

// Document renders the session as credential_process prints it: one line, Expiration in UTC and whole seconds, rounded
// down so that it is never later than the truth.
func (s *Session) Document() ([]byte, error) {
	if s.AccessKeyID == "" || s.SecretAccessKey.IsZero() || s.SessionToken.IsZero() || s.Expires.IsZero() {
		return nil, ErrIncomplete
	}
	b, err := json.Marshal(document{
		Version:         1,
		AccessKeyID:     s.AccessKeyID,
		SecretAccessKey: s.SecretAccessKey.Reveal(),
		SessionToken:    s.SessionToken.Reveal(),
		Expiration:      s.Expires.UTC().Truncate(time.Second).Format(time.RFC3339),
		AccountID:       s.AccountID,
	})
	return append(b, '\n'), err
}
