package invite

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// policyChecker refuses what AWS would refuse in a role's policy (IAM JSON policy grammar), and the little that cannot be put
// into a template.
type policyChecker struct{ lines map[string]int }

var (
	actionPattern = newPattern(`^[a-zA-Z0-9-]+:[a-zA-Z0-9*?]+$`)
	sidPattern    = newPattern(`^[a-zA-Z0-9]*$`)
	// An ARN of six parts, the first three of which are whole; variables and wildcards may stand in all but the first.
	resourcePattern = newPattern(`^arn:[a-z*?-]+:[a-zA-Z0-9*?-]+:[^:]*:[^:]*:.+$`)
)

func (c *policyChecker) fail(path, format string, args ...any) error {
	return &LineError{max(1, c.lines[path]), fmt.Errorf(format, args...)}
}

func (c *policyChecker) document(v any) error {
	o, ok := v.(object)
	if !ok {
		return c.fail("", "a policy is an object, {…}")
	}
	if err := c.keys(o, "", "Version", "Id", "Statement"); err != nil {
		return err
	}
	if o.get("Version") != "2012-10-17" {
		return c.fail("Version", `"Version" is not "2012-10-17"`)
	}
	switch s := o.get("Statement").(type) {
	case object:
		return c.statement(s, "Statement", map[string]bool{})
	case list:
		if len(s) == 0 {
			break
		}
		sids := map[string]bool{}
		for i, e := range s {
			one, ok := e.(object)
			if !ok {
				return c.fail(at("Statement", i), "a statement is an object, {…}")
			}
			if err := c.statement(one, at("Statement", i), sids); err != nil {
				return err
			}
		}
		return nil
	}
	return c.fail("Statement", `"Statement" is not a statement, nor a list of them`)
}

// keys refuses any but the known.
func (c *policyChecker) keys(o object, path string, known ...string) error {
	for _, m := range o {
		switch {
		case slices.Contains(known, m.key):
		case m.key == "Principal" || m.key == "NotPrincipal":
			return c.fail(join(path, m.key), "%q is of a trust policy; what a role may do has none", m.key)
		default:
			return c.fail(join(path, m.key), "%q is not known; known are %s", m.key, strings.Join(known, ", "))
		}
	}
	return nil
}

func (c *policyChecker) statement(s object, path string, sids map[string]bool) error {
	if err := c.keys(s, path, "Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"); err != nil {
		return err
	}
	if v := s.get("Sid"); v != nil {
		sid, ok := v.(string)
		if !ok || !sidPattern.matches(sid) {
			return c.fail(join(path, "Sid"), `"Sid" is not of letters and digits`)
		}
		if sid != "" && sids[sid] {
			return c.fail(join(path, "Sid"), "two statements have the Sid %q", sid)
		}
		sids[sid] = true
	}
	if e := s.get("Effect"); e != "Allow" && e != "Deny" {
		return c.fail(c.nearest(path, "Effect"), `"Effect" is neither "Allow" nor "Deny"`)
	}
	if err := c.oneOf(s, path, "Action", "NotAction", checkAction); err != nil {
		return err
	}
	if err := c.oneOf(s, path, "Resource", "NotResource", checkResource); err != nil {
		return err
	}
	return c.condition(s, path)
}

// nearest is the path of a member, or of what should have it.
func (c *policyChecker) nearest(path, key string) string {
	if full := join(path, key); c.lines[full] != 0 {
		return full
	}
	return path
}

// oneOf checks an element of which there are two forms.
func (c *policyChecker) oneOf(s object, path, key, not string, check func(string) error) error {
	v := s.get(key)
	switch other := s.get(not); {
	case v == nil && other == nil:
		return c.fail(path, "the statement has neither %q nor %q", key, not)
	case v != nil && other != nil:
		return c.fail(join(path, not), "the statement has both %q and %q", key, not)
	case v == nil:
		key, v = not, other
	}
	path = join(path, key)
	if l, ok := v.(list); ok && len(l) == 0 {
		return c.fail(path, "%q is empty", key)
	}
	_, many := v.(list)
	for i, e := range elements(v) {
		where := path
		if many {
			where = at(path, i)
		}
		text, ok := e.(string)
		if !ok {
			return c.fail(where, "%q is not a text, nor a list of them", key)
		}
		if err := errors.Join(checkText(text), check(text)); err != nil {
			return c.fail(where, "%w", err)
		}
	}
	return nil
}

