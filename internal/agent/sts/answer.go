package sts

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/middleware"

	"credd/internal/agent/cred"
)

// slack is how far an answered expiry may be from what was asked for: a slow answer and a clock just within maxSkew.
const slack = maxSkew + time.Minute

// session checks an answer as far as it can be checked. An answer that cannot be right is an error, so that it never
// replaces a good session.
func session(out *sts.AssumeRoleOutput, r Request, d time.Duration, started, now time.Time) (*cred.Session, error) {
	c, u := out.Credentials, out.AssumedRoleUser
	switch {
	case c == nil || aws.ToString(c.AccessKeyId) == "" || aws.ToString(c.SecretAccessKey) == "" || aws.ToString(c.SessionToken) == "":
		return nil, errors.New("the answer of AWS lacks a key, secret or token")
	case c.Expiration == nil:
		return nil, errors.New("the answer of AWS lacks an expiration")
	case !c.Expiration.After(now):
		return nil, fmt.Errorf("AWS answered with a session that expired at %s", c.Expiration.UTC().Format(time.RFC3339))
	case c.Expiration.After(now.Add(d + slack)):
		return nil, fmt.Errorf("AWS answered with a session until %s, later than asked for", c.Expiration.UTC().Format(time.RFC3339))
	case u == nil || !strings.Contains(aws.ToString(u.Arn), ":"+r.AccountID+":"):
		return nil, fmt.Errorf("AWS answered with a session that is not of account %s", r.AccountID)
	}
	return &cred.Session{
		AccessKeyID:     *c.AccessKeyId,
		SecretAccessKey: cred.NewSecret(*c.SecretAccessKey),
		SessionToken:    cred.NewSecret(*c.SessionToken),
		Expires:         c.Expiration.UTC(),
		AccountID:       r.AccountID,
		Issued:          started.UTC().Round(0),
		ARN:             aws.ToString(u.Arn),
		AssumedRoleID:   aws.ToString(u.AssumedRoleId),
		SessionName:     r.SessionName,
	}, nil
}

type meta struct {
	requestID string
	skew      time.Duration // AWS's clock less ours; 0 where the answer had no date
}

func readMeta(m middleware.Metadata, now time.Time) meta {
	var out meta
	out.requestID, _ = awsmiddleware.GetRequestIDMetadata(m)
	if t, ok := awsmiddleware.GetServerTime(m); ok {
		out.skew = t.Sub(now)
	}
	return out
}

// signer signs with the client's clock instead of the SDK's.
type signer struct {
	*v4.Signer
	now func() time.Time
}

func (s signer) SignHTTP(ctx context.Context, c aws.Credentials, r *http.Request, hash, service, region string, _ time.Time, opts ...func(*v4.SignerOptions)) error {
	return s.Signer.SignHTTP(ctx, c, r, hash, service, region, s.now().UTC(), opts...)
}
