package sts

import (
	"context"
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
	s, err := parts(out.Credentials, d, now)
	if err != nil {
		return nil, err
	}
	u := out.AssumedRoleUser
	if u == nil || !strings.Contains(aws.ToString(u.Arn), ":"+r.AccountID+":") {
		return nil, fmt.Errorf("AWS answered with a session that is not of account %s", r.AccountID)
	}
	s.AccountID, s.Issued = r.AccountID, started.UTC().Round(0)
	s.ARN, s.AssumedRoleID, s.SessionName = aws.ToString(u.Arn), aws.ToString(u.AssumedRoleId), r.SessionName
	return s, nil
}

func errExpired(at time.Time) error {
	return fmt.Errorf("AWS answered with a session that expired at %s", at.UTC().Format(time.RFC3339))
}

func errTooLong(at time.Time) error {
	return fmt.Errorf("AWS answered with a session until %s, later than asked for", at.UTC().Format(time.RFC3339))
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

// Signer signs with a clock of its own instead of the SDK's. Each call has a signer of its own: the SDK's remembers what it
// derived from a secret by the access key's ID alone, so that another secret with that ID would sign as the first.
type Signer struct{ Now func() time.Time }

// SignHTTP is of the SDK's interface HTTPSignerV4.
func (s Signer) SignHTTP(ctx context.Context, c aws.Credentials, r *http.Request, hash, service, region string, _ time.Time, opts ...func(*v4.SignerOptions)) error {
	return v4.NewSigner().SignHTTP(ctx, c, r, hash, service, region, s.Now().UTC(), opts...)
}
