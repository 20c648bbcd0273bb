package verify

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"credd/internal/agent/cred"
)

// longestText bounds what is told of a trust policy, in bytes: it can name hundreds of accounts.
const longestText = 800

// trust is what a trust policy says of who may assume the role.
type trust struct {
	us    string // our account, "" if it is not known
	role  string // the account of the role
	id    cred.Secret
	bad   []string
	notes []string
	fine  []string
}

// readTrust judges a trust policy. No text of its findings holds an external ID.
func readTrust(document, us, roleAccount string, id cred.Secret) (Outcome, string) {
	var doc struct{ Statement statements }
	if err := json.Unmarshal([]byte(document), &doc); err != nil || len(doc.Statement) == 0 {
		return Unknown, "the trust policy could not be understood"
	}
	t := trust{us: us, role: roleAccount, id: id}
	for i := range doc.Statement {
		switch s := &doc.Statement[i]; {
		case s.Effect != "Allow":
		case s.assumes():
			t.allow(s)
		default: // AssumeRoleWithSAML and the like
			t.others(s)
		}
	}
	text := "the trust policy " + strings.Join(unique(slices.Concat(t.bad, t.notes, t.fine)), "; ")
	if !id.IsZero() {
		text = strings.ReplaceAll(text, id.Reveal(), "…") // names are the account owner's
	}
	if len(text) > longestText {
		text = strings.ToValidUTF8(text[:longestText], "") + "…"
	}
	switch {
	case len(t.bad) > 0:
		return Failed, text
	case len(t.notes) > 0:
		return Note, text
	case len(t.fine) == 0:
		return Unknown, "the trust policy lets nobody in that is known here"
	}
	return OK, text
}

func unique(all []string) (out []string) {
	for _, s := range all {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// allow looks at a statement that lets somebody in.
func (t *trust) allow(s *statement) {
	everyone, ours := len(s.NotPrincipal) > 0, false
	for _, p := range s.Principal["AWS"] {
		account := accountOf(p)
		switch {
		case p == "*":
			everyone = true
		case t.us == "" || account == t.us:
			ours = true
			t.our(s, p)
		case account == t.role:
			t.note("lets in its own account " + account)
		case account == "":
			t.note("lets in a principal that is gone") // IAM shows the ID of one that was deleted
		default:
			t.note("lets in account " + account)
		}
	}
	t.others(s)
	if everyone {
		t.everyone(s)
	}
	if everyone || ours {
		t.externalID(s)
		if _, asks := s.demands("aws:multifactorauthpresent"); asks {
			t.fine = append(t.fine, "asks for MFA")
		}
	}
}

// others are no principals of AWS accounts.
func (t *trust) others(s *statement) {
	for _, kind := range []string{"Federated", "Service"} {
		for _, p := range s.Principal[kind] {
			t.note("lets in " + p)
		}
	}
}

func (t *trust) note(text string) { t.notes = append(t.notes, text) }

// accountOf is the account that a principal is of: 123456789012, or an ARN of it.
func accountOf(principal string) string {
	if len(principal) == 12 && strings.Trim(principal, "0123456789") == "" {
		return principal
	}
	return parse(principal).account
}

// our looks at a principal of ours.
func (t *trust) our(s *statement, principal string) {
	p := parse(principal)
	if p.name != "root" && p.kind != "" {
		t.fine = append(t.fine, "lets in "+principal)
		return
	}
	if d, _ := s.demands("aws:principalarn"); d.always && !slices.ContainsFunc(d.values(), anyARN) {
		t.fine = append(t.fine, fmt.Sprintf("lets in %s of our account", count(len(d.values()), "principal")))
		return
	}
	t.note("lets in whomever our account lets assume roles, and no aws:PrincipalArn narrows that")
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// anyARN reports whether a pattern holds for each principal of an account, or for all of its roles or users.
func anyARN(pattern string) bool {
	f := strings.SplitN(pattern, ":", 6)
	if len(f) < 6 || isVariable(pattern) {
		return true
	}
	rest := strings.Trim(f[5], "*?/")
	return rest == "" || rest == "role" || rest == "user"
}

// isVariable reports whether a value is what the request says, such as ${aws:PrincipalArn}: it can hold for any.
func isVariable(value string) bool { return strings.Contains(value, "${") }

// anyAccount reports whether a value, be it an ARN, an account or an organization, holds for more than one account or organization.
func anyAccount(value string) bool {
	if account := parse(value).account; account != "" {
		value = account
	}
	return strings.ContainsAny(value, "*?") || isVariable(value)
}

// everyone looks at a statement for *.
func (t *trust) everyone(s *statement) {
	for _, key := range []string{"aws:PrincipalArn", "aws:PrincipalAccount", "aws:PrincipalOrgID"} {
		if d, _ := s.demands(strings.ToLower(key)); d.always && !slices.ContainsFunc(d.values(), anyAccount) {
			t.note("names everyone (*), narrowed by " + key)
			return
		}
	}
	t.bad = append(t.bad, "lets in everyone (*), not our account alone")
}

// externalID looks at what a statement for us asks of external IDs.
func (t *trust) externalID(s *statement) {
	d, _ := s.demands("sts:externalid")
	switch {
	case t.id.IsZero() && !d.always:
		t.note("asks for no external ID")
		return
	case !d.always:
		t.bad = append(t.bad, "has a statement for us that does not need the external ID")
		return
	}
	patterns := slices.ContainsFunc(d.like, func(p string) bool { return strings.ContainsAny(p, "*?") })
	values := d.values()
	switch {
	case patterns:
		t.bad = append(t.bad, "takes external IDs of a pattern, not the one alone")
	case slices.ContainsFunc(values, isVariable):
		t.bad = append(t.bad, "takes external IDs that a variable stands for, not the one alone")
	case !slices.Contains(values, t.id.Reveal()):
		t.note("has a statement for us with another external ID than the one here")
	case len(unique(values)) > 1:
		t.note("takes other external IDs beside the one here")
	default:
		t.fine = append(t.fine, "requires the external ID")
	}
}
