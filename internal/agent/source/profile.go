package source

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/logincreds"
	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"

	"credd/internal/agent/cred"
)

const (
	renewBefore    = 5 * time.Minute  // a source session with less is renewed before it is used
	processTimeout = 15 * time.Second // of a profile's credential_process, within a flight's 20 s
)

// Profile is an identity that the AWS SDK resolves from ~/.aws: keys, IAM Identity Center, aws login, a role, a web
// identity, metadata or a credential process.
type Profile struct {
	spec Spec
	deps Deps

	mu       sync.Mutex
	seen     [2]fileFacts  // of config and credentials, when they were read
	resolved *resolved     // nil before the first reading
	last     *cred.Session // as last used
}

// resolved is what the files say. The provider caches by itself.
type resolved struct {
	shared   config.SharedConfig
	provider *aws.CredentialsCache
	region   string
	endpoint string
	iam      string // likewise, of IAM
	err      error
}

// newProfile returns a source that reads its files at first use.
func newProfile(spec Spec, d Deps) *Profile { return &Profile{spec: spec, deps: d} }

// profileFiles are where profiles are.
func profileFiles(dir string) (conf, creds string) {
	return filepath.Join(dir, "config"), filepath.Join(dir, "credentials")
}

func factsOfProfiles(dir string) [2]fileFacts {
	conf, creds := profileFiles(dir)
	return [2]fileFacts{factsOf(conf), factsOf(creds)}
}

// loadProfile reads what the files say of a profile. Its errors are *Error.
func loadProfile(ctx context.Context, dir, name string) (config.SharedConfig, error) {
	conf, creds := profileFiles(dir)
	shared, err := config.LoadSharedConfigProfile(ctx, name, func(o *config.LoadSharedConfigOptions) {
		o.ConfigFiles, o.CredentialsFiles = []string{conf}, []string{creds}
	})
	if err != nil {
		return config.SharedConfig{}, unreadable(name, err)
	}
	return shared, nil
}

