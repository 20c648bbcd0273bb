package source

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sso"
	"github.com/aws/aws-sdk-go-v2/service/sso/types"
	"github.com/aws/smithy-go"

	"credd/internal/agent/cred"
	"credd/internal/agent/sts"
)

const (
	ssoSessionMost = 12*time.Hour + 6*time.Minute // of a permission set (IAM Identity Center), and clocks that differ
	ssoAttempts    = 4                            // for one role's credentials, within a flight's 20 s: the portal throttles early
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

// SSO is a role (permission set) of an IAM Identity Center account.
type SSO struct {
	minted
	logins *Logins
	block  ssoBlock // that spec.SSOSession names

	mu         sync.Mutex
	login      *ssoLogin // that held's session is of, nil for none
	generation int       // of login, likewise
}

func newSSO(spec Spec, d Deps) *SSO {
	return &SSO{
		minted: minted{spec: spec, held: held{now: d.Now}},
		logins: d.Logins,
		block:  ssoBlock{dir: d.AWSDir, name: spec.SSOSession},
	}
}

// place returns where the source's login is.
func (s *SSO) place() (ssoPlace, error) {
	startURL, region := s.spec.StartURL, s.spec.SSORegion
	if s.spec.SSOSession != "" {
		var err error
		if startURL, region, err = s.block.read(); err != nil {
			return ssoPlace{}, err
		}
	}
	p := ssoPlace{startURL: cleanStartURL(startURL), region: region, services: s.spec.Services}
	return p, p.check(s.spec.Name)
}

// at returns the source's login.
func (s *SSO) at() (*ssoLogin, error) {
	p, err := s.place()
	if err != nil {
		return nil, err
	}
	return s.logins.at(p), nil
}

// current returns the source's login and its generation. A session of another one is forgotten, and with it what a call
// brings that was begun before: see held.
func (s *SSO) current() (*ssoLogin, int, error) {
	l, err := s.at()
	if err != nil {
		return nil, 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := l.generationNow() // with s.mu held it does not go back
	if s.login != nil && (s.login != l || s.generation != now) {
		s.held.drop()
	}
	s.login, s.generation = l, now
	return l, now, nil
}

// until is that of a session of l as it is now.
func (s *SSO) until(l *ssoLogin) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.login != l || s.generation != l.generationNow() {
		return time.Time{}
	}
	return s.held.until()
}

// Credentials returns a session of the role. The login is refreshed where that needs nobody.
func (s *SSO) Credentials(ctx context.Context) (*cred.Session, error) {
	if s.spec.AccountID == "" || s.spec.RoleName == "" {
		return nil, &Error{
			Kind: Config, Message: fmt.Sprintf("source %s has no account and role", s.spec.Name),
			Hint: "give it account_id and role_name: credd source add " + s.spec.Name + " --type sso --replace",
		}
	}
	l, generation, err := s.current()
	for err == nil {
		session, failed := s.held.get(ctx, s.mint)
		if failed != nil && ctx.Err() != nil {
			return nil, failed
		}
		// A logout, or a login of perhaps somebody else, came between: what was minted is of before.
		before, of := l, generation
		if l, generation, err = s.current(); l == before && generation == of {
			return session, failed
		}
	}
	return nil, err
}

// mint gets a session of the role. What it brings of a login that is another one meanwhile is not kept, and not given to those
// that wait: see current.
func (s *SSO) mint(ctx context.Context) (*cred.Session, error) {
	l, _, err := s.current()
	if err != nil {
		return nil, err
	}
	defer s.current()
	in := &sso.GetRoleCredentialsInput{AccountId: &s.spec.AccountID, RoleName: &s.spec.RoleName}
	var out *sso.GetRoleCredentialsOutput
	err = l.with(ctx, func(token string) (err error) {
		in.AccessToken = &token
		out, err = l.portal.GetRoleCredentials(ctx, in)
		return err
	})
	if err != nil {
		return nil, s.explain(l.place, err)
	}
	return s.session(out.RoleCredentials)
}

// session checks an answer as far as it can be checked, so that none that cannot be right replaces a good one.
func (s *SSO) session(c *types.RoleCredentials) (*cred.Session, error) {
	if c == nil || aws.ToString(c.AccessKeyId) == "" || aws.ToString(c.SecretAccessKey) == "" || aws.ToString(c.SessionToken) == "" || c.Expiration == 0 {
		return nil, ssoBroken("the answer of IAM Identity Center lacks a key, secret, token or expiration")
	}
	expires, now := time.UnixMilli(c.Expiration).UTC(), s.held.now()
	if left := expires.Sub(now); left <= 0 || left > ssoSessionMost {
		return nil, ssoBroken("IAM Identity Center answered with a session that ends at " + expires.Format(time.RFC3339))
	}
	return &cred.Session{
		AccessKeyID:     *c.AccessKeyId,
		SecretAccessKey: cred.NewSecret(*c.SecretAccessKey),
		SessionToken:    cred.NewSecret(*c.SessionToken),
		Expires:         expires,
		AccountID:       s.spec.AccountID,
	}, nil
}

// ssoBroken is an answer that makes no sense.
func ssoBroken(message string) error { return &sts.Error{Reason: sts.Broken, Message: message} }

// explain turns what a person can mend into an *Error. Another failure of AWS is returned to be sorted like every one.
func (s *SSO) explain(p ssoPlace, err error) error {
	name, role := s.spec.Name, fmt.Sprintf("role %s of account %s", s.spec.RoleName, s.spec.AccountID)
	var api smithy.APIError
	switch {
	case errors.Is(err, errNoLogin):
		return &Error{Kind: Login, Message: fmt.Sprintf("source %s needs a login", name), Hint: "log in with: credd login " + name, Err: err}
	case errors.Is(err, errEnded):
		return &Error{
			Kind: Login, Message: fmt.Sprintf("source %s needs a login: the last one to IAM Identity Center has ended", name),
			Hint: "log in with: credd login " + name, Err: err,
		}
	case !errors.As(err, &api):
		return err
	}
	switch api.ErrorCode() {
	case "ForbiddenException", "ResourceNotFoundException":
		return &Error{
			Kind: Config, Message: fmt.Sprintf("no access: %s is not assigned to you", role),
			Hint: "what is shows your access portal, " + p.startURL, Err: err,
		}
	case "InvalidRequestException":
		return &Error{Kind: Config, Message: fmt.Sprintf("IAM Identity Center does not take %s as a name", role), Err: err}
	}
	return err
}

// Login logs a person in, for every source of the same login. tell is called once.
func (s *SSO) Login(ctx context.Context, how How, tell func(Step)) error {
	l, err := s.at()
	if err != nil {
		return err
	}
	err = l.login(ctx, how, tell)
	var own *Error
	if errors.As(err, &own) && own.Hint == "" {
		own.Hint = "try again with: credd login " + s.spec.Name
	}
	return err
}

// Shared names the login, which may be of many sources.
func (s *SSO) Shared() string {
	p, _ := s.place() // without one it is nobody's
	return fmt.Sprintf("sso %+v", p)
}

// Logout ends the login, here and at AWS. Sessions of its roles that are out already live on at AWS.
func (s *SSO) Logout(ctx context.Context) error {
	defer s.held.drop()
	l, err := s.at()
	if err != nil {
		return err
	}
	return l.logout(ctx)
}

// Fingerprint does not name the person: AWS gives the same role to whoever is logged in.
func (s *SSO) Fingerprint() string {
	p, _ := s.place() // without one it is nobody
	return fmt.Sprintf("sso %q %q %q", p.startURL, s.spec.AccountID, s.spec.RoleName)
}

// Reload has nothing to do: the [sso-session] block is looked at on use.
func (s *SSO) Reload() {}

// Forgive lets a refused login be tried once more.
func (s *SSO) Forgive() {
	s.held.retry()
	if l, err := s.at(); err == nil {
		l.retry()
	}
}

// State tells until when the session lives, and whether the login is known to have ended.
func (s *SSO) State() State {
	l, err := s.at()
	if err != nil {
		return State{Notes: []string{err.Error()}}
	}
	st := State{Until: s.until(l)}
	if note := l.note(); note != "" {
		st.Notes = []string{note + ": credd login " + s.spec.Name}
	}
	return st
}
