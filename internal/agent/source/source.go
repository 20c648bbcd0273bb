// Package source holds the identities of ours that may assume roles, one file a type.
package source

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"credd/internal/agent/cred"
	"credd/internal/agent/sts"
)

// Source is one identity.
type Source interface {
	// Credentials returns credentials that are good now. Its errors are *Error, of the vault, or of an AWS call made to
	// get them.
	Credentials(context.Context) (*cred.Session, error)

	// Endpoint returns the source's own region, and the URL to use for STS instead of the public one; "" where unset.
	Endpoint() (region, url string)

	// Fingerprint changes when the source becomes somebody else, and not when only its credentials are renewed.
	Fingerprint() string

	// Reload reads its files again if they have changed.
	Reload()

	// Forgive lets what failed be tried at once, because a person says so.
	Forgive()

	// Invalidate forgets the credentials with keyID, which AWS no longer accepts. Others are kept: they are newer.
	Invalidate(keyID string)

	// State is what the source knows of itself without asking anybody.
	State() State
}

// State is for people.
type State struct {
	Until time.Time // of the session that it has, zero if it has none
	Notes []string  // such as a key that is old
}

// Asker is a question whose answer a source needs. See the vault's, which is the same.
type Asker interface {
	// Begin is told when another person is asked: what one said before is forgotten.
	Begin()

	// Question is what to ask now; a hidden answer is not shown while it is typed.
	Question() (text string, hidden bool)

	// Answer takes the answer. Unless that was all, Question has the next one, and if the answer was wrong, wrong says why.
	Answer(ctx context.Context, text string) (done bool, wrong string, err error)
}

// Kind sorts errors by what the user can do.
type Kind int

const (
	Config Kind = iota // change the configuration
	Login              // log in again, or give a code
	Wait               // try again later
)

// Error is why a source has no credentials, safe to show.
type Error struct {
	Kind    Kind
	Message string
	Hint    string
	Ask     Asker // a question whose answer helps, or nil
	Err     error // may be nil
}

func (e *Error) Error() string { return e.Message }
func (e *Error) Unwrap() error { return e.Err }

// Spec is all that makes a source. Two equal specs are the same source, which then keeps its credentials over a reload.
type Spec struct {
	Name      string
	Type      string
	Region    string
	STSRegion string // of its own STS calls; never ""
	Endpoint  string // a URL that replaces STS's public one, or ""
	Services  string // a URL that replaces those of all other AWS services, such as a simulator's, or ""

	Profile    string // of types profile and login
	MFASerial  string // of type keys: an ARN, or the serial number of a hardware device
	MFA        string // how codes are had: Prompt, TOTP or Command; "" if MFASerial is
	MFACommand string // joined by Join
	StartURL   string // of type sso
	SSORegion  string
	SSOSession string // an [sso-session] of ~/.aws/config that has both
	AccountID  string
	RoleName   string
	TokenFile  string // of type web-identity
	RoleARN    string
	Command    string // of type process, joined by Join
}

// The ways to a code.
const (
	Prompt  = "prompt"
	TOTP    = "totp"
	Command = "command"
)

// Types are the types of sources, in the order in which they are documented.
var Types = []string{"profile", "keys", "sso", "login", "web-identity", "imds", "container", "process"}

// STS makes the STS calls of sources.
type STS interface {
	SessionToken(ctx context.Context, by sts.Caller, d time.Duration, serial, code string) (*cred.Session, error)
	WebIdentity(ctx context.Context, at sts.Caller, roleARN, name string, token cred.Secret) (*cred.Session, error)
	Identity(context.Context, sts.Caller) (sts.Identity, error)
}

// Vault keeps secrets at rest.
type Vault interface {
	Get(ctx context.Context, name string) (item []byte, ok bool, err error)
	Put(ctx context.Context, name string, item []byte) error
	Drop(ctx context.Context, names ...string) error

	// Change lets edit change all items at once; an error of edit is returned as it is, and nothing is changed.
	Change(ctx context.Context, edit func(items map[string][]byte) error) error
}

// Deps are what sources work with. All are required.
type Deps struct {
	AWSDir  string // where config and credentials are, ~/.aws
	HTTP    aws.HTTPClient
	STS     STS
	Vault   Vault
	Now     func() time.Time
	Logins  *Logins  // shared by the sources of one IAM Identity Center login
	Devices *Devices // shared by the sources of one MFA device
}

// New returns a source of a type of Types. It asks nobody anything yet.
func New(spec Spec, d Deps) (Source, error) {
	switch spec.Type {
	case "profile":
		return newProfile(spec, d), nil
	case "keys":
		return newKeys(spec, d), nil
	case "sso":
		return newSSO(spec, d), nil
	case "login":
		return newLogin(spec, d), nil
	case "web-identity":
		return newWebIdentity(spec, d), nil
	case "imds":
		return newIMDS(spec, d), nil
	case "container":
		return newContainer(spec, d), nil
	case "process":
		return newProcess(spec, d), nil
	}
	return nil, fmt.Errorf("source type %q", spec.Type)
}

// caller is s at the STS of the spec.
func (spec *Spec) caller(s *cred.Session) sts.Caller {
	return sts.Caller{Session: s, Region: spec.STSRegion, Endpoint: spec.Endpoint}
}
