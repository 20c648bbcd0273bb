// Package iam lets a role's session look at its own role, and is the way to IAM for who else needs one.
package iam

import (
	"context"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"credd/internal/agent/cred"
	"credd/internal/agent/sts"
	"credd/internal/partition"
)

// regionOf is where the IAM is signed for that an ARN is of.
func regionOf(arn string) string {
	if p, ok := partition.OfARN(arn); ok {
		return p.First
	}
	return "us-east-1"
}

// Caller is who asks IAM.
type Caller struct {
	Session *cred.Session
	ARN     string // of the partition whose IAM is asked
	URL     string // that replaces IAM's public endpoint, or ""
}

// Client makes IAM calls.
type Client struct {
	http aws.HTTPClient
	now  func() time.Time
}

// New returns a client that sends through http and tells the time by now.
func New(http aws.HTTPClient, now func() time.Time) *Client { return &Client{http, now} }

// As is the SDK's client for one caller.
func (c *Client) As(by Caller) *iam.Client {
	s := by.Session
	o := iam.Options{
		Region:       regionOf(by.ARN),
		HTTPClient:   c.http,
		HTTPSignerV4: sts.Signer{Now: c.now},
		Credentials:  credentials.NewStaticCredentialsProvider(s.AccessKeyID, s.SecretAccessKey.Reveal(), s.SessionToken.Reveal()),
		Retryer:      retry.NewStandard(func(o *retry.StandardOptions) { o.RateLimiter = ratelimit.None }),
		// As for STS: a wrong clock is told to the user.
		DisableClockSkewCorrection: true,
	}
	if by.URL != "" {
		o.BaseEndpoint = &by.URL
	}
	return iam.New(o)
}

// Role is what IAM tells of a role.
type Role struct {
	ARN        string
	Trust      string        // the trust policy, JSON
	MaxSession time.Duration // 1 h to 12 h
}

// Role reads a role by its name (GetRole). Its error is an *sts.Error.
func (c *Client) Role(ctx context.Context, by Caller, name string) (Role, error) {
	out, err := c.As(by).GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
	if err != nil {
		return Role{}, sts.Sort(err, c.now())
	}
	if out.Role == nil {
		return Role{}, &sts.Error{Reason: sts.Broken, Message: "the answer of AWS lacks the role"}
	}
	trust, err := url.PathUnescape(aws.ToString(out.Role.AssumeRolePolicyDocument)) // URL-encoded by RFC 3986 (IAM GetRole): a + is a +
	if err != nil {
		return Role{}, &sts.Error{Reason: sts.Broken, Message: "the trust policy that AWS answered with cannot be read", Err: err}
	}
	return Role{
		ARN: aws.ToString(out.Role.Arn), Trust: trust,
		MaxSession: time.Duration(aws.ToInt32(out.Role.MaxSessionDuration)) * time.Second,
	}, nil
}

// Allowed tells which actions a role's policies allow on a resource, "*" for any (SimulatePrincipalPolicy). Session policies and those
// of its organization do not count. Its error is an *sts.Error.
func (c *Client) Allowed(ctx context.Context, by Caller, roleARN string, actions []string, resource string) (map[string]bool, error) {
	in := &iam.SimulatePrincipalPolicyInput{PolicySourceArn: &roleARN, ActionNames: actions}
	if resource != "" && resource != "*" {
		in.ResourceArns = []string{resource}
	}
	allowed := map[string]bool{}
	for pages := iam.NewSimulatePrincipalPolicyPaginator(c.As(by), in); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, sts.Sort(err, c.now())
		}
		for _, r := range page.EvaluationResults {
			allowed[aws.ToString(r.EvalActionName)] = r.EvalDecision == types.PolicyEvaluationDecisionTypeAllowed
		}
	}
	for _, a := range actions { // what is not answered is not refused
		if _, ok := allowed[a]; !ok {
			return nil, &sts.Error{Reason: sts.Broken, Message: "the answer of AWS lacks what was asked, " + a}
		}
	}
	return allowed, nil
}
