// Package console signs a browser in to the AWS Management Console with a role's session: it asks AWS for a sign-in token, makes
// the URL of it, and hands that to a browser. The URL is a secret, as good as the session for the 15 minutes that it works.
package console

import (
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"credd/internal/agent/cred"
	"credd/internal/partition"
)

// Error is something that the user asked for and that cannot be.
type Error struct{ Message, Hint string }

func (e *Error) Error() string { return e.Message }

// door is where the sessions of a partition sign in.
type door struct {
	signin  string // the sign-in host; a region other than home stands before it (AWS Sign-In endpoints)
	home    string // the region whose sign-in host has no region, "" if each has one
	mayPost bool   // the session goes in a POST's body; without it in the query of a GET, the way that AWS documents
}

// doors are of the partitions whose hosts AWS documents for anybody. AWS's own toolkits send a POST in aws and aws-cn, and note that
// GovCloud takes none; of the European Sovereign Cloud nothing is said.
var doors = map[string]door{
	"aws":        {"signin.aws.amazon.com", "us-east-1", true},
	"aws-cn":     {"signin.amazonaws.cn", "cn-north-1", true},
	"aws-us-gov": {"signin.amazonaws-us-gov.com", "us-gov-west-1", false},
	"aws-eusc":   {"signin.amazonaws-eusc.eu", "", false},
}

// Site is where the sessions of a role sign in.
type Site struct {
	signin  string // URL of the federation endpoint
	console string // hosts are this one and those below it
	region  string // "": the browser's last one
	mayPost bool
}

// At returns the site of a partition. asked is a region that the user named, usual that of the role, which is left out if it is
// none of the partition's. services is the URL of all services, such as a simulator's, or "".
func At(name, asked, usual, services string) (Site, error) {
	p, known := partition.Named(name)
	d, ok := doors[name]
	if !ok || !known {
		return Site{}, &Error{"the console of partition " + strconv.Quote(name) + " is not known to credd", "sign in to it by its own page"}
	}
	if asked != "" && !p.Has(asked) {
		return Site{}, &Error{strconv.Quote(asked) + " is not a region of partition " + name, "such as --region " + p.First}
	}
	region := asked
	if region == "" && p.Has(usual) {
		region = usual
	}
	at := region
	if at == "" {
		at = p.First
	}
	host := d.signin
	if at != d.home {
		host = at + "." + host
	}
	base := "https://" + host
	if services != "" {
		base = strings.TrimRight(services, "/")
	}
	return Site{base + "/federation", p.Console, region, d.mayPost}, nil
}

const maxService = 64 // bytes of a service's name; far above the longest

var serviceForm = regexp.MustCompile(`^[a-z0-9][a-z0-9-]*$`)

// Destination returns the page to open: of "" the console's home, of a service's name such as s3 its home, of a path the page
// there, and of a URL itself, if it is of this partition's console. A page that names no region gets the site's.
func (s Site) Destination(text string) (string, error) {
	u, err := s.page(text)
	if err != nil {
		return "", err
	}
	if q := u.Query(); s.region != "" && !q.Has("region") {
		more := url.Values{"region": {s.region}}.Encode() // the rest stays as it was written
		u.RawQuery = strings.TrimPrefix(u.RawQuery+"&"+more, "&")
	}
	return u.String(), nil
}

func (s Site) page(text string) (*url.URL, error) {
	const maxPage = 2000 // bytes; the URL around it is to fit what proxies take
	bad := func(why string) (*url.URL, error) {
		return nil, &Error{fmt.Sprintf("the destination %.100q %s", text, why), "a service such as s3, a path such as /s3/home, or a URL such as https://" + s.console + "/s3/home"}
	}
	if len(text) > maxPage {
		return bad("is longer than " + strconv.Itoa(maxPage) + " bytes")
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '\\' }) {
		return bad("holds a blank, a backslash or what is not ASCII")
	}
	home := &url.URL{Scheme: "https", Host: s.console}
	switch {
	case text == "":
		text = "/console/home"
	case len(text) <= maxService && serviceForm.MatchString(text):
		text = "/" + text + "/home"
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return bad("is not a path or a URL")
	case strings.HasPrefix(text, "/") && u.Host == "" && !strings.HasPrefix(text, "//"):
		return home.ResolveReference(u), nil
	case u.Scheme != "https" || u.Opaque != "":
		return bad("is not a service, a path or an https URL")
	case u.User != nil || u.Host != u.Hostname():
		return bad("has more than a host before its path")
	case u.Host != s.console && !strings.HasSuffix(u.Host, "."+s.console):
		return bad("is not of the console at " + s.console)
	}
	return u, nil
}

// URL is what signs the browser that opens it in. It works once, for 15 minutes.
func (s Site) URL(destination string, token cred.Secret) cred.Secret {
	return cred.NewSecret(s.signin + "?" + url.Values{
		"Action":      {"login"},
		"Issuer":      {"credd"},
		"Destination": {destination},
		"SigninToken": {token.Reveal()},
	}.Encode())
}
