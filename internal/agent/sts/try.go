package sts

import (
	"context"
	"errors"
	"regexp"
	"strings"

	"github.com/aws/smithy-go"

	"credd/internal/agent/cred"
)

// Try is Assume without its ways out: one request, of that duration and no other, and nothing of it is remembered.
func (c *Client) Try(ctx context.Context, by Caller, r Request) (*cred.Session, error) {
	return c.assume(ctx, by, r, r.Duration)
}

// TooLong reports whether AWS refused a session because the role's own maximum is shorter.
func TooLong(err error) bool { return isOverMaximum(err) }

// denial is what STS says of a request that it denies, and behind it the reason, where it gives one.
var denial = regexp.MustCompile(`^User: \S+ is not authorized to perform: sts:\w+ on resource: \S+(.*)$`)

// theirPolicies are those of a role's own account that a reason can name.
var theirPolicies = []string{"trust policy", "resource-based policy", "resource control policy"}

// Why is the reason that AWS gives for a denial, "" where it gives none, as for all that can be missing on the role's side.
func (e *Error) Why() string {
	var api smithy.APIError
	if e.Reason != Denied || !errors.As(e.Err, &api) {
		return ""
	}
	text := unquoted(api)
	if m := denial.FindStringSubmatch(text); m != nil {
		return strings.TrimSpace(m[1])
	}
	return text // such as that the root user may not assume roles
}

// OfRole reports whether a denial comes from the role's side as far as AWS tells: it gives no reason, or names a policy of that
// side. Any other reason is about the caller's own policies, and says nothing of the role.
func (e *Error) OfRole() bool {
	why := e.Why()
	for _, p := range theirPolicies {
		if strings.Contains(why, p) {
			return true
		}
	}
	return e.Reason == Denied && why == ""
}
