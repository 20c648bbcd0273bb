package fakeaws

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// param is a plain parameter with its limits, in characters.
type param struct {
	name     string
	required bool
	min, max int
	alphabet *regexp.Regexp
}

// roleParams are those of AssumeRole (STS AssumeRole).
var roleParams = []param{
	{"RoleArn", true, 20, 2048, anyText},
	{"RoleSessionName", true, 2, 64, nameText},
	{"ExternalId", false, 2, 1224, regexp.MustCompile(`[\w+=,.@:\/-]*`)},
	{"SourceIdentity", false, 2, 64, nameText},
	{"SerialNumber", false, 9, 256, serialText},
	{"TokenCode", false, 6, 6, codeText},
	{"Policy", false, 1, 2048, policyText},
}

var (
	anyText    = regexp.MustCompile(`[\x{9}\x{A}\x{D}\x{20}-\x{10FFFF}]*`)
	nameText   = regexp.MustCompile(`[\w+=,.@-]*`)
	serialText = regexp.MustCompile(`[\w+=/:,.@-]*`)
	codeText   = regexp.MustCompile(`[\d]*`)
	policyText = regexp.MustCompile(`[\x{9}\x{A}\x{D}\x{20}-\x{FF}]*`)
	tagText    = regexp.MustCompile(`[\p{L}\p{Z}\p{N}_.:/=+\-@]*`)
)

const (
	minDuration = 900 // seconds (STS AssumeRole)
	maxDuration = 43200
	maxPlain    = 129600 // seconds (STS GetSessionToken)
	maxPolicies = 10
	maxTags     = 50
)

// violations collects what is wrong with a request: STS reports all of it at once.
type violations []string

func (v *violations) add(value, member, constraint string) {
	*v = append(*v, fmt.Sprintf("Value '%s' at '%s' failed to satisfy constraint: %s", value, member, constraint))
}

// text checks length and alphabet, which is one class of characters repeated: it fits if it matches all of the value.
func (v *violations) text(value, member string, shortest, longest int, alphabet *regexp.Regexp) {
	n := utf8.RuneCountInString(value)
	switch {
	case n < shortest:
		v.add(value, member, "Member must have length greater than or equal to "+strconv.Itoa(shortest))
	case n > longest:
		v.add(value, member, "Member must have length less than or equal to "+strconv.Itoa(longest))
	case alphabet.FindString(value) != value:
		v.add(value, member, "Member must satisfy regular expression pattern: "+alphabet.String())
	}
}

func (v violations) err() error {
	if len(v) == 0 {
		return nil
	}
	plural := "s"
	if len(v) == 1 {
		plural = ""
	}
	return invalid("%d validation error%s detected: %s", len(v), plural, strings.Join(v, "; "))
}

func invalid(format string, args ...any) error {
	return &apiError{http.StatusBadRequest, "ValidationError", fmt.Sprintf(format, args...)}
}

// checkParams checks each parameter of a request for a session by itself. longest is in seconds.
func checkParams(form url.Values, params []param, longest int) error {
	v := checkPlain(form, params)
	if value := form.Get("DurationSeconds"); form.Has("DurationSeconds") {
		switch n, err := strconv.Atoi(value); {
		case err != nil:
			v.add(value, "durationSeconds", "Member must be an integer")
		case n < minDuration:
			v.add(value, "durationSeconds", "Member must have value greater than or equal to "+strconv.Itoa(minDuration))
		case n > longest:
			v.add(value, "durationSeconds", "Member must have value less than or equal to "+strconv.Itoa(longest))
		}
	}
	checkLists(&v, form)
	return v.err()
}

func checkPlain(form url.Values, params []param) violations {
	var v violations
	for _, p := range params {
		member := strings.ToLower(p.name[:1]) + p.name[1:]
		switch {
		case form.Has(p.name):
			v.text(form.Get(p.name), member, p.min, p.max, p.alphabet)
		case p.required:
			v = append(v, "Value null at '"+member+"' failed to satisfy constraint: Member must not be null")
		}
	}
	return v
}

func checkLists(v *violations, form url.Values) {
	arns := policyARNs(form)
	if len(arns) > maxPolicies {
		v.add(fmt.Sprint(arns), "policyArns", "Member must have length less than or equal to "+strconv.Itoa(maxPolicies))
	}
	for i, a := range arns {
		v.text(a, fmt.Sprintf("policyArns.%d.member.arn", i+1), 20, 2048, anyText)
	}
	tags := formTags(form)
	if len(tags) > maxTags {
		v.add(fmt.Sprintf("%d tags", len(tags)), "tags", "Member must have length less than or equal to "+strconv.Itoa(maxTags))
	}
	for i, t := range tags {
		v.text(t.key, fmt.Sprintf("tags.%d.member.key", i+1), 1, 128, tagText)
		v.text(t.value, fmt.Sprintf("tags.%d.member.value", i+1), 0, 256, tagText)
	}
}

// duration returns the asked-for length of a session, or usual where none is asked for. The form was checked.
func duration(form url.Values, usual time.Duration) time.Duration {
	seconds, err := strconv.Atoi(form.Get("DurationSeconds"))
	if err != nil {
		return usual
	}
	return time.Duration(seconds) * time.Second
}

type tag struct{ key, value string }

func formTags(form url.Values) []tag {
	var tags []tag
	for i, key := range members(form, "Tags.member.%d.Key") {
		tags = append(tags, tag{key, form.Get(fmt.Sprintf("Tags.member.%d.Value", i+1))})
	}
	return tags
}

func policyARNs(form url.Values) []string { return members(form, "PolicyArns.member.%d.arn") }

// members returns a list of the query protocol, whose items are numbered from 1.
func members(form url.Values, name string) []string {
	var all []string
	for i := 1; form.Has(fmt.Sprintf(name, i)); i++ {
		all = append(all, form.Get(fmt.Sprintf(name, i)))
	}
	return all
}
