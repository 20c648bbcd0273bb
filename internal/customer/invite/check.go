package invite

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"credd/internal/partition"
)

// AWS's limits. Where AWS raises one on request, this is what every account has.
const (
	maxPath     = 512    // IAM CreateRole
	maxInline   = 10_240 // characters of a role's inline policies together, without white space (IAM quotas)
	trustQuota  = 2_048  // characters of a trust policy, which AWS raises on request to
	maxTrust    = 4_096
	maxManaged  = 10 // managed policies of a role
	maxTags     = 50
	maxTemplate = 51_200 // bytes of a template that is sent and not fetched from S3 (CloudFormation CreateStack)
	minSession  = time.Hour
	maxSession  = 12 * time.Hour
)

// Problem is what is wrong with one field of the terms. Field is in words with _ between them.
type Problem struct{ Field, Text string }

func (p *Problem) Error() string { return strings.ReplaceAll(p.Field, "_", " ") + ": " + p.Text }

var (
	accounts     = newPattern(`^[0-9]{12}$`)
	roleNames    = newPattern(`^[\w+=,.@-]{1,64}$`)                                 // IAM CreateRole
	paths        = newPattern(`^/([!-~]+/)?$`)                                      // IAM CreateRole
	stacks       = newPattern(`^[A-Za-z][A-Za-z0-9-]{0,127}$`)                      // CloudFormation CreateStack
	managedNames = newPattern(`^([\w-]+/)*[\w+=,.@-]{1,128}$`)                      // IAM CreatePolicy
	principals   = newPattern(`^(root|\*|(user|role)/[\w+=,.@*?/-]*[\w+=,.@*?-])$`) // IAM users and roles, with their paths
)

// Check says what is wrong with the terms: the first of AWS's limits that they do not keep, as a *Problem.
func (t *Terms) Check() error {
	for _, check := range []func(*Terms) *Problem{
		(*Terms).checkAccounts, (*Terms).checkRole, (*Terms).checkPrincipals, (*Terms).checkSession, (*Terms).checkBoundary,
		(*Terms).checkRanges, (*Terms).checkTags, (*Terms).checkStack, (*Terms).checkOngoing, (*Terms).checkSetup,
		(*Terms).checkSizes, // what is made of sound fields may still be too long
	} {
		if p := check(t); p != nil {
			return p
		}
	}
	return nil
}

func problem(field, format string, args ...any) *Problem {
	return &Problem{field, fmt.Sprintf(format, args...)}
}

func (t *Terms) checkAccounts() *Problem {
	if _, ok := partition.Named(t.Partition); !ok {
		return problem("partition", "%q is none of AWS's", t.Partition)
	}
	if !accounts.matches(t.ServiceAccount) {
		return problem("service_account", "%q is not 12 digits", t.ServiceAccount)
	}
	if !accounts.matches(t.AccountID) {
		return problem("account_id", "%q is not 12 digits", t.AccountID)
	}
	return nil
}

func (t *Terms) checkRole() *Problem {
	if !roleNames.matches(t.RoleName) {
		return problem("role_name", "%q is not 1 to 64 letters, digits and the characters + = , . @ _ -", t.RoleName)
	}
	switch path := t.path(); {
	case !paths.matches(path) || strings.Contains(path, "//"):
		return problem("path", "%q does not begin and end with /, or has characters that AWS does not take there", path)
	case len(path) > maxPath:
		return problem("path", "it has %d characters, AWS takes %d", len(path), maxPath)
	case strings.HasPrefix(path, "/aws-service-role/") || strings.HasPrefix(path, "/aws-reserved/"):
		return problem("path", "%q is reserved by AWS", path)
	case strings.ContainsAny(path, `*?"'\<>{}$`):
		return problem("path", "%q has characters that mean something else in a policy", path)
	}
	return nil
}

func (t *Terms) checkPrincipals() *Problem {
	if len(t.Principals) == 0 {
		return problem("principals", "nobody may assume the role")
	}
	if t.Exact && len(t.Principals) != 1 {
		return problem("principals", "exact trust is in one principal, not %d", len(t.Principals))
	}
	for _, p := range t.Principals {
		rest, ok := strings.CutPrefix(p, t.arn(t.ServiceAccount, ""))
		switch {
		case !ok:
			return problem("principals", "%q is not of account %s in partition %s; a role's session is named by its role, %s", p, t.ServiceAccount, t.Partition, t.arn(t.ServiceAccount, "role/NAME"))
		case !principals.matches(rest):
			return problem("principals", "%q is no user or role", p)
		case t.Exact && strings.ContainsAny(rest, "*?"):
			return problem("principals", "%q has a wildcard, which exact trust takes none of", p)
		}
	}
	return nil
}

func (t *Terms) checkSession() *Problem {
	if t.MaxSession < minSession || t.MaxSession > maxSession || t.MaxSession%time.Second != 0 {
		return problem("max_session", "%s is not 1 to 12 hours", t.MaxSession)
	}
	if !t.Until.IsZero() && !t.Until.After(t.Invited) {
		return problem("until", "%s is past", t.Until.UTC().Format(time.RFC3339))
	}
	if t.Until.Year() > 9999 {
		return problem("until", "the year %d is more than AWS reads", t.Until.Year())
	}
	return nil
}

func (t *Terms) checkBoundary() *Problem {
	if t.Boundary == "" {
		return nil
	}
	for _, account := range []string{"aws", t.AccountID} {
		if name, ok := strings.CutPrefix(t.Boundary, t.arn(account, "policy/")); ok && managedNames.matches(name) {
			return nil
		}
	}
	return problem("boundary", "%q is no policy of AWS or of account %s, such as %s", t.Boundary, t.AccountID, t.arn(t.AccountID, "policy/NAME"))
}

func (t *Terms) checkRanges() *Problem {
	for _, s := range t.SourceIPs {
		p, err := netip.ParsePrefix(s)
		switch {
		case err != nil || p.Addr().Is4In6():
			return problem("source_ips", "%q is no range of addresses, such as 192.0.2.0/24", s)
		case p != p.Masked():
			return problem("source_ips", "%q begins inside of its range, which is %s", s, p.Masked())
		}
	}
	return nil
}

func (t *Terms) checkTags() *Problem {
	if len(t.Tags) > maxTags {
		return problem("tags", "there are %d, AWS takes %d", len(t.Tags), maxTags)
	}
	seen := map[string]bool{}
	for _, tag := range t.tags() {
		lower := strings.ToLower(tag.key)
		switch {
		case tag.key == "":
			return problem("tags", "one has no key")
		case strings.HasPrefix(lower, "aws:"):
			return problem("tags", "%q: keys that begin with aws: are AWS's", tag.key)
		case seen[lower]:
			return problem("tags", "AWS takes two of them as %q: it knows neither case nor all characters", tag.key)
		}
		seen[lower] = true
	}
	return nil
}

func (t *Terms) checkStack() *Problem {
	if p, ok := partition.Named(t.Partition); ok && !p.Has(t.Region) {
		return problem("region", "%q is no region of partition %s", t.Region, t.Partition)
	}
	if !stacks.matches(t.Stack) {
		return problem("stack", "%q is not letters, digits and hyphens, a letter first, 128 at most", t.Stack)
	}
	if t.TemplateURL == "" {
		return nil
	}
	u, err := url.Parse(t.TemplateURL)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || strings.ContainsFunc(t.TemplateURL, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return problem("template_url", "%q is no https:// address", t.TemplateURL)
	}
	return nil
}
