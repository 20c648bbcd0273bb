// Package source holds the identities of ours that may assume roles, one file a type.
package source

import (
	"context"

	"credd/internal/agent/cred"
)

// Source is one identity.
type Source interface {
	// Credentials returns credentials that are good now. Its errors are *Error, or of an AWS call made to get them.
	Credentials(context.Context) (*cred.Session, error)

	// Endpoint returns the source's own region, and the URL to use for STS instead of the public one; "" where unset.
	Endpoint() (region, url string)

	// Fingerprint changes when the source becomes somebody else, and not when only its credentials are renewed.
	Fingerprint() string

	// Reload reads its files again if they have changed.
	Reload()

	// Invalidate forgets credentials that AWS no longer accepts.
	Invalidate()
}

// Kind sorts errors by what the user can do.
type Kind int

const (
	Config Kind = iota // change the configuration
	Login              // log in again
)

// Error is why a source has no credentials, safe to show.
type Error struct {
	Kind    Kind
	Message string
	Hint    string
	Err     error // may be nil
}

func (e *Error) Error() string { return e.Message }
func (e *Error) Unwrap() error { return e.Err }
