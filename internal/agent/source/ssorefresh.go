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

const refreshTimeout = 15 * time.Second // of one refresh with its retries, within a flight's 20 s

// oidcVerdicts are what SSO-OIDC says of a token that it will not refresh, however often it is asked (CreateToken).
var oidcVerdicts = map[string]bool{
	"AccessDeniedException": true, "ExpiredTokenException": true, "InvalidClientException": true, "InvalidGrantException": true,
	"InvalidRequestException": true, "InvalidScopeException": true, "UnauthorizedClientException": true, "UnsupportedGrantTypeException": true,
}

// fresh reports whether a token can be used for a while; l.mu is held, as for all that follow up to note.
func (l *ssoLogin) fresh(t *ssoToken) bool { return l.alive(t) && l.left(t) > tokenEarly }
func (l *ssoLogin) alive(t *ssoToken) bool { return t != nil && l.left(t) > 0 && t.Access != l.dead }

// left goes by the wall clock: a laptop that slept must not count from before.
func (l *ssoLogin) left(t *ssoToken) time.Duration { return t.Expires.Sub(l.now().Round(0)) }

func (l *ssoLogin) refreshable(t *ssoToken) bool {
	return t.Refresh != "" && t.Refresh != l.spent && t.Client.Expires.After(l.now())
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
	case !l.refreshable(t) && (!l.alive(t) || t.Refresh != ""):
		return "the login to IAM Identity Center has ended"
	case l.unsaved:
		return "the login to IAM Identity Center is not in the vault, which could not be written; it ends with credd"
	}
	return ""
}

// reject marks tokens that AWS does not accept.
func (l *ssoLogin) reject(access, refresh string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dead = access
	if refresh != "" {
		l.spent = refresh
	}
}

// retry lets what AWS did not accept be tried once more.
func (l *ssoLogin) retry() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.again, l.dead, l.spent = time.Time{}, "", ""
}

// renew returns the vault's token, refreshed if need be. One that still lives is not given up because that failed.
func (l *ssoLogin) renew(ctx context.Context) (*ssoToken, error) {
	t, err := l.reread(ctx)
	if err == nil {
		if t == nil {
			return nil, errNoLogin
		}
		l.mu.Lock()
		fresh, refreshable := l.fresh(t), l.refreshable(t)
		l.mu.Unlock()
		if fresh {
			return t, nil
		}
		err = errEnded
		if refreshable {
			var next *ssoToken
			if next, err = l.refresh(ctx, t); err == nil {
				return next, nil
			}
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

// refresh trades the refresh token for new tokens. It goes on when the caller leaves: if AWS's answer were not kept, the
// login would be over.
func (l *ssoLogin) refresh(ctx context.Context, t *ssoToken) (*ssoToken, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), refreshTimeout)
	defer cancel()
	next, err := l.redeem(ctx, t.Client, &ssooidc.CreateTokenInput{GrantType: aws.String(ssoRefresh), RefreshToken: &t.Refresh})
	var api smithy.APIError
	if errors.As(err, &api) && oidcVerdicts[api.ErrorCode()] {
		// Another process may have been first.
		if other, rerr := l.reread(ctx); rerr == nil && other != nil && !other.same(t) {
			return l.renew(ctx)
		}
		l.mu.Lock()
		l.spent = t.Refresh
		l.mu.Unlock()
		return nil, fmt.Errorf("%w: %w", errEnded, err)
	}
	if err != nil {
		return nil, fmt.Errorf("refresh the login to IAM Identity Center: %w", err)
	}
	if next.Refresh == "" {
		next.Refresh = t.Refresh // as OAuth has it (RFC 6749, 6)
	}
	l.saving.Lock()
	defer l.saving.Unlock()
	switch now := l.known(); now {
	case t:
		l.keep(ctx, next)
		return next, nil
	case nil:
		return nil, errNoLogin // a logout came first
	default:
		return now, nil // a login did
	}
}

// redeem has tokens issued to a client.
func (l *ssoLogin) redeem(ctx context.Context, c ssoClient, in *ssooidc.CreateTokenInput) (*ssoToken, error) {
	started := l.now()
	in.ClientId, in.ClientSecret = &c.ID, &c.Secret
	out, err := l.oidc.CreateToken(ctx, in)
	if err != nil {
		return nil, err
	}
	if aws.ToString(out.AccessToken) == "" || out.ExpiresIn <= 0 {
		return nil, ssoBroken("the answer of IAM Identity Center lacks a token or its life")
	}
	return &ssoToken{
		StartURL: l.place.startURL, Region: l.place.region,
		Access: *out.AccessToken, Expires: started.UTC().Round(0).Add(time.Duration(out.ExpiresIn) * time.Second),
		Refresh: aws.ToString(out.RefreshToken), Client: c,
	}, nil
}
