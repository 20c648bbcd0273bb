package roster

import (
	"fmt"
	"log/slog"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// The limits of STS AssumeRole.
const (
	minDuration   = 15 * time.Minute // DurationSeconds 900
	maxDuration   = 12 * time.Hour   // 43200
	chainedMax    = time.Hour        // role chaining
	maxExternalID = 1224             // characters
)

var (
	accountForm    = regexp.MustCompile(`^[0-9]{12}$`)
	externalIDForm = regexp.MustCompile(`^[\w+=,.@:/-]{2,}$`) // up to maxExternalID
	identityForm   = regexp.MustCompile(`^[\w+=,.@-]+$`)      // 2 to 64 of these
	regionForm     = regexp.MustCompile(`^[a-z]{2,}(-[a-z]+)+-[0-9]+$`)
	roleARNForm    = regexp.MustCompile(`^arn:(aws[a-z-]*):iam::([0-9]{12}):role/([\w+=,.@/-]*[\w+=,.@-])$`)
	profileForm    = regexp.MustCompile(`^[A-Za-z0-9][\w.@+%:/-]*$`)
	placeholder    = regexp.MustCompile(`\{[^}]*\}?|\}`)
)

// checker collects what is wrong in one file.
type checker struct {
	faults []fault
}

func (c *checker) fault(line int, hint, format string, args ...any) {
	c.faults = append(c.faults, fault{line, fmt.Sprintf(format, args...), hint})
}

// text returns a field's string, "" with a fault if it is something else.
func (c *checker) text(f field) string {
	if f.value.kind != text {
		hint := "put it in quotes: " + f.name + " = \"…\""
		if f.name == "account_id" {
			hint = "put it in quotes, so that its leading zeros stay: account_id = \"012345678901\""
		}
		c.fault(f.line, hint, "%s is %s, not a string", f.name, f.value.kind)
		return ""
	}
	s := f.value.text
	if !utf8.ValidString(s) || f.name != "policy" && strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		c.fault(f.line, "remove them", "%s holds control characters", f.name)
		return ""
	}
	if s == "" {
		c.fault(f.line, "give it a value, or remove the line", "%s is empty", f.name)
	}
	return s
}

// texts returns a field's list of strings.
func (c *checker) texts(f field) []string {
	if f.value.kind != list {
		c.fault(f.line, "write "+f.name+" = [\"…\"]", "%s is %s, not an array of strings", f.name, f.value.kind)
		return nil
	}
	out := []string{}
	for _, item := range f.value.items {
		out = append(out, c.text(field{f.name, f.line, item}))
	}
	return out
}

// matching returns a string that has the form.
func (c *checker) matching(f field, form *regexp.Regexp, want string) string {
	s := c.text(f)
	if s != "" && !form.MatchString(s) {
		c.fault(f.line, "", "%s is not %s", f.name, want)
		return ""
	}
	return s
}

// matchingLength is matching with a length in characters. A count in the form itself would compile to as many copies.
func (c *checker) matchingLength(f field, form *regexp.Regexp, least, most int, want string) string {
	s := c.matching(f, form, want)
	if s != "" && (len(s) < least || len(s) > most) {
		c.fault(f.line, "", "%s is not %s", f.name, want)
		return ""
	}
	return s
}

func (c *checker) account(f field) string {
	return c.matching(f, accountForm, "an account ID of 12 digits")
}

func (c *checker) region(f field) string {
	return c.matching(f, regionForm, "a region such as eu-west-1")
}

// externalID is not quoted in its fault: it identifies us to the customer.
func (c *checker) externalID(f field) string {
	const want = "2 to 1224 characters of A-Z a-z 0-9 _ + = , . @ : / - (STS AssumeRole)"
	if f.value.kind == text && f.value.text == "" { // as in a file that credd customer export made
		c.fault(f.line, "put in the ID that the customer's trust policy asks for, or remove the line if it asks for none", "%s is empty", f.name)
		return ""
	}
	s := c.matching(f, externalIDForm, want)
	if len(s) > maxExternalID {
		c.fault(f.line, "", "%s is not %s", f.name, want)
	}
	return s
}

func (c *checker) duration(f field) time.Duration {
	s := c.text(f)
	if s == "" {
		return 0
	}
	d, err := time.ParseDuration(s)
	switch {
	case err != nil:
		c.fault(f.line, "write it as 30m, 1h or 1h30m", "%s is not a duration", f.name)
	case d < minDuration || d > maxDuration:
		c.fault(f.line, "", "%s is outside 15m to 12h (STS AssumeRole)", f.name)
	case d%time.Second != 0:
		c.fault(f.line, "", "%s is not of whole seconds", f.name)
	default:
		return d
	}
	return 0
}

func (c *checker) sessionName(f field) string {
	s := c.text(f)
	for _, p := range placeholder.FindAllString(s, -1) {
		switch p {
		case "{service}", "{customer}", "{role}", "{user}":
		default:
			c.fault(f.line, "known are {service}, {customer}, {role} and {user}", "%s holds %s", f.name, quote(p))
		}
	}
	return s
}

// profileName is a template of what all SDKs take as a profile's name without quotes.
func (c *checker) profileName(f field) string {
	const hint = "write it as \"{customer}/{role}\" or \"credd-{customer}-{role}\""
	s := c.text(f)
	if s == "" {
		return ""
	}
	found := placeholder.FindAllString(s, -1)
	for _, p := range found {
		if p != "{customer}" && p != "{role}" {
			c.fault(f.line, "known are {customer} and {role}", "%s holds %s", f.name, quote(p))
			return ""
		}
	}
	switch {
	case len(found) == 0:
		c.fault(f.line, hint, "%s holds neither {customer} nor {role}, so that all profiles would have one name", f.name)
	case !profileForm.MatchString(placeholder.ReplaceAllString(s, "x")):
		c.fault(f.line, hint, "%s is not of A-Z a-z 0-9 . _ @ + %% : / - and begins with a letter, a digit or a placeholder", f.name)
	case len(s) > maxName:
		c.fault(f.line, hint, "%s is longer than %d bytes", f.name, maxName)
	default:
		return s
	}
	return ""
}

func (c *checker) boolean(f field) bool {
	if f.value.kind != boolean {
		c.fault(f.line, "write "+f.name+" = true or "+f.name+" = false, without quotes", "%s is %s, not true or false", f.name, f.value.kind)
	}
	return f.value.text == "true"
}

func (c *checker) roleARN(f field) string {
	return c.matching(f, roleARNForm, "the ARN of an IAM role, such as arn:aws:iam::012345678901:role/Admin")
}

func (c *checker) url(f field) string {
	s := c.text(f)
	u, err := url.Parse(s)
	if s != "" && (err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http") {
		c.fault(f.line, "", "%s is not a URL such as https://host", f.name) // not quoted: a proxy's may hold a password
		return ""
	}
	return s
}

func (c *checker) path(f field) string {
	s := c.text(f)
	if s != "" && !filepath.IsAbs(s) {
		c.fault(f.line, "", "%s is not an absolute path", f.name)
		return ""
	}
	return s
}

func (c *checker) level(f field) slog.Level {
	var l slog.Level
	switch s := c.text(f); s {
	case "debug", "info", "warn", "error":
		l.UnmarshalText([]byte(s))
	case "":
	default:
		c.fault(f.line, "", "%s is not debug, info, warn or error", f.name)
	}
	return l
}
