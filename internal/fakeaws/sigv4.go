package fakeaws

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

const (
	algorithm  = "AWS4-HMAC-SHA256"
	amzTime    = "20060102T150405Z"
	maxSkew    = 15 * time.Minute // SigV4: a signature is good for 15 minutes either way
	terminator = "aws4_request"
)

var validRegion = regexp.MustCompile(`^[a-z]{2,5}(-[a-z]+){1,3}-\d$`)

// authorization is what the Authorization header says.
type authorization struct {
	keyID, date, region, service string
	signed                       []string // header names, lower case and sorted
	signature                    string
}

// parseAuthorization reads `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`.
func parseAuthorization(header string) (authorization, error) {
	var a authorization
	rest, ok := strings.CutPrefix(header, algorithm+" ")
	if !ok {
		return a, incomplete("Authorization header must start with " + algorithm)
	}
	fields := map[string]string{}
	for part := range strings.SplitSeq(rest, ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		if !ok {
			return a, incomplete("Authorization header holds no key=value pair where one must be")
		}
		if _, twice := fields[name]; twice {
			return a, incomplete("Authorization header holds '" + name + "' twice")
		}
		fields[name] = value
	}
	for _, name := range []string{"Credential", "SignedHeaders", "Signature"} {
		if fields[name] == "" {
			return a, incomplete("Authorization header requires '" + name + "' parameter.")
		}
	}
	scope := strings.Split(fields["Credential"], "/")
	if len(scope) != 5 || scope[4] != terminator {
		return a, incomplete("Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term")
	}
	a.keyID, a.date, a.region, a.service = scope[0], scope[1], scope[2], scope[3]
	a.signature = fields["Signature"]
	a.signed = strings.Split(fields["SignedHeaders"], ";")
	for i, name := range a.signed {
		if name == "" || name != strings.ToLower(name) || i > 0 && a.signed[i-1] >= name {
			return a, incomplete("SignedHeaders must be lower case, sorted and without doubles")
		}
	}
	return a, nil
}

func incomplete(message string) error {
	return &apiError{http.StatusBadRequest, "IncompleteSignature", message}
}

func badSignature(format string, args ...any) error {
	return &apiError{http.StatusForbidden, "SignatureDoesNotMatch", fmt.Sprintf(format, args...)}
}

// authenticate returns who signed r for svc. The order of the checks is STS's as far as callers can see it: the clock is
// looked at before the signature, the end of a session after it.
func (s *Server) authenticate(svc service, r *http.Request, body []byte) (*identity, error) {
	header := r.Header.Get("Authorization")
	if header == "" {
		return nil, &apiError{http.StatusForbidden, "MissingAuthenticationToken", "Request is missing Authentication Token"}
	}
	auth, err := parseAuthorization(header)
	if err != nil {
		return nil, err
	}
	now := s.Now().UTC()
	who, ok := s.signer(auth.keyID, r.Header.Get("X-Amz-Security-Token"), now)
	if !ok {
		return nil, badToken(svc.name)
	}
	if err := auth.checkScope(r.Header, svc.name, now); err != nil {
		return nil, err
	}
	want := auth.sign(r, body, who.key.Secret)
	if !hmac.Equal([]byte(auth.signature), []byte(want)) {
		return nil, badSignature("The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.")
	}
	if who.temporary() && !now.Before(who.expires) {
		return nil, &apiError{http.StatusForbidden, "ExpiredToken", "The security token included in the request is expired"}
	}
	s.noteUse(who, lastUse{now, svc.name, auth.region})
	return who, nil
}

// checkScope checks all that needs no key: what must be signed, for whom, and when.
func (a authorization) checkScope(h http.Header, service string, now time.Time) error {
	if !slices.Contains(a.signed, "host") {
		return badSignature("'Host' must be a 'SignedHeader' in the AWS Authorization.")
	}
	for name := range h {
		if name = strings.ToLower(name); strings.HasPrefix(name, "x-amz-") && !slices.Contains(a.signed, name) {
			return badSignature("'%s' must be a 'SignedHeader' in the AWS Authorization.", name)
		}
	}
	if !validRegion.MatchString(a.region) {
		return badSignature("Credential should be scoped to a valid region. ")
	}
	if a.service != service {
		return badSignature("Credential should be scoped to correct service: '%s'. ", service)
	}
	at, err := time.Parse(amzTime, h.Get("X-Amz-Date"))
	if err != nil {
		return incomplete("Date must be in ISO-8601 'basic format'. Got '" + h.Get("X-Amz-Date") + "'.")
	}
	if day := at.Format("20060102"); day != a.date {
		return badSignature("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '%s' != '%s'.", a.date, day)
	}
	return checkSkew(at, now.Truncate(time.Second))
}

func checkSkew(at, now time.Time) error {
	if earliest := now.Add(-maxSkew); at.Before(earliest) {
		return badSignature("Signature expired: %s is now earlier than %s (%s - 15 min.)",
			at.Format(amzTime), earliest.Format(amzTime), now.Format(amzTime))
	}
	if latest := now.Add(maxSkew); at.After(latest) {
		return badSignature("Signature not yet current: %s is still later than %s (%s + 15 min.)",
			at.Format(amzTime), latest.Format(amzTime), now.Format(amzTime))
	}
	return nil
}

// sign returns the signature that r must carry. The server takes only POST / without a query, so that path and query
// need no canonical form.
func (a authorization) sign(r *http.Request, body []byte, secret string) string {
	var b strings.Builder
	b.WriteString("POST\n/\n\n")
	for _, name := range a.signed {
		b.WriteString(name + ":" + canonicalValue(r, name) + "\n")
	}
	b.WriteString("\n" + strings.Join(a.signed, ";") + "\n" + hexSum(body))

	scope := strings.Join([]string{a.date, a.region, a.service, terminator}, "/")
	text := strings.Join([]string{algorithm, r.Header.Get("X-Amz-Date"), scope, hexSum([]byte(b.String()))}, "\n")
	return hex.EncodeToString(mac(signingKey(secret, a.date, a.region, a.service), text))
}

func canonicalValue(r *http.Request, name string) string {
	if name == "host" { // net/http moves it out of the header
		return r.Host
	}
	var values []string
	for _, v := range r.Header.Values(name) {
		values = append(values, strings.Join(strings.Fields(v), " "))
	}
	return strings.Join(values, ",")
}

func signingKey(secret, date, region, service string) []byte {
	key := []byte("AWS4" + secret)
	for _, part := range []string{date, region, service, terminator} {
		key = mac(key, part)
	}
	return key
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

func hexSum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
