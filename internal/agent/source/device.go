package source

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc/types"
	"github.com/aws/smithy-go"
)

const (
	pollDefault  = 5 * time.Second // where AWS names no interval, and what a slow_down adds (RFC 8628, 3.2 and 3.5)
	pollFailures = 3               // in a row without an answer of the service, before a login is given up
)

// askDevice is the device grant: a person allows the login in a browser anywhere, by a code.
func (l *ssoLogin) askDevice(ctx context.Context, c ssoClient, tell func(Step)) (*ssoToken, error) {
	out, err := l.oidc.StartDeviceAuthorization(ctx, &ssooidc.StartDeviceAuthorizationInput{
		ClientId: &c.ID, ClientSecret: aws.String(c.Secret.Reveal()), StartUrl: &l.place.startURL,
	})
	if err != nil {
		return nil, l.unknownPlace("start the login", err)
	}
	step := Step{URL: aws.ToString(out.VerificationUriComplete), Code: aws.ToString(out.UserCode)}
	if step.URL == "" {
		step.URL = aws.ToString(out.VerificationUri)
	}
	life, every := time.Duration(out.ExpiresIn)*time.Second, time.Duration(out.Interval)*time.Second
	if step.URL == "" || step.Code == "" || out.DeviceCode == nil || life <= 0 {
		return nil, ssoBroken("the answer of IAM Identity Center lacks a code, or where to take it")
	}
	if every <= 0 {
		every = pollDefault
	}
	caller, wait := ctx, min(life, l.patience)
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	tell(step)
	t, err := l.poll(ctx, c, *out.DeviceCode, every)
	if err != nil && ctx.Err() != nil {
		return nil, unfinished(caller, wait)
	}
	return t, err
}

// poll asks whether the person has decided.
func (l *ssoLogin) poll(ctx context.Context, c ssoClient, code string, every time.Duration) (*ssoToken, error) {
	failures := 0
	for {
		timer := time.NewTimer(every)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, ctx.Err()
		}
		t, err := l.redeem(ctx, c, &ssooidc.CreateTokenInput{GrantType: aws.String(ssoDevice), DeviceCode: &code})
		var (
			pending *types.AuthorizationPendingException
			slow    *types.SlowDownException
			expired *types.ExpiredTokenException
			refused *types.AccessDeniedException
			api     smithy.APIError
		)
		switch {
		case err == nil:
			return t, nil
		case errors.As(err, &pending):
			failures = 0
		case errors.As(err, &slow):
			failures = 0
			every += pollDefault
		case errors.As(err, &expired):
			return nil, &Error{Kind: Login, Message: "the code has expired: the login was not finished in the browser in time", Err: err}
		case errors.As(err, &refused):
			return nil, ssoDenied(err)
		case errors.As(err, &api) && oidcVerdicts[api.ErrorCode()]:
			return nil, &Error{Kind: Login, Message: fmt.Sprintf("AWS ended the login (%s)", api.ErrorCode()), Err: err}
		default:
			if failures++; failures == pollFailures {
				return nil, fmt.Errorf("finish the login: %w", err)
			}
		}
	}
}
