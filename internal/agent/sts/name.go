package sts

import "strings"

const (
	maxSessionName = 64 // of [\w+=,.@-], at least 2 (STS AssumeRole)
	minSessionName = 2
)

// Names are what a session name template may hold.
type Names struct{ Service, Customer, Role, User string }

// SessionName fills a template such as {service}-{customer}-{user} and makes it fit what STS takes. Other characters
// become "-". Where it is too long the customer is cut first, then the role, then the service: CloudTrail names the account
// anyway, and the user is whom the customer asks about.
func SessionName(template string, n Names) string {
	n = Names{clean(n.Service), clean(n.Customer), clean(n.Role), clean(n.User)}
	name := fill(template, n)
	for _, part := range []*string{&n.Customer, &n.Role, &n.Service, &n.User} {
		for len(name) > maxSessionName && len(*part) > 1 {
			*part = (*part)[:len(*part)-1]
			name = fill(template, n)
		}
	}
	if len(name) > maxSessionName {
		name = name[:maxSessionName]
	}
	if len(name) < minSessionName {
		name += "-credd"
	}
	return name
}

func fill(template string, n Names) string {
	return clean(strings.NewReplacer(
		"{service}", n.Service, "{customer}", n.Customer, "{role}", n.Role, "{user}", n.User,
	).Replace(template))
}

func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', strings.ContainsRune("_+=,.@-", r):
			return r
		}
		return '-'
	}, s)
}
