package source

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials/logincreds"
	"github.com/aws/aws-sdk-go-v2/service/signin"
	"github.com/aws/aws-sdk-go-v2/service/signin/types"
	"github.com/aws/smithy-go"

	"credd/internal/agent/cred"
	"credd/internal/agent/sts"
)

const (
	loginRenewal = 15 * time.Second // at most, within a flight's 20 s
	loginEarly   = 5 * time.Minute  // before its end a session is renewed: AWS's live for 15 min
	loginRounds  = 3                // of reading and renewing a token file that others write at the same time
)

// login is the session of an `aws login`. Its token file is the AWS CLI's too: whoever is first renews it for both.
type login struct {
	minted
	deps Deps

	mu    sync.Mutex
	files [2]fileFacts // of config and credentials, when they were read
	token fileFacts    // of the token file that the session is of
	at    *loginOf     // nil before the first reading
}

// loginOf is what the profile says.
type loginOf struct {
	session string // whose login it is: an ARN
	region  string
	file    string // of the token
	err     error
}

func newLogin(spec Spec, d Deps) *login {
	l := &login{minted: minted{spec: spec, held: held{now: d.Now}}, deps: d}
	l.fetch = l.renew
	return l
}

// Credentials returns the session of the token file; one of a login that was made or ended since is given up.
func (l *login) Credentials(ctx context.Context) (*cred.Session, error) {
	l.look()
	return l.minted.Credentials(ctx)
}

func (l *login) Reload() {
	l.look()
	l.minted.Reload()
}

func (l *login) Fingerprint() string {
	return fmt.Sprintf("login %q %q", l.spec.Profile, l.look().session)
}

// look reads the profile if its files changed, and drops the session if it is of another login or token file than now.
func (l *login) look() *loginOf {
	l.mu.Lock()
	defer l.mu.Unlock()
	before := l.at
	files := factsOfProfiles(l.deps.AWSDir)
	if l.at == nil || files != l.files {
		l.files, l.at = files, l.resolve()
	}
	token := factsOf(l.at.file)
	if before != nil && (token != l.token || before.file != l.at.file) {
		l.held.drop()
	}
	l.token = token
	return l.at
}

func (l *login) resolve() *loginOf {
	shared, err := loadProfile(context.Background(), l.deps.AWSDir, l.spec.Profile) // reads files only
	if err != nil {
		return &loginOf{err: err}
	}
	if shared.LoginSession == "" {
		return &loginOf{err: &Error{
			Kind: Config, Message: fmt.Sprintf("profile %q has no login_session: nobody has logged in with it yet", l.spec.Profile),
			Hint: "log in with: aws login --profile " + word(l.spec.Profile),
		}}
	}
	at := &loginOf{session: shared.LoginSession, region: l.spec.Region}
	if at.region == "" {
		at.region = shared.Region
	}
	if at.region == "" {
		at.region = l.spec.STSRegion
	}
	at.file, at.err = logincreds.StandardCachedTokenFilepath(at.session, filepath.Join(l.deps.AWSDir, "login", "cache"))
	return at
}

// renew returns the session of the token file, renewed if it is over soon.
func (l *login) renew(ctx context.Context) (*cred.Session, error) {
	at := l.look()
	if at.err != nil {
		return nil, at.err
	}
	// Sources of one login wait for each other, and find what the first has renewed.
	mine := l.deps.Logins.turn(at.file)
	if err := mine.take(ctx); err != nil {
		return nil, err
	}
	defer mine.leave()
	// AWS takes a refresh token once. A renewal whose caller went away must still be saved, or the login is lost.
	ctx, cancel := outlast(ctx, loginRenewal)
	defer cancel()
	for range loginRounds {
		s, err := l.attempt(ctx, at)
		if !errors.Is(err, errChanged) {
			return s, err
		}
	}
	return nil, &Error{
		Kind: Wait, Message: fmt.Sprintf("the login of profile %q is changed by others all the time", l.spec.Profile),
		Hint: "try again in a moment",
	}
}

// attempt returns errChanged if somebody else wrote or removed the token file meanwhile: the AWS CLI may have renewed it, or
// a person have logged in or out. A session that still lives is not given up because its renewal failed.
func (l *login) attempt(ctx context.Context, at *loginOf) (*cred.Session, error) {
	t, err := readLogin(at.file)
	if err == nil && t.session.Left(l.deps.Now()) > loginEarly {
		return l.seen(at, t), nil
	}
	if err == nil {
		var s *cred.Session
		if s, err = l.trade(ctx, at, t); err == nil {
			return s, nil
		}
	} else if !errors.Is(err, errChanged) {
		err = unusableLogin(l.spec.Profile, err)
	}
	switch {
	case factsOf(at.file) != t.facts:
		return nil, errChanged
	case t.session != nil && t.session.Left(l.deps.Now()) > 0:
		return l.seen(at, t), nil
	}
	return nil, err
}

