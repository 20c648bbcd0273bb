package fakeaws

import (
	"encoding/hex"
	"encoding/xml"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// The example key of AWS's own documentation of Signature Version 4.
func TestSigningKey(t *testing.T) {
	got := hex.EncodeToString(signingKey("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "20150830", "us-east-1", "iam"))
	if want := "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"; got != want {
		t.Errorf("signing key is %s, want %s", got, want)
	}
}

func parseError(t *testing.T, body string) errorResponse {
	t.Helper()
	var e errorResponse
	if err := xml.Unmarshal([]byte(body), &e); err != nil {
		t.Fatalf("answer is no error: %v\n%s", err, body)
	}
	return e
}

func TestSignatures(t *testing.T) {
	s, key := start(t)
	edit := func(old, new string) func(*http.Request) {
		return func(r *http.Request) {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), old, new, 1))
		}
	}
	day := s.Now().UTC().Format("20060102")
	for name, tt := range map[string]struct {
		sig    signature
		status int
		code   string
		part   string
	}{
		"right":            {signature{}, 200, "", ""},
		"another region":   {signature{region: "us-gov-west-1"}, 200, "", ""},
		"no region":        {signature{region: "aws-global"}, 403, "SignatureDoesNotMatch", "valid region"},
		"another service":  {signature{service: "iam"}, 403, "SignatureDoesNotMatch", "correct service: 'sts'"},
		"another body":     {signature{tamper: func(r *http.Request) { setBody(r, "Action=AssumeRole&Version=2011-06-15") }}, 403, "SignatureDoesNotMatch", "does not match"},
		"another host":     {signature{tamper: func(r *http.Request) { r.Host = "example.com" }}, 403, "SignatureDoesNotMatch", "does not match"},
		"another date":     {signature{tamper: func(r *http.Request) { r.Header.Set("X-Amz-Date", s.Now().Add(-time.Minute).UTC().Format(amzTime)) }}, 403, "SignatureDoesNotMatch", "does not match"},
		"another scope":    {signature{tamper: edit("/"+day+"/", "/20150830/")}, 403, "SignatureDoesNotMatch", "'20150830' != '" + day + "'"},
		"host unsigned":    {signature{tamper: edit(";host;", ";")}, 403, "SignatureDoesNotMatch", "'Host' must be"},
		"header added":     {signature{tamper: func(r *http.Request) { r.Header.Set("X-Amz-Target", "x") }}, 403, "SignatureDoesNotMatch", "'x-amz-target' must be"},
		"no date":          {signature{tamper: func(r *http.Request) { r.Header.Del("X-Amz-Date") }}, 400, "IncompleteSignature", "Date must be"},
		"no signature":     {signature{tamper: edit("Signature=", "Sig=")}, 400, "IncompleteSignature", "requires 'Signature'"},
		"no authorization": {signature{tamper: func(r *http.Request) { r.Header.Del("Authorization") }}, 403, "MissingAuthenticationToken", "missing Authentication Token"},
		"a query":          {signature{tamper: func(r *http.Request) { r.URL.RawQuery = "Action=AssumeRole" }}, 400, "InvalidAction", "without a query"},
		"GET":              {signature{tamper: func(r *http.Request) { r.Method = http.MethodGet; setBody(r, "") }}, 400, "InvalidAction", "Only POST"},
	} {
		t.Run(name, func(t *testing.T) {
			tt.sig.key = key
			status, body := post(t, s, whoAmI(), tt.sig)
			if status != tt.status {
				t.Fatalf("status is %d, want %d: %s", status, tt.status, body)
			}
			if status == http.StatusOK {
				return
			}
			if e := parseError(t, body); e.Type != "Sender" || e.Code != tt.code || !strings.Contains(e.Message, tt.part) {
				t.Errorf("error is %s %s: %q, want Sender %s: %q", e.Type, e.Code, e.Message, tt.code, tt.part)
			}
		})
	}
}

