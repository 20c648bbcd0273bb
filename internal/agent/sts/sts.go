// Package sts asks AWS STS for sessions and sorts its errors by what the user can do about them.
package sts

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"credd/internal/agent/cred"
)

const (
	// ChainedMax is the longest session that temporary credentials can get (STS AssumeRole, role chaining). It is also the
	// least that an administrator can set as a role's maximum, so that it is always granted.
	ChainedMax = time.Hour

	rememberMaximum = 24 * time.Hour // that a role's maximum is short; an administrator may raise it

	attempts = 3 // the SDK's standard retry mode; with 5 s an attempt it fits a flight of 20 s
)

// Client makes STS calls. Calls to one endpoint share connections.
type Client struct {
	http aws.HTTPClient
	now  func() time.Time

	mu      sync.Mutex
	clients map[endpoint]*sts.Client
	shorter map[string]over // by role ARN
}

type endpoint struct{ region, url string }

// over is a duration above a role's maximum, as AWS refused it.
type over struct {
	duration time.Duration
	seen     time.Time
}

// New returns a client that sends through http and tells the time by now.
func New(http aws.HTTPClient, now func() time.Time) *Client {
	return &Client{http: http, now: now, clients: map[endpoint]*sts.Client{}, shorter: map[string]over{}}
}

// Caller is who makes a call, and where to.
type Caller struct {
	Session  *cred.Session
	Region   string // of the STS endpoint
	Endpoint string // a URL that replaces the region's public endpoint, or ""
}

// Request is one AssumeRole.
type Request struct {
	RoleARN        string
	AccountID      string // of the role, 12 digits
	SessionName    string
	ExternalID     cred.Secret
	Duration       time.Duration // 900 s to 12 h; cut to ChainedMax where AWS would refuse more
	Policy         string
	PolicyARNs     []string
	Tags           map[string]string
	TransitiveTags []string
	SourceIdentity string
}

// Assume returns a new session of the role. The note is for people, "" unless the session is shorter than asked for.
func (c *Client) Assume(ctx context.Context, by Caller, r Request) (s *cred.Session, note string, err error) {
	d := r.Duration
	switch {
	case d > ChainedMax && by.Session.Temporary():
		d, note = ChainedMax, fmt.Sprintf("session is 1h instead of %s: its source's credentials are a session themselves, and AWS gives at most 1h from those", short(r.Duration))
	case c.refused(r.RoleARN, d):
		d, note = ChainedMax, overMaximum(r.Duration)
	}
	s, err = c.assume(ctx, by, r, d)
	if d > ChainedMax && isOverMaximum(err) {
		c.remember(r.RoleARN, d)
		d, note = ChainedMax, overMaximum(r.Duration)
		s, err = c.assume(ctx, by, r, d)
	}
	if err != nil {
		return nil, "", err
	}
	return s, note, nil
}

func overMaximum(d time.Duration) string {
	return fmt.Sprintf("session is 1h instead of %s: the role's own maximum session duration is shorter", short(d))
}

// short writes 1h30m for 1h30m0s.
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// refused reports whether AWS refused this duration, or a shorter one, for the role lately.
func (c *Client) refused(arn string, d time.Duration) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	o, ok := c.shorter[arn]
	return ok && d >= o.duration && d > ChainedMax && c.now().Sub(o.seen) < rememberMaximum
}

func (c *Client) remember(arn string, d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.shorter[arn] = over{d, c.now()}
}

func (c *Client) assume(ctx context.Context, by Caller, r Request, d time.Duration) (*cred.Session, error) {
	started := c.now()
	out, err := c.client(by).AssumeRole(ctx, input(r, d), as(by))
	if err != nil {
		return nil, c.sorted(err)
	}
	meta := readMeta(out.ResultMetadata, c.now())
	if e := clockError(meta.skew); e != nil {
		e.RequestID = meta.requestID
		return nil, e
	}
	s, err := session(out, r, d, started, c.now())
	if err != nil {
		return nil, &Error{Reason: Broken, Message: err.Error(), RequestID: meta.requestID, Err: err}
	}
	s.RequestID = meta.requestID
	return s, nil
}

func input(r Request, d time.Duration) *sts.AssumeRoleInput {
	in := &sts.AssumeRoleInput{
		RoleArn:           &r.RoleARN,
		RoleSessionName:   &r.SessionName,
		DurationSeconds:   aws.Int32(int32(d / time.Second)),
		ExternalId:        optional(r.ExternalID.Reveal()),
		Policy:            optional(r.Policy),
		SourceIdentity:    optional(r.SourceIdentity),
		TransitiveTagKeys: r.TransitiveTags,
	}
	for _, arn := range r.PolicyARNs {
		in.PolicyArns = append(in.PolicyArns, types.PolicyDescriptorType{Arn: &arn})
	}
	for _, k := range slices.Sorted(maps.Keys(r.Tags)) {
		in.Tags = append(in.Tags, types.Tag{Key: &k, Value: aws.String(r.Tags[k])})
	}
	return in
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// Identity is who AWS says a caller is.
type Identity struct{ ARN, AccountID string }

// Identity calls GetCallerIdentity, which needs no permission.
func (c *Client) Identity(ctx context.Context, by Caller) (Identity, error) {
	out, err := c.client(by).GetCallerIdentity(ctx, nil, as(by))
	if err != nil {
		return Identity{}, c.sorted(err)
	}
	if e := clockError(readMeta(out.ResultMetadata, c.now()).skew); e != nil {
		return Identity{}, e
	}
	return Identity{ARN: aws.ToString(out.Arn), AccountID: aws.ToString(out.Account)}, nil
}

func as(by Caller) func(*sts.Options) {
	s := by.Session
	return func(o *sts.Options) {
		o.Credentials = credentials.NewStaticCredentialsProvider(s.AccessKeyID, s.SecretAccessKey.Reveal(), s.SessionToken.Reveal())
	}
}

// client returns the client of an endpoint, made once, so that its connections are used again.
func (c *Client) client(by Caller) *sts.Client {
	at := endpoint{by.Region, by.Endpoint}
	c.mu.Lock()
	defer c.mu.Unlock()
	if cl, ok := c.clients[at]; ok {
		return cl
	}
	cl := sts.New(sts.Options{
		Region:       at.region,
		BaseEndpoint: optional(at.url),
		HTTPClient:   c.http,
		HTTPSignerV4: Signer{c.now},
		Retryer: retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts = attempts
			o.RateLimiter = ratelimit.None // the cache spaces failures, by role: one customer's must not cost another's retries
		}),
		// A wrong clock is told to the user: quietly signing with AWS's time would hand out sessions whose expiry
		// the local SDKs then misread.
		DisableClockSkewCorrection: true,
	})
	c.clients[at] = cl
	return cl
}