// seen returns the session of a token file as it was read.
func (l *login) seen(at *loginOf, t *loginToken) *cred.Session {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.at == at {
		l.token = t.facts
	}
	return t.session
}

// trade has the SDK renew a copy of the token file, which then takes its place.
func (l *login) trade(ctx context.Context, at *loginOf, t *loginToken) (*cred.Session, error) {
	work, err := t.overCopy(filepath.Dir(at.file))
	if err != nil {
		return nil, l.unsaved(at, err)
	}
	defer os.Remove(work)
	o := signin.Options{
		Region:     at.region,
		HTTPClient: l.deps.HTTP,
		Retryer:    retry.NewStandard(func(o *retry.StandardOptions) { o.RateLimiter = ratelimit.None }),
	}
	if l.spec.Services != "" {
		o.BaseEndpoint = &l.spec.Services
	}
	call := &signinCall{client: signin.New(o)}
	c, err := logincreds.New(call, work, func(o *logincreds.Options) { o.RestrictPermissions = true }).Retrieve(ctx)
	if err != nil {
		return nil, l.explain(at, call)
	}
	if err := l.put(at, t.facts, work); err != nil {
		return nil, err
	}
	return &cred.Session{
		AccessKeyID:     c.AccessKeyID,
		SecretAccessKey: cred.NewSecret(c.SecretAccessKey),
		SessionToken:    cred.NewSecret(c.SessionToken),
		AccountID:       c.AccountID,
		Expires:         c.Expires.UTC(),
	}, nil
}

// put makes a renewed copy the token file, unless that is another than the one that was renewed.
func (l *login) put(at *loginOf, before fileFacts, renewed string) error {
	l.mu.Lock()
	defer l.mu.Unlock() // what we write is no change: look waits
	if factsOf(at.file) != before {
		return errChanged
	}
	if err := replaceToken(renewed, at.file); err != nil {
		return l.unsaved(at, err)
	}
	if l.at == at {
		l.token = factsOf(at.file)
	}
	return nil
}

// signinCall remembers what became of the call: logincreds makes texts of some of its errors.
type signinCall struct {
	client *signin.Client
	made   bool
	err    error
}

func (c *signinCall) CreateOAuth2Token(ctx context.Context, in *signin.CreateOAuth2TokenInput, opts ...func(*signin.Options)) (*signin.CreateOAuth2TokenOutput, error) {
	out, err := c.client.CreateOAuth2Token(ctx, in, opts...)
	c.made, c.err = true, err
	return out, err
}

// explain sorts the errors of a renewal. Those of the network are returned as they are.
func (l *login) explain(at *loginOf, call *signinCall) error {
	if !call.made {
		return loginOver(l.spec.Profile, nil) // the file lacks something; what is said of it can quote it
	}
	if call.err == nil {
		return l.unsaved(at, nil)
	}
	err := call.err
	var api smithy.APIError
	if !errors.As(err, &api) || sts.Sort(err, l.deps.Now()).Reason == sts.Clock {
		return err
	}
	var denied *types.AccessDeniedException
	if errors.As(err, &denied) && denied.Error_ == types.OAuth2ErrorCodeInsufficientPermissions {
		return &Error{
			Kind: Config, Message: fmt.Sprintf("the user of profile %q may not renew the login", l.spec.Profile),
			Hint: "give the user the managed policy SignInLocalDevelopmentAccess", Err: err,
		}
	}
	switch api.ErrorCode() {
	case "TooManyRequestsError":
		return &Error{Kind: Wait, Message: "AWS is throttling renewals of logins", Hint: "try again in a moment", Err: err}
	case "AccessDeniedException", "ValidationException", "InvalidGrantException", "ResourceNotFoundException":
		return loginOver(l.spec.Profile, err)
	}
	return err
}

func (l *login) unsaved(at *loginOf, err error) error {
	return &Error{
		Kind: Config, Message: fmt.Sprintf("the login of profile %q cannot be renewed: %s cannot be written", l.spec.Profile, at.file),
		Hint: "make its directory writable for credd's user, and log in with: aws login --profile " + word(l.spec.Profile), Err: err,
	}
}
