package source

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sso"
	ssotypes "github.com/aws/aws-sdk-go-v2/service/sso/types"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"
	oidctypes "github.com/aws/aws-sdk-go-v2/service/ssooidc/types"
)

const (
	ssoScope      = "sso:account:access" // also what makes AWS give a refresh token
	ssoClientName = "credd"              // as a person reads it on AWS's page

	// The OAuth grants.
	ssoCode    = "authorization_code"
	ssoRefresh = "refresh_token"
	ssoDevice  = "urn:ietf:params:oauth:grant-type:device_code"

	// clientLeft is what a registration has to have left to be used for another login: AWS gives 90 days, and a login that
	// outlives its registration cannot be refreshed.
	clientLeft = 30 * 24 * time.Hour
)

// login logs a person in. Two at once do not know of each other: the last one counts.
func (l *ssoLogin) login(ctx context.Context, how How, tell func(Step)) error {
	// A vault that cannot be opened is found before a person is sent to a browser.
	if _, err := l.reread(ctx); err != nil {
		return err
	}
	ask, grant := l.askBrowser, ssoCode
	if how.Device {
		ask, grant = l.askDevice, ssoDevice
	}
	c, err := l.client(ctx, grant)
	if err != nil {
		return err
	}
	t, err := ask(ctx, c, tell)
	if err != nil {
		// AWS may have forgotten the client, which only the browser's page says.
		l.mu.Lock()
		l.suspect = c.ID
		l.mu.Unlock()
		return err
	}
	l.saving.Lock()
	defer l.saving.Unlock()
	l.keep(context.WithoutCancel(ctx), t)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.generation++ // the sessions of before are forgotten
	return nil
}

// client returns a registration of this program for a grant, a new one if none has long to live.
func (l *ssoLogin) client(ctx context.Context, grant string) (ssoClient, error) {
	l.mu.Lock()
	known := []*ssoClient{l.clients[grant]}
	if l.token != nil {
		known = append(known, &l.token.Client)
	}
	for _, c := range known {
		if c != nil && c.Grant == grant && c.ID != l.suspect && c.Expires.Sub(l.now()) > clientLeft {
			l.mu.Unlock()
			return *c, nil
		}
	}
	l.mu.Unlock()
	in := &ssooidc.RegisterClientInput{ClientName: aws.String(ssoClientName), ClientType: aws.String("public"), Scopes: []string{ssoScope}}
	if grant == ssoCode { // a registration for devices names no grants, as that of the AWS CLI
		in.GrantTypes, in.RedirectUris, in.IssuerUrl = []string{ssoCode, ssoRefresh}, []string{ssoRedirect}, &l.place.startURL
	}
	out, err := l.oidc.RegisterClient(ctx, in)
	if err != nil {
		return ssoClient{}, l.unknownPlace("register with IAM Identity Center", err)
	}
	c := ssoClient{aws.ToString(out.ClientId), newVaulted(aws.ToString(out.ClientSecret)), time.Unix(out.ClientSecretExpiresAt, 0).UTC(), grant}
	if c.ID == "" || c.Secret.IsZero() {
		return ssoClient{}, ssoBroken("the answer of IAM Identity Center lacks a client")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.clients[grant] = &c
	return c, nil
}

// unknownPlace explains that AWS does not know the start URL, which it says in no clearer way.
func (l *ssoLogin) unknownPlace(doing string, err error) error {
	var invalid *oidctypes.InvalidRequestException
	if errors.As(err, &invalid) {
		return &Error{
			Kind: Config, Message: fmt.Sprintf("IAM Identity Center in %s does not accept the start URL %s", l.place.region, l.place.startURL),
			Hint: "see that start_url and sso_region are those of your access portal", Err: err,
		}
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// unfinished is why a login ended without an answer of AWS: its caller left, or else its own time was over.
func unfinished(caller context.Context, patience time.Duration) error {
	e := &Error{Kind: Login, Message: "the login was not finished in the browser", Err: caller.Err()}
	if e.Err == nil {
		e.Err = context.DeadlineExceeded
		e.Message = "the login was not finished in the browser within " + minutes(patience)
	}
	return e
}

// minutes writes a duration in whole minutes, rounded up.
func minutes(d time.Duration) string {
	if n := (d + time.Minute - 1) / time.Minute; n != 1 {
		return fmt.Sprintf("%d minutes", n)
	}
	return "a minute"
}

func ssoDenied(err error) error {
	return &Error{Kind: Login, Message: "the login was denied in the browser", Err: err}
}

// logout ends the login at AWS as far as AWS can be asked, and here whatever comes of that.
func (l *ssoLogin) logout(ctx context.Context) error {
	refused := l.end(ctx)
	return errors.Join(l.forget(ctx), refused)
}

// end has AWS end the login.
func (l *ssoLogin) end(ctx context.Context) error {
	t, err := l.get(ctx) // to end a login takes an access token, so that one may have to be refreshed
	if err == nil {
		_, err = l.portal.Logout(ctx, &sso.LogoutInput{AccessToken: aws.String(t.Access.Reveal())})
	}
	var over *ssotypes.UnauthorizedException
	if err == nil || errors.Is(err, errNoLogin) || errors.Is(err, errEnded) || errors.As(err, &over) {
		return nil
	}
	return fmt.Errorf("end the login at AWS: %w", err)
}

// forget drops the login here, also when the caller has left.
func (l *ssoLogin) forget(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTimeout)
	defer cancel()
	l.saving.Lock()
	defer l.saving.Unlock()
	l.mu.Lock()
	l.token, l.unsaved, l.missing = nil, false, true
	l.again, l.dead, l.spent = time.Time{}, vaulted{}, vaulted{}
	clear(l.clients)
	l.generation++
	l.mu.Unlock()
	return l.vault.Drop(ctx, l.place.item())
}