func checkAction(s string) error {
	if s == "*" || actionPattern.matches(s) {
		return nil
	}
	return fmt.Errorf("%q is no action, such as s3:GetObject", s)
}

func checkResource(s string) error {
	if s == "*" || resourcePattern.matches(s) {
		return nil
	}
	return fmt.Errorf("%q is no resource: an ARN, or *", s)
}

// checkText refuses letters that IAM takes in no policy, and what CloudFormation would put something else in place of.
func checkText(s string) error {
	for _, r := range s {
		if r > 0xff || r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0x7f {
			return fmt.Errorf("%q has the character %q, which AWS takes in no policy", s, r)
		}
	}
	if strings.Contains(s, "{{resolve:") {
		return fmt.Errorf("%q is a reference that CloudFormation would resolve", s)
	}
	if v := templateVariable.compiled().FindString(s); v != "" {
		return fmt.Errorf("%q is a variable of a template; a policy's is such as ${aws:username}", v)
	}
	return nil
}

// templateVariable is one that CloudFormation or Terraform would have put something in place of, where the policy comes from.
var templateVariable = newPattern(`\$\{(AWS::)?[A-Za-z0-9_.]+\}`)

var (
	operators = map[string]bool{
		"StringEquals": true, "StringNotEquals": true, "StringEqualsIgnoreCase": true, "StringNotEqualsIgnoreCase": true, "StringLike": true, "StringNotLike": true,
		"NumericEquals": true, "NumericNotEquals": true, "NumericLessThan": true, "NumericLessThanEquals": true, "NumericGreaterThan": true, "NumericGreaterThanEquals": true,
		"DateEquals": true, "DateNotEquals": true, "DateLessThan": true, "DateLessThanEquals": true, "DateGreaterThan": true, "DateGreaterThanEquals": true,
		"Bool": true, "BinaryEquals": true, "IpAddress": true, "NotIpAddress": true, "Null": true,
		"ArnEquals": true, "ArnLike": true, "ArnNotEquals": true, "ArnNotLike": true,
	}
	numbers      = newPattern(`^-?[0-9]{1,15}$`)
	conditionKey = newPattern(`^[a-zA-Z0-9-]{1,64}:[^\s"\\]{1,200}$`) // a tag's key has 128; YAML takes keys of 1,024 bytes
)

func (c *policyChecker) condition(s object, path string) error {
	v := s.get("Condition")
	if v == nil {
		return nil
	}
	path = join(path, "Condition")
	all, ok := v.(object)
	if !ok {
		return c.fail(path, `"Condition" is not an object, {…}`)
	}
	for _, operator := range all {
		where := join(path, operator.key)
		if !knownOperator(operator.key) {
			return c.fail(where, "%q is no condition operator, such as StringEquals", operator.key)
		}
		keys, ok := operator.value.(object)
		if !ok || len(keys) == 0 {
			return c.fail(where, "%q is not an object of condition keys", operator.key)
		}
		for _, key := range keys {
			if err := c.conditionValues(key, join(where, key.key)); err != nil {
				return err
			}
		}
	}
	return nil
}

func knownOperator(s string) bool {
	s = strings.TrimPrefix(strings.TrimPrefix(s, "ForAllValues:"), "ForAnyValue:")
	if base, ok := strings.CutSuffix(s, "IfExists"); ok && base != "Null" {
		s = base
	}
	return operators[s]
}

func (c *policyChecker) conditionValues(key member, path string) error {
	if !conditionKey.matches(key.key) {
		return c.fail(path, "%q is no condition key, such as aws:SourceIp", key.key)
	}
	if err := checkText(key.key); err != nil {
		return c.fail(path, "%w", err)
	}
	values := elements(key.value)
	if len(values) == 0 {
		return c.fail(path, "%q has no value", key.key)
	}
	for _, v := range values {
		switch v := v.(type) {
		case string:
			if err := checkText(v); err != nil {
				return c.fail(path, "%w", err)
			}
		case bool:
		case number:
			if !numbers.matches(string(v)) {
				return c.fail(path, "%s is a number that not all formats write alike; put it in quotes", v)
			}
		default:
			return c.fail(path, "a value of %q is not a text, number or bool", key.key)
		}
	}
	return nil
}
