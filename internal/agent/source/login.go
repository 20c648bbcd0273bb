package source

import (
	"context"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/logincreds"
	"github.com/aws/aws-sdk-go-v2/service/signin"
	"github.com/aws/aws-sdk-go-v2/service/signin/types"
	"github.com/aws/smithy-go"

	"credd/internal/agent/cred"
	"credd/internal/agent/sts"
)

const loginRenewal = 15 * time.Second // at most, within a flight's 20 s

// login is the session of an `aws login`. Its token file is the AWS CLI's too: whoever is first renews it for both.
type login struct {
	minted
	deps Deps

	mu    sync.Mutex
	files [2]fileFacts // of config and credentials, when they were read
	token fileFacts    // of the token file, as last seen or written
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
	files := [2]fileFacts{factsOf(filepath.Join(l.deps.AWSDir, "config")), factsOf(filepath.Join(l.deps.AWSDir, "credentials"))}
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
	conf, creds := filepath.Join(l.deps.AWSDir, "config"), filepath.Join(l.deps.AWSDir, "credentials")
	shared, err := config.LoadSharedConfigProfile(context.Background(), l.spec.Profile, func(o *config.LoadSharedConfigOptions) {
		o.ConfigFiles, o.CredentialsFiles = []string{conf}, []string{creds}
	})
	if err != nil {
		return &loginOf{err: newProfile(l.spec, l.deps).unreadable(err)}
	}
	if shared.LoginSession == "" {
		return &loginOf{err: &Error{
			Kind: Config, Message: fmt.Sprintf("profile %q has no login_session: nobody has logged in with it yet", l.spec.Profile),
			Hint: "log in with: aws login --profile " + l.spec.Profile,
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

// renew reads the token file, and renews it if its session is over. A failure while the file changed is tried once more: the
// AWS CLI may just have renewed it.
func (l *login) renew(ctx context.Context) (*cred.Session, error) {
	at := l.look()
	if at.err != nil {
		return nil, at.err
	}
	// AWS takes a refresh token once. A renewal whose caller went away must still be saved, or the login is lost.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), loginRenewal)
	defer cancel()
	before := factsOf(at.file)
	s, err := l.retrieve(ctx, at)
	if err != nil && factsOf(at.file) != before {
		s, err = l.retrieve(ctx, at)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.at == at {
		l.token = factsOf(at.file) // what we wrote is no change
	}
	return s, err
}

func (l *login) retrieve(ctx context.Context, at *loginOf) (*cred.Session, error) {
	if err := l.checkToken(at.file); err != nil {
		return nil, err
	}
	o := signin.Options{
		Region:     at.region,
		HTTPClient: l.deps.HTTP,
		Retryer:    retry.NewStandard(func(o *retry.StandardOptions) { o.RateLimiter = ratelimit.None }),
	}
	if l.spec.Services != "" {
		o.BaseEndpoint = &l.spec.Services
	}
	call := &signinCall{client: signin.New(o)}
	c, err := logincreds.New(call, at.file, func(o *logincreds.Options) { o.RestrictPermissions = true }).Retrieve(ctx)
	if err != nil {
		return nil, l.explain(at, call)
	}
	return &cred.Session{
		AccessKeyID:     c.AccessKeyID,
		SecretAccessKey: cred.NewSecret(c.SecretAccessKey),
		SessionToken:    cred.NewSecret(c.SessionToken),
		AccountID:       c.AccountID,
		Expires:         c.Expires.UTC(),
	}, nil
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

// checkToken refuses a token file that is not there, and one that the SDK's reader does not survive: null, or another key
// than one of P-256.
func (l *login) checkToken(file string) error {
	data, err := readSmall(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return l.over(err)
	case err != nil:
		return &Error{Kind: Config, Message: fmt.Sprintf("the login of profile %q cannot be read: %v", l.spec.Profile, err), Err: err}
	}
	var token struct{ DPoPKey string }
	if json.Unmarshal(data, &token) != nil {
		return l.over(nil)
	}
	block, _ := pem.Decode([]byte(token.DPoPKey))
	if block == nil {
		return l.over(nil)
	}
	if key, err := x509.ParseECPrivateKey(block.Bytes); err != nil || key.Curve != elliptic.P256() {
		return l.over(nil)
	}
	return nil
}

// explain sorts the errors of a renewal. Those of the network are returned as they are.
func (l *login) explain(at *loginOf, call *signinCall) error {
	if !call.made {
		return l.over(nil) // the file lacks something; what is said of it can quote it
	}
	if call.err == nil {
		return &Error{
			Kind: Config, Message: fmt.Sprintf("the login of profile %q was renewed but cannot be saved in %s", l.spec.Profile, at.file),
			Hint: "make the file writable for credd's user, and log in with: aws login --profile " + l.spec.Profile,
		}
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
		return l.over(err)
	}
	return err
}

func (l *login) over(err error) error {
	return &Error{
		Kind: Login, Message: fmt.Sprintf("the login of profile %q is missing or has expired", l.spec.Profile),
		Hint: "log in with: aws login --profile " + l.spec.Profile, Err: err,
	}
}