func TestUnknownActions(t *testing.T) {
	s, key := start(t)
	for _, action := range []string{"", "GetFederationToken", "assumerole", "ListUsers", "ListAccessKeys"} {
		form := whoAmI()
		form.Set("Action", action)
		status, body := post(t, s, form, signature{key: key})
		if e := parseError(t, body); status != 400 || e.Code != "InvalidAction" {
			t.Errorf("%q: answer is %d %s, want 400 InvalidAction", action, status, e.Code)
		}
	}
	form := whoAmI()
	form.Set("Version", iamVersion)
	if status, body := post(t, s, form, signature{key: key, service: "iam"}); status != 400 || parseError(t, body).Code != "InvalidAction" {
		t.Errorf("IAM's version: answer is %d: %s", status, body)
	}
	if status, body := post(t, s, form, signature{key: key}); status != 403 || parseError(t, body).Message != "Credential should be scoped to correct service: 'iam'. " {
		t.Errorf("IAM's version signed for STS: answer is %d: %s", status, body)
	}
}

var authorizations = map[string]bool{ // header: whether it parses
	"AWS4-HMAC-SHA256 Credential=AKIA/20150830/us-east-1/sts/aws4_request, SignedHeaders=host;x-amz-date, Signature=ab": true,
	"AWS4-HMAC-SHA256 Credential=AKIA/20150830/us-east-1/sts/aws4_request,SignedHeaders=host,Signature=ab":              true,
	"":                   false,
	"Basic dXNlcjpwYXNz": false,
	"AWS4-HMAC-SHA256":   false,
	"AWS4-HMAC-SHA256 Credential=AKIA/20150830/us-east-1/sts/aws4_request, SignedHeaders=host":                                  false,
	"AWS4-HMAC-SHA256 Credential=AKIA/20150830/us-east-1/sts, SignedHeaders=host, Signature=ab":                                 false,
	"AWS4-HMAC-SHA256 Credential=AKIA/20150830/us-east-1/sts/aws5_request, SignedHeaders=host, Signature=ab":                    false,
	"AWS4-HMAC-SHA256 Credential= AKIA/20150830/us-east-1/sts/aws4_request, SignedHeaders, Signature=ab":                        false,
	"AWS4-HMAC-SHA256 Credential=AKIA/20150830/us-east-1/sts/aws4_request, SignedHeaders=x-amz-date;host, Signature=ab":         false,
	"AWS4-HMAC-SHA256 Credential=AKIA/20150830/us-east-1/sts/aws4_request, SignedHeaders=Host, Signature=ab":                    false,
	"AWS4-HMAC-SHA256 Credential=AKIA/20150830/us-east-1/sts/aws4_request, SignedHeaders=host;host, Signature=ab":               false,
	"AWS4-HMAC-SHA256 Credential=AKIA/20150830/us-east-1/sts/aws4_request, SignedHeaders=host, Signature=ab, Signature=cd":      false,
	"AWS4-ECDSA-P256-SHA256 Credential=AKIA/20150830/us-east-1/sts/aws4_request, SignedHeaders=host;x-amz-date, Signature=abcd": false,
}

func TestParseAuthorization(t *testing.T) {
	for header, want := range authorizations {
		a, err := parseAuthorization(header)
		if got := err == nil; got != want {
			t.Errorf("%q parses: %t, want %t (%v)", header, got, want, err)
		}
		if err == nil && (a.keyID != "AKIA" || a.date != "20150830" || a.region != "us-east-1" || a.service != "sts" || a.signature != "ab") {
			t.Errorf("%q is read as %+v", header, a)
		}
	}
}

func FuzzParseAuthorization(f *testing.F) {
	for header := range authorizations {
		f.Add(header)
	}
	f.Fuzz(func(t *testing.T, header string) {
		a, err := parseAuthorization(header)
		if err != nil {
			return
		}
		if a.signature == "" || len(a.signed) == 0 || !slices.IsSorted(a.signed) || slices.Contains(a.signed, "") {
			t.Errorf("%q is read as %+v", header, a)
		}
	})
}
