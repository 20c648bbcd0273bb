package sts

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"credd/internal/agent/cred"
)

// SessionToken returns a session of the caller's own user, 15 min to 36 h long (STS GetSessionToken). serial and code are
// those of its MFA device, or "". It is sent once: a code that AWS has seen it does not accept again.
func (c *Client) SessionToken(ctx context.Context, by Caller, d time.Duration, serial, code string) (*cred.Session, error) {
	started := c.now()
	in := &sts.GetSessionTokenInput{
		DurationSeconds: aws.Int32(int32(d / time.Second)),
		SerialNumber:    optional(serial),
		TokenCode:       optional(code),
	}
	once := func(o *sts.Options) {
		if code != "" {
			o.Retryer = aws.NopRetryer{}
		}
	}
	out, err := c.client(by).GetSessionToken(ctx, in, as(by), once)
	if err != nil {
		return nil, c.sorted(err)
	}
	s, err := c.own(out.Credentials, readMeta(out.ResultMetadata, c.now()), d, started)
	if err != nil {
		return nil, err
	}
	s.AccountID = by.Session.AccountID
	return s, nil
}

// WebIdentity returns a session of a role for a token of an identity provider, as long as the role's own setting says
// (STS AssumeRoleWithWebIdentity). Nothing is signed.
func (c *Client) WebIdentity(ctx context.Context, at Caller, roleARN, name string, token cred.Secret) (*cred.Session, error) {
	const longest = 12 * time.Hour
	started := c.now()
	in := &sts.AssumeRoleWithWebIdentityInput{RoleArn: &roleARN, RoleSessionName: &name, WebIdentityToken: aws.String(token.Reveal())}
	unsigned := func(o *sts.Options) { o.Credentials = aws.AnonymousCredentials{} }
	out, err := c.client(at).AssumeRoleWithWebIdentity(ctx, in, unsigned)
	if err != nil {
		return nil, c.sorted(err)
	}
	s, err := c.own(out.Credentials, readMeta(out.ResultMetadata, c.now()), longest, started)
	if err != nil {
		return nil, err
	}
	if u := out.AssumedRoleUser; u != nil {
		s.ARN, s.AssumedRoleID, s.SessionName = aws.ToString(u.Arn), aws.ToString(u.AssumedRoleId), name
	}
	return s, nil
}

// own checks the credentials of a source, as session does those of a role.
func (c *Client) own(k *types.Credentials, m meta, longest time.Duration, started time.Time) (*cred.Session, error) {
	now := c.now()
	if e := clockError(m.skew); e != nil {
		e.RequestID = m.requestID
		return nil, e
	}
	s, err := parts(k, longest, now)
	if err != nil {
		return nil, &Error{Reason: Broken, Message: err.Error(), RequestID: m.requestID, Err: err}
	}
	s.Issued, s.RequestID = started.UTC().Round(0), m.requestID
	return s, nil
}

// parts reads credentials that live at most for longest.
func parts(k *types.Credentials, longest time.Duration, now time.Time) (*cred.Session, error) {
	switch {
	case k == nil || aws.ToString(k.AccessKeyId) == "" || aws.ToString(k.SecretAccessKey) == "" || aws.ToString(k.SessionToken) == "":
		return nil, errors.New("the answer of AWS lacks a key, secret or token")
	case k.Expiration == nil:
		return nil, errors.New("the answer of AWS lacks an expiration")
	case !k.Expiration.After(now):
		return nil, errExpired(*k.Expiration)
	case k.Expiration.After(now.Add(longest + slack)):
		return nil, errTooLong(*k.Expiration)
	}
	return &cred.Session{
		AccessKeyID:     *k.AccessKeyId,
		SecretAccessKey: cred.NewSecret(*k.SecretAccessKey),
		SessionToken:    cred.NewSecret(*k.SessionToken),
		Expires:         k.Expiration.UTC(),
	}, nil
}
