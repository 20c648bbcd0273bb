package roster

import (
	"encoding/json"
	"regexp"
	"strings"
	"unicode/utf8"
)

// The limits of STS AssumeRole on what narrows and marks a session.
const (
	maxPolicy     = 2048 // characters of an inline session policy
	maxPolicyARNs = 10
	maxTags       = 50
	maxTagKey     = 128 // characters
	maxTagValue   = 256
)

var (
	policyARNForm = regexp.MustCompile(`^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[\w+=,.@/-]+$`)
	tagForm       = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+@-]*$`)
)

func (c *checker) policy(f field) string {
	s := c.text(f)
	var object map[string]any
	switch {
	case s == "":
	case utf8.RuneCountInString(s) > maxPolicy:
		c.fault(f.line, "move it into a managed policy and name that in policy_arns", "%s is longer than %d characters (STS AssumeRole)", f.name, maxPolicy)
	case json.Unmarshal([]byte(s), &object) != nil || object == nil:
		c.fault(f.line, "write it in ''' quotes, as JSON", "%s is not a JSON object", f.name)
	}
	return s
}

func (c *checker) policyARNs(f field) []string {
	arns := c.texts(f)
	if len(arns) > maxPolicyARNs {
		c.fault(f.line, "", "%s names more than %d policies (STS AssumeRole)", f.name, maxPolicyARNs)
	}
	for _, a := range arns {
		if a != "" && !policyARNForm.MatchString(a) {
			c.fault(f.line, "", "%s holds %s, which is not the ARN of a policy", f.name, quote(a))
		}
	}
	return arns
}

func (c *checker) tags(f field) map[string]string {
	if f.value.kind != section {
		c.fault(f.line, "write tags = { Project = \"migration\" }", "%s is %s, not a table", f.name, f.value.kind)
		return nil
	}
	out := map[string]string{}
	lower := map[string]bool{}
	for _, t := range f.value.table.fields {
		v := ""
		if t.value.kind != text || t.value.text != "" {
			v = c.text(t)
		}
		switch {
		case t.name == "" || utf8.RuneCountInString(t.name) > maxTagKey || !tagForm.MatchString(t.name):
			c.fault(t.line, "", "a tag's key is not 1 to %d letters, digits, blanks or _.:/=+@- (STS AssumeRole)", maxTagKey)
		case utf8.RuneCountInString(v) > maxTagValue || !tagForm.MatchString(v):
			c.fault(t.line, "", "the value of tag %s is not up to %d letters, digits, blanks or _.:/=+@-", quote(t.name), maxTagValue)
		case lower[strings.ToLower(t.name)]:
			c.fault(t.line, "AWS does not tell large and small letters apart in tag keys", "tag %s stands here a second time", quote(t.name))
		}
		lower[strings.ToLower(t.name)] = true
		out[t.name] = v
	}
	if len(out) > maxTags {
		c.fault(f.line, "", "%s has more than %d tags (STS AssumeRole)", f.name, maxTags)
	}
	return out
}
