package source

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// How says how a person logs in.
type How struct {
	Device bool // by a code that is typed into a browser anywhere, instead of a redirect to this machine
}

// Step is what a person has to do to log in.
type Step struct {
	URL  string // to open in a browser
	Code string // that the page shows too, of a device login
}

// Account is an account of an IAM Identity Center login, with the roles (permission sets) that the user has in it.
type Account struct {
	ID, Name, Email string
	Roles           []string
}

// Logins are the IAM Identity Center logins, one for each start URL and region, however many sources use it.
type Logins struct{}

// NewLogins returns no login yet; those of the vault are found when they are needed.
func NewLogins(http aws.HTTPClient, v Vault, now func() time.Time) *Logins { return &Logins{} }

// SSO is a role (permission set) of an IAM Identity Center account.
type SSO struct{ minted }

func newSSO(spec Spec, d Deps) *SSO { return &SSO{} }

// Login logs a person in.
func (s *SSO) Login(ctx context.Context, how How, tell func(Step)) error { return nil }

// Logout ends the login, here and at AWS.
func (s *SSO) Logout(ctx context.Context) error { return nil }

// Accounts lists what the login may use.
func (s *SSO) Accounts(ctx context.Context) ([]Account, error) { return nil, nil }
