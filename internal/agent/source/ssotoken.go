package source

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/sso"
	ssotypes "github.com/aws/aws-sdk-go-v2/service/sso/types"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"
)

const (
	tokenEarly   = 5 * time.Minute  // before its end an access token is refreshed
	saveTimeout  = 10 * time.Second // of one write of the vault, whose keyring may take 8 s
	oidcAttempts = 3                // with 5 s an attempt they fit a refresh
	ssoPatience  = 5 * time.Minute  // with a person in a browser
)

var (
	errNoLogin = errors.New("nobody has logged in to IAM Identity Center")
	errEnded   = errors.New("the login to IAM Identity Center has ended")
)

// Logins are the IAM Identity Center logins, one for each start URL and region, however many sources use it.
type Logins struct {
	http     aws.HTTPClient
	vault    Vault
	now      func() time.Time
	patience time.Duration

	mu  sync.Mutex
	all map[ssoPlace]*ssoLogin
}

// NewLogins returns no login yet; those of the vault are found when they are needed.
func NewLogins(http aws.HTTPClient, v Vault, now func() time.Time) *Logins {
	return &Logins{http: http, vault: v, now: now, patience: ssoPatience, all: map[ssoPlace]*ssoLogin{}}
}

// ssoToken is a login as the vault has it.
type ssoToken struct {
	StartURL string    `json:"start_url"`
	Region   string    `json:"region"`
	Access   string    `json:"access_token"`
	Expires  time.Time `json:"expires"`
	Refresh  string    `json:"refresh_token,omitempty"` // works once; "" where AWS gave none
	Client   ssoClient `json:"client"`                  // that the tokens were issued to
}

// ssoClient is a registration of this program, without which a token cannot be refreshed.
type ssoClient struct {
	ID      string    `json:"id"`
	Secret  string    `json:"secret"`
	Expires time.Time `json:"expires"`
	Grant   string    `json:"grant"`
}

func (t *ssoToken) same(o *ssoToken) bool {
	return t == o || t != nil && o != nil && t.Access == o.Access && t.Refresh == o.Refresh
}

// ssoLogin is one login with all that its sources share.
type ssoLogin struct {
	place    ssoPlace
	vault    Vault
	now      func() time.Time
	patience time.Duration
	oidc     *ssooidc.Client
	portal   *sso.Client

	saving sync.Mutex // while the vault's item and token become something else, so that a refresh undoes no login or logout

	mu      sync.Mutex
	token   *ssoToken // nil for none known
	unsaved bool      // the vault does not have it: that could not be written
	age     int       // counts logins and logouts
	flight  *ssoFlight
	again   time.Time             // when a refresh that failed is tried again, while the access token lives
	dead    string                // an access token that AWS does not accept
	spent   string                // a refresh token likewise
	missing bool                  // the vault was asked and has none
	clients map[string]*ssoClient // registered since the start, by grant
	suspect string                // ID of a client whose login failed
}

type ssoFlight struct {
	done  chan struct{}
	token *ssoToken
	err   error
}

func (ls *Logins) at(p ssoPlace) *ssoLogin {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	l := ls.all[p]
	if l == nil {
		l = &ssoLogin{place: p, vault: ls.vault, now: ls.now, patience: ls.patience, clients: map[string]*ssoClient{}}
		var base *string
		if p.services != "" {
			base = &p.services
		}
		// The requests are not signed: nothing needs AWS's clock, and a wrong one is told where it shows.
		l.oidc = ssooidc.New(ssooidc.Options{
			Region: p.region, BaseEndpoint: base, HTTPClient: ls.http, Credentials: aws.AnonymousCredentials{},
			Retryer: ssoRetryer(oidcAttempts), DisableClockSkewCorrection: true,
		})
		l.portal = sso.New(sso.Options{
			Region: p.region, BaseEndpoint: base, HTTPClient: ls.http, Credentials: aws.AnonymousCredentials{},
			Retryer: ssoRetryer(ssoAttempts), DisableClockSkewCorrection: true,
		})
		ls.all[p] = l
	}
	return l
}

func ssoRetryer(attempts int) aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = attempts
		o.RateLimiter = ratelimit.None
		o.MaxBackoff = 5 * time.Second
	})
}

// with calls do with an access token, and once more with a refreshed one where AWS did not accept the first.
func (l *ssoLogin) with(ctx context.Context, do func(token string) error) error {
	var refused *ssotypes.UnauthorizedException
	t, err := l.get(ctx)
	if err != nil {
		return err
	}
	if err = do(t.Access); !errors.As(err, &refused) {
		return err
	}
	l.reject(t.Access, "")
	if t, err = l.get(ctx); err != nil {
		return err
	}
	if err = do(t.Access); errors.As(err, &refused) {
		l.reject(t.Access, t.Refresh)
		return fmt.Errorf("%w: %w", errEnded, err)
	}
	return err
}

// get returns a token that is good now. One caller refreshes for all: a refresh token works once.
func (l *ssoLogin) get(ctx context.Context) (*ssoToken, error) {
	for {
		l.mu.Lock()
		if t := l.token; l.fresh(t) || l.alive(t) && l.now().Before(l.again) {
			l.mu.Unlock()
			return t, nil
		}
		f := l.flight
		if f == nil {
			f = &ssoFlight{done: make(chan struct{})}
			l.flight = f
			l.mu.Unlock()
			f.token, f.err = l.renew(ctx)
			l.mu.Lock()
			l.flight = nil
			l.mu.Unlock()
			close(f.done)
			return f.token, f.err
		}
		l.mu.Unlock()
		select {
		case <-f.done:
			// The caller that renewed may have gone away; that is no answer for us.
			if errors.Is(f.err, context.Canceled) && ctx.Err() == nil {
				continue
			}
			return f.token, f.err
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (l *ssoLogin) ageNow() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.age
}

func (l *ssoLogin) known() *ssoToken {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.token
}

// reread returns the vault's token, which another process may have put there. On an error it returns the known one too.
func (l *ssoLogin) reread(ctx context.Context) (*ssoToken, error) {
	l.saving.Lock()
	defer l.saving.Unlock()
	l.mu.Lock()
	t, unsaved := l.token, l.unsaved
	l.mu.Unlock()
	if unsaved {
		l.save(ctx, t)
		return t, nil
	}
	data, ok, err := l.vault.Get(ctx, l.place.item())
	if err != nil {
		return t, err
	}
	var stored ssoToken
	found := &stored
	if !ok || json.Unmarshal(data, found) != nil || found.Access == "" || found.StartURL != l.place.startURL || found.Region != l.place.region {
		found = nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !found.same(l.token) {
		l.token = found
	}
	l.missing = found == nil
	return l.token, nil
}

// keep makes t the token, in the vault first: what was not stored must not be spent. If that fails the login lasts as long
// as the process. l.saving is held.
func (l *ssoLogin) keep(ctx context.Context, t *ssoToken) {
	l.save(ctx, t)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.token, l.missing = t, false
	l.again, l.dead, l.spent = time.Time{}, "", ""
}

// save is done also when the caller leaves.
func (l *ssoLogin) save(ctx context.Context, t *ssoToken) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTimeout)
	defer cancel()
	data, err := json.Marshal(t)
	if err == nil {
		err = l.vault.Put(ctx, l.place.item(), data)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.unsaved = err != nil
}
