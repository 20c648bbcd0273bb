package source

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"
	"github.com/aws/smithy-go"
)

const (
	renewTimeout   = 25 * time.Second // of a renewal with all that it reads, asks and saves
	refreshTimeout = 15 * time.Second // of that, until AWS has answered, within a flight's 20 s; the rest is for saving
	mostRefreshes  = 2                // in one renewal: the second with a token that another process has put into the vault
)

// oidcVerdicts are what SSO-OIDC says of a token that it will not refresh, however often it is asked (CreateToken).
var oidcVerdicts = map[string]bool{
	"AccessDeniedException": true, "ExpiredTokenException": true, "InvalidClientException": true, "InvalidGrantException": true,
	"InvalidRequestException": true, "InvalidScopeException": true, "UnauthorizedClientException": true, "UnsupportedGrantTypeException": true,
}

// fresh reports whether a token can be used for a while; l.mu is held, as for all that follow up to note.
func (l *ssoLogin) fresh(t *ssoToken) bool { return l.alive(t) && l.left(t) > tokenEarly }
func (l *ssoLogin) alive(t *ssoToken) bool { return t != nil && l.left(t) > 0 && !t.Access.is(l.dead) }

// left goes by the wall clock: a laptop that slept must not count from before.
func (l *ssoLogin) left(t *ssoToken) time.Duration { return t.Expires.Sub(l.now().Round(0)) }

func (l *ssoLogin) refreshable(t *ssoToken) bool {
	return !t.Refresh.IsZero() && !t.Refresh.is(l.spent) && t.Client.Expires.After(l.now())
}

// note says what is known of a login that a person has to renew, "" for nothing.
func (l *ssoLogin) note() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch t := l.token; {
	case t == nil && l.missing:
		return "nobody is logged in to IAM Identity Center"
	case t == nil:
		return ""
	case !l.refreshable(t) && (!l.alive(t) || !t.Refresh.IsZero()):
		return "the login to IAM Identity Center has ended"
	case l.unsaved:
		return "the login to IAM Identity Center is not in the vault, which could not be written; it ends with credd"
	}
	return ""
}

// reject marks tokens that AWS does not accept.
func (l *ssoLogin) reject(access, refresh vaulted) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dead = access
	if !refresh.IsZero() {
		l.spent = refresh
	}
}

// retry lets what AWS did not accept be tried once more.
func (l *ssoLogin) retry() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.again, l.dead, l.spent = time.Time{}, vaulted{}, vaulted{}
}

// renew returns the vault's token, refreshed if need be. One that still lives is not given up because that failed. It goes
// on for linger when the caller leaves: if AWS's answer were not kept, the login would be over.
func (l *ssoLogin) renew(ctx context.Context) (*ssoToken, error) {
	whole, cancel := context.WithTimeout(context.WithoutCancel(ctx), renewTimeout)
	defer cancel()
	asking, stop := outlast(ctx, refreshTimeout)
	defer stop()
	t, err := l.reread(asking)
	for tries := 1; err == nil; tries++ {
		if t == nil {
			return nil, errNoLogin
		}
		l.mu.Lock()
		fresh, refreshable := l.fresh(t), l.refreshable(t)
		l.mu.Unlock()
		if fresh {
			return t, nil
		}
		if err = errEnded; !refreshable {
			break
		}
		var next *ssoToken
		if next, err = l.refresh(asking, t); err == nil {
			return l.replace(whole, t, next)
		}
		if !errors.Is(err, errEnded) || tries == mostRefreshes {
			break
		}
		// Another process may have been first.
		if other, rerr := l.reread(asking); rerr == nil && other != nil && !other.same(t) {
			t, err = other, nil
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.token == t && l.alive(t) {
		l.again = l.now().Add(renewAgain)
		return t, nil
	}
	return nil, err
}

// refresh trades the refresh token for new tokens. It returns errEnded where AWS will not, however often it is asked.
func (l *ssoLogin) refresh(ctx context.Context, t *ssoToken) (*ssoToken, error) {
	next, err := l.redeem(ctx, t.Client, &ssooidc.CreateTokenInput{GrantType: aws.String(ssoRefresh), RefreshToken: aws.String(t.Refresh.Reveal())})
	var api smithy.APIError
	if errors.As(err, &api) && oidcVerdicts[api.ErrorCode()] {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.spent = t.Refresh
		return nil, fmt.Errorf("%w: %w", errEnded, err)
	}
	if err != nil {
		return nil, fmt.Errorf("refresh the login to IAM Identity Center: %w", err)
	}
	if next.Refresh.IsZero() {
		next.Refresh = t.Refresh // as OAuth has it (RFC 6749, 6)
	}
	return next, nil
}

// replace keeps what a token was traded for, unless there was a login or logout meanwhile.
func (l *ssoLogin) replace(ctx context.Context, before, next *ssoToken) (*ssoToken, error) {
	l.saving.Lock()
	defer l.saving.Unlock()
	switch now := l.known(); now {
	case before:
		l.keep(ctx, next)
		return next, nil
	case nil:
		return nil, errNoLogin // a logout
	default:
		return now, nil
	}
}

// redeem has tokens issued to a client.
func (l *ssoLogin) redeem(ctx context.Context, c ssoClient, in *ssooidc.CreateTokenInput) (*ssoToken, error) {
	started := l.now()
	in.ClientId, in.ClientSecret = &c.ID, aws.String(c.Secret.Reveal())
	out, err := l.oidc.CreateToken(ctx, in)
	if err != nil {
		return nil, err
	}
	if aws.ToString(out.AccessToken) == "" || out.ExpiresIn <= 0 {
		return nil, ssoBroken("the answer of IAM Identity Center lacks a token or its life")
	}
	return &ssoToken{
		StartURL: l.place.startURL, Region: l.place.region,
		Access: newVaulted(*out.AccessToken), Expires: started.UTC().Round(0).Add(time.Duration(out.ExpiresIn) * time.Second),
		Refresh: newVaulted(aws.ToString(out.RefreshToken)), Client: c,
	}, nil
}
