package invite

import (
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"credd/internal/agent/cred"
)

// role is what all three ways to deploy create: the terms in AWS's words.
type role struct {
	name, path  string
	description string
	maxSession  int // seconds
	boundary    string
	tags        []tag
	trust       object
	inline      []inline
	managed     []string // ARNs of AWS's policies
	setup       []string // likewise, of the setup phase
	phases      bool     // there is a setup phase
}

// inline is a policy in the role. Its name is also that of its file.
type inline struct {
	name     string
	setup    bool // ends with the setup phase
	document object
}

type tag struct{ key, value string }

// The names of the policies in the role.
const (
	accessPolicy = "access"
	setupPolicy  = "setup"
	selfPolicy   = "self-check"
)

// role works out the role. It is for terms that Check takes.
func (t *Terms) role() *role {
	r := &role{
		name: t.RoleName, path: t.path(), description: t.description(), maxSession: int(t.MaxSession.Seconds()),
		boundary: t.Boundary, tags: t.tags(), trust: t.trust(), phases: t.Setup != nil,
	}
	for _, name := range t.Ongoing.Managed {
		r.managed = append(r.managed, t.arn("aws", "policy/"+name))
	}
	if d := t.Ongoing.document(); d != nil {
		r.inline = append(r.inline, inline{accessPolicy, false, d})
	}
	if t.Setup != nil {
		for _, name := range t.Setup.Managed {
			// One that is there for good cannot be attached twice, and must not go with the setup phase.
			if arn := t.arn("aws", "policy/"+name); !slices.Contains(r.managed, arn) {
				r.setup = append(r.setup, arn)
			}
		}
		if d := t.Setup.document(); d != nil {
			r.inline = append(r.inline, inline{setupPolicy, true, d})
		}
	}
	if t.SelfCheck {
		r.inline = append(r.inline, inline{selfPolicy, false, policy(object{
			{"Effect", "Allow"},
			{"Action", list{"iam:GetRole", "iam:SimulatePrincipalPolicy"}},
			{"Resource", ownARN{r}},
		})})
	}
	return r
}

// trust is the policy that says who may assume the role.
func (t *Terms) trust() object {
	principal := ours{t.ServiceAccount, "root", t.Partition}
	condition := object{{"StringEquals", object{{"sts:ExternalId", externalID{}}}}}
	if t.Exact && len(t.Principals) == 1 {
		principal.resource = strings.TrimPrefix(t.Principals[0], t.arn(t.ServiceAccount, ""))
	} else {
		condition = append(condition, member{"ArnLike", object{{"aws:PrincipalArn", compact(t.Principals)}}})
	}
	if len(t.SourceIPs) > 0 {
		condition = append(condition, member{"IpAddress", object{{"aws:SourceIp", compact(t.SourceIPs)}}})
	}
	if !t.Until.IsZero() {
		condition = append(condition, member{"DateLessThan", object{{"aws:CurrentTime", t.Until.UTC().Format("2006-01-02T15:04:05Z")}}})
	}
	if t.MFA {
		condition = append(condition, member{"Bool", object{{"aws:MultiFactorAuthPresent", "true"}}})
	}
	actions := []string{"sts:AssumeRole"}
	if t.SessionTags {
		actions = append(actions, "sts:TagSession")
	}
	if t.SourceIdentity {
		actions = append(actions, "sts:SetSourceIdentity")
	}
	return policy(object{
		{"Effect", "Allow"},
		{"Principal", object{{"AWS", principal}}},
		{"Action", compact(actions)},
		{"Condition", condition},
	})
}

// Trust is the trust policy as JSON, with the external ID.
func (t *Terms) Trust(id cred.Secret) string {
	return toJSON(resolve(t.trust(), id.Reveal(), t.RoleARN())) + "\n"
}

// description is the role's: who asks, as far as AWS takes the letters of their name.
func (t *Terms) description() string {
	return "Lets " + words(t.Service, "the service provider", latin, '?') + " (AWS account " + t.ServiceAccount + ") work in the account of " +
		words(t.CustomerName, words(t.Customer, "the customer", latin, '?'), latin, '?') + "."
}

// tags are the role's, in the order of their keys.
func (t *Terms) tags() []tag {
	var all []tag
	for _, key := range slices.Sorted(maps.Keys(t.Tags)) {
		all = append(all, tag{tagText(key, maxTagKey), tagText(t.Tags[key], maxTagValue)})
	}
	return all
}

func tagText(s string, limit int) string {
	return clip(strings.TrimSpace(replace(s, tagRune, '_')), limit)
}

const (
	maxWords    = 200 // runes of a name in a description, which may have 1,000 (IAM CreateRole)
	maxTagKey   = 128 // IAM Tag
	maxTagValue = 256 // IAM Tag
)

// words are a text as AWS's pattern takes it, or other if that leaves nothing of it.
func words(s, other string, takes func(rune) bool, instead rune) string {
	s = clip(strings.Join(strings.Fields(replace(s, takes, instead)), " "), maxWords)
	if strings.Trim(s, string(instead)+" ") == "" {
		return other
	}
	return s
}

// replace puts a rune in the place of each that is not taken.
func replace(s string, takes func(rune) bool, instead rune) string {
	return strings.Map(func(r rune) rune {
		switch {
		case takes(r):
			return r
		case unicode.IsSpace(r):
			return ' '
		case r == '{' && takes('('):
			return '('
		case r == '}' && takes(')'):
			return ')'
		}
		return instead
	}, s)
}

// latin is what IAM takes in a description, without braces: CloudFormation reads {{resolve:…}} and ${…} in any text as orders.
func latin(r rune) bool {
	return r >= ' ' && r < 0x7f && r != '{' && r != '}' || r >= 0xa1 && r <= 0xff && r != 0xad
}

// tagRune is what IAM takes in a tag.
func tagRune(r rune) bool {
	return r < utf8.RuneError && (unicode.IsLetter(r) || unicode.Is(unicode.N, r) || r == ' ' || strings.ContainsRune("_.:/=+-@", r))
}

func clip(s string, runes int) string {
	for i := range s {
		if runes == 0 {
			return strings.TrimSpace(s[:i])
		}
		runes--
	}
	return s
}