// Credentials returns the profile's credentials, with at least renewBefore to live where they can be renewed.
func (p *Profile) Credentials(ctx context.Context) (*cred.Session, error) {
	p.Reload()
	r := p.current()
	if r.err != nil {
		return nil, r.err
	}
	c, err := r.provider.Retrieve(ctx)
	if err != nil {
		if s := p.living(); s != nil {
			return s, nil // a renewal that failed is no reason to give up what still lives
		}
		return nil, p.explain(r, err)
	}
	s := &cred.Session{
		AccessKeyID:     c.AccessKeyID,
		SecretAccessKey: cred.NewSecret(c.SecretAccessKey),
		SessionToken:    cred.NewSecret(c.SessionToken),
		AccountID:       c.AccountID,
	}
	if c.CanExpire {
		s.Expires = c.Expires
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.resolved == r {
		p.last = s
	}
	return s, nil
}

// living returns the credentials as last used, if they end and have not yet.
func (p *Profile) living() *cred.Session {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.last == nil || p.last.Expires.IsZero() || p.last.Left(p.deps.Now()) <= 0 {
		return nil
	}
	return p.last
}

// guarded is a provider of the SDK. A file of aws login that it does not expect ends some of its versions in a panic, in a
// goroutine of the cache above it, and a file must not end the daemon: it is looked at before, and another panic is caught.
type guarded struct {
	aws.CredentialsProvider
	profile string // whose login it is
	login   string // the token file of an aws login, "" for none
}

func (g guarded) Retrieve(ctx context.Context) (c aws.Credentials, err error) {
	if g.login != "" {
		if err := checkLogin(g.profile, g.login); err != nil {
			return c, err
		}
	}
	defer func() {
		if recover() != nil {
			err = &Error{Kind: Login, Message: fmt.Sprintf("the login of profile %q cannot be read", g.profile), Hint: "log in again: aws login --profile " + word(g.profile)}
		}
	}()
	return g.CredentialsProvider.Retrieve(ctx)
}

// State tells until when the credentials are good that were last used.
func (p *Profile) State() State {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.last == nil {
		return State{}
	}
	return State{Until: p.last.Expires}
}

// Endpoint returns what the source's settings say, else what the profile says.
func (p *Profile) Endpoint() (region, url string) {
	r := p.current()
	return r.region, r.endpoint
}

// Invalidate makes the next Credentials resolve the credentials anew.
func (p *Profile) Invalidate(keyID string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.last != nil && p.last.AccessKeyID == keyID && p.resolved != nil && p.resolved.provider != nil {
		p.last = nil
		p.resolved.provider.Invalidate()
	}
}

// Forgive has nothing to do: no failure is remembered here.
func (p *Profile) Forgive() {}

// Reload reads ~/.aws again if a file changed since.
func (p *Profile) Reload() {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := factsOfProfiles(p.deps.AWSDir)
	if p.resolved != nil && now == p.seen {
		return
	}
	p.seen, p.resolved, p.last = now, p.resolve(), nil
}

func (p *Profile) current() *resolved {
	p.mu.Lock()
	r := p.resolved
	p.mu.Unlock()
	if r == nil {
		p.Reload()
		return p.current()
	}
	return r
}

// resolve reads the files. Nothing is taken from the environment: see ClearEnvironment.
func (p *Profile) resolve() *resolved {
	ctx := context.Background() // reads files only
	shared, err := loadProfile(ctx, p.deps.AWSDir, p.spec.Profile)
	if err != nil {
		return &resolved{err: err}
	}
	r := &resolved{shared: shared}
	if r.err = p.check(&shared); r.err != nil {
		return r
	}
	conf, creds := profileFiles(p.deps.AWSDir)
	options := []func(*config.LoadOptions) error{
		config.WithSharedConfigProfile(p.spec.Profile),
		config.WithSharedConfigFiles([]string{conf}),
		config.WithSharedCredentialsFiles([]string{creds}),
		config.WithHTTPClient(p.deps.HTTP),
		config.WithRetryer(func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) { o.RateLimiter = ratelimit.None })
		}),
		config.WithProcessCredentialOptions(func(o *processcreds.Options) { o.Timeout = processTimeout }),
		config.WithCredentialsCacheOptions(func(o *aws.CredentialsCacheOptions) { o.ExpiryWindow = renewBefore }),
	}
	if p.spec.Region != "" {
		options = append(options, config.WithRegion(p.spec.Region))
	}
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		r.err = unreadable(p.spec.Profile, err)
		return r
	}
	g := guarded{CredentialsProvider: cfg.Credentials, profile: root(&shared).Profile}
	if session := root(&shared).LoginSession; session != "" {
		if g.login, err = logincreds.StandardCachedTokenFilepath(session, ""); err != nil { // as the SDK does
			r.err = unreadable(p.spec.Profile, err)
			return r
		}
	}
	r.provider = aws.NewCredentialsCache(g)
	r.region, r.endpoint, r.iam = cfg.Region, cmp.Or(p.spec.Endpoint, urlOf(ctx, &shared, "STS")), urlOf(ctx, &shared, "IAM")
	return r
}

// urlOf returns the URL that the profile sets for a service, else the one for all.
func urlOf(ctx context.Context, shared *config.SharedConfig, service string) string {
	if url, ok, err := shared.GetServiceBaseEndpoint(ctx, service); err == nil && ok {
		return url
	}
	return shared.BaseEndpoint
}

// IAM returns the URL that the profile sets for IAM, "" if it sets none.
func (p *Profile) IAM() string { return p.current().iam }

// Fingerprint covers what makes the profile somebody: where its credentials come from and which endpoint they go to.
func (p *Profile) Fingerprint() string {
	r := p.current()
	return fmt.Sprintf("profile %q %q %q %s", p.spec.Profile, r.region, r.endpoint, origin(&r.shared))
}
