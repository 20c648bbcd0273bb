package roster

import (
	"encoding/json"
	"fmt"
	"iter"
	"log/slog"
	"net/url"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// The limits of AWS, with their sources.
const (
	minDuration = 15 * time.Minute // DurationSeconds 900 (STS AssumeRole)
	maxDuration = 12 * time.Hour   // 43200
	chainedMax  = time.Hour        // role chaining

	maxPolicy     = 2048 // characters of an inline session policy
	maxPolicyARNs = 10
	maxTags       = 50
	maxExternalID = 1224
	maxTagKey     = 128
	maxTagValue   = 256
)

const maxName = 128 // bytes of a customer's or a role's name; both with the slash fit ipc.MaxRole

var (
	nameForm       = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@+=,-]*$`)
	roleForm       = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@+=,-]*(/[A-Za-z0-9._@+=,-]+)*$`)
	accountForm    = regexp.MustCompile(`^[0-9]{12}$`)
	externalIDForm = regexp.MustCompile(`^[\w+=,.@:/-]{2,}$`) // up to maxExternalID
	identityForm   = regexp.MustCompile(`^[\w+=,.@-]{2,64}$`)
	regionForm     = regexp.MustCompile(`^[a-z]{2,}(-[a-z]+)+-[0-9]+$`)
	roleARNForm    = regexp.MustCompile(`^arn:(aws[a-z-]*):iam::([0-9]{12}):role/([\w+=,.@/-]*[\w+=,.@-])$`)
	policyARNForm  = regexp.MustCompile(`^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[\w+=,.@/-]+$`)
	tagForm        = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+@-]*$`)
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

func (c *checker) account(f field) string {
	return c.matching(f, accountForm, "an account ID of 12 digits")
}

func (c *checker) region(f field) string {
	return c.matching(f, regionForm, "a region such as eu-west-1")
}

// externalID is not quoted in its fault: it identifies us to the customer.
func (c *checker) externalID(f field) string {
	const want = "2 to 1224 characters of A-Z a-z 0-9 _ + = , . @ : / - (STS AssumeRole)"
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

func (c *checker) policy(f field) string {
	s := c.text(f)
	var object map[string]any
	switch {
	case s == "":
	case len(s) > maxPolicy:
		c.fault(f.line, "move it into a managed policy and name that in policy_arns", "%s is longer than %d characters (STS AssumeRole)", f.name, maxPolicy)
	case json.Unmarshal([]byte(s), &object) != nil:
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

// quote shows a text in a message, cut and without control characters.
func quote(s string) string {
	const most = 60
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return strconv.Quote(s)
}

func itoa(n int) string { return strconv.Itoa(n) }

// cutRole splits customer/role at the first slash.
func cutRole(name string) (customer, role string, ok bool) { return strings.Cut(name, "/") }

type unknownRoleError struct{ name, nearest string }

func (e *unknownRoleError) Unwrap() error { return ErrUnknownRole }
func (e *unknownRoleError) Error() string {
	if e.nearest != "" {
		return fmt.Sprintf("no such role: %s (did you mean %s?)", quote(e.name), e.nearest)
	}
	return "no such role: " + quote(e.name)
}

func unknownRole(name string, known iter.Seq[string]) error {
	return &unknownRoleError{name, nearest(name, known)}
}

// nearest returns the known name that is at most two typos away, "" if there is none.
func nearest(name string, known iter.Seq[string]) string {
	best, least := "", 3
	if len(name) > 2*maxName {
		return ""
	}
	for k := range known {
		if d := len(k) - len(name); d > 2 || d < -2 {
			continue
		}
		if d := typos(name, k); d < least || d == least && best != "" && k < best {
			best, least = k, d
		}
	}
	return best
}

// typos is the Levenshtein distance of two names.
func typos(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
