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

	"credd/internal/agent/cred"
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

// Logins are what sources of one login share: the IAM Identity Center logins, one for each start URL and region, however
// many sources use it, and the turns at the token files of `aws login`.
type Logins struct {
	http     aws.HTTPClient
	vault    Vault
	now      func() time.Time
	patience time.Duration

	mu    sync.Mutex
	all   map[ssoPlace]*ssoLogin
	turns map[string]turn // by file
}

// NewLogins returns no login yet; those of the vault are found when they are needed.
func NewLogins(http aws.HTTPClient, v Vault, now func() time.Time) *Logins {
	return &Logins{http: http, vault: v, now: now, patience: ssoPatience, all: map[ssoPlace]*ssoLogin{}, turns: map[string]turn{}}
}

// turn returns the lock of a token file.
func (ls *Logins) turn(file string) turn {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	t := ls.turns[file]
	if t == nil {
		t = newTurn()
		ls.turns[file] = t
	}
	return t
}

// ssoToken is a login as the vault has it.
type ssoToken struct {
	StartURL string    `json:"start_url"`
	Region   string    `json:"region"`
	Access   vaulted   `json:"access_token"`
	Expires  time.Time `json:"expires"`
	Refresh  vaulted   `json:"refresh_token,omitzero"` // works once; zero where AWS gave none
	Client   ssoClient `json:"client"`                 // that the tokens were issued to
}

// ssoClient is a registration of this program, without which a token cannot be refreshed.
type ssoClient struct {
	ID      string    `json:"id"`
	Secret  vaulted   `json:"secret"`
	Expires time.Time `json:"expires"`
	Grant   string    `json:"grant"`
}

// vaulted is a secret that is written out in one place, the JSON of the vault.
type vaulted struct{ cred.Secret }

func newVaulted(s string) vaulted               { return vaulted{cred.NewSecret(s)} }
func (v vaulted) MarshalText() ([]byte, error)  { return []byte(v.Reveal()), nil }
func (v *vaulted) UnmarshalText(b []byte) error { v.Secret = cred.NewSecret(string(b)); return nil }
func (v vaulted) is(o vaulted) bool             { return v.Equal(o.Secret) }

func (t *ssoToken) same(o *ssoToken) bool {
	return t == o || t != nil && o != nil && t.Access.is(o.Access) && t.Refresh.is(o.Refresh)
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

	calls shared[*ssoToken] // of renew

	mu         sync.Mutex
	token      *ssoToken             // nil for none known
	unsaved    bool                  // the vault does not have it: that could not be written
	generation int                   // counts logins and logouts
	again      time.Time             // when a refresh that failed is tried again, while the access token lives
	dead       vaulted               // an access token that AWS does not accept
	spent      vaulted               // a refresh token likewise
	missing    bool                  // the vault was asked and has none
	clients    map[string]*ssoClient // registered since the start, by grant
	suspect    string                // ID of a client whose login failed
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
	if err = do(t.Access.Reveal()); !errors.As(err, &refused) {
		return err
	}
	l.reject(t.Access, vaulted{})
	if t, err = l.get(ctx); err != nil {
		return err
	}
	if err = do(t.Access.Reveal()); errors.As(err, &refused) {
		l.reject(t.Access, t.Refresh)
		return fmt.Errorf("%w: %w", errEnded, err)
	}
	return err
}

// get returns a token that is good now. One caller refreshes for all: a refresh token works once.
func (l *ssoLogin) get(ctx context.Context) (*ssoToken, error) {
	if t := l.good(); t != nil {
		return t, nil
	}
	return l.calls.do(ctx, func(ctx context.Context) (*ssoToken, error) {
		if t := l.good(); t != nil {
			return t, nil // of a call that landed meanwhile
		}
		return l.renew(ctx)
	})
}

// good returns the token if it need not be refreshed, or not yet again.
func (l *ssoLogin) good() *ssoToken {
	l.mu.Lock()
	defer l.mu.Unlock()
	if t := l.token; l.fresh(t) || l.alive(t) && l.now().Before(l.again) {
		return t
	}
	return nil
}

// generationNow changes with each login and logout: what is of another was another person's, or of nobody any more.
func (l *ssoLogin) generationNow() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.generation
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
	if !ok || json.Unmarshal(data, found) != nil || found.Access.IsZero() || found.StartURL != l.place.startURL || found.Region != l.place.region {
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
	l.again, l.dead, l.spent = time.Time{}, vaulted{}, vaulted{}
}

// save writes the vault. A ctx that ends when its caller leaves is not for it.
func (l *ssoLogin) save(ctx context.Context, t *ssoToken) {
	ctx, cancel := context.WithTimeout(ctx, saveTimeout)
	defer cancel()
	data, err := json.Marshal(t)
	if err == nil {
		err = l.vault.Put(ctx, l.place.item(), data)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.unsaved = err != nil
}
