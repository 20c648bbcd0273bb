package invite

import (
	"fmt"
	"strings"
)

const maxNamed = 6 // actions or resources that a sentence names before it counts them

// sentence says what a statement of a policy grants or denies, for a person who signs.
func sentence(s object) string {
	var b strings.Builder
	if s.get("Effect") == "Deny" {
		b.WriteString("May never ")
	} else {
		b.WriteString("May ")
	}
	switch actions := texts(s.get("Action")); {
	case s.get("NotAction") != nil:
		b.WriteString("do anything at all except " + named(texts(s.get("NotAction")), "actions"))
	case has(actions, "*") || has(actions, "*:*"):
		b.WriteString("do anything at all")
	default:
		b.WriteString("use " + named(actions, "actions"))
	}
	switch resources := texts(s.get("Resource")); {
	case s.get("NotResource") != nil:
		b.WriteString(" on everything in the account except " + named(texts(s.get("NotResource")), "resources"))
	case has(resources, "*"):
		b.WriteString(" on everything in the account")
	default:
		b.WriteString(" on " + named(resources, "resources"))
	}
	if c, ok := s.get("Condition").(object); ok && len(c) > 0 {
		b.WriteString(", under conditions that the policy names")
	}
	return b.String() + "."
}

// named are the first of many, and how many more there are.
func named(all []string, what string) string {
	if len(all) <= maxNamed {
		return listed(all)
	}
	return fmt.Sprintf("%s and %d more %s", strings.Join(all[:maxNamed-1], ", "), len(all)-maxNamed+1, what)
}

func listed(all []string) string {
	if len(all) < 2 {
		return strings.Join(all, "")
	}
	return strings.Join(all[:len(all)-1], ", ") + " and " + all[len(all)-1]
}

func has(all []string, s string) bool {
	for _, one := range all {
		if one == s {
			return true
		}
	}
	return false
}
