package verify

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"credd/internal/agent/cred"
	"credd/internal/customer/invite"
)

const (
	us       = "210987654321"
	them     = "012345678901"
	idIs     = `"StringEquals":{"sts:ExternalId":"` + canary + `"}`
	narrowed = `"ArnLike":{"aws:PrincipalArn":["arn:aws:iam::210987654321:role/aws-reserved/*"]}`
)

// allows is a statement of a trust policy.
func allows(principal string, conditions ...string) string {
	return fmt.Sprintf(`{"Effect":"Allow","Principal":%s,"Action":"sts:AssumeRole","Condition":{%s}}`, principal, strings.Join(conditions, ","))
}

func document(statements ...string) string {
	return `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
}

func TestTrust(t *testing.T) {
	const root = `{"AWS":"arn:aws:iam::210987654321:root"}`
	for name, tt := range map[string]struct {
		document string
		outcome  Outcome
		text     string // behind "the trust policy "
	}{
		"as invited":             {document(allows(root, idIs, narrowed)), OK, "lets in 1 principal of our account; requires the external ID"},
		"exact":                  {document(allows(`{"AWS":["`+ours+`"]}`, idIs)), OK, "lets in " + ours + "; requires the external ID"},
		"one statement, no list": {`{"Statement":` + allows(root, idIs, narrowed) + `}`, OK, "lets in 1 principal of our account; requires the external ID"},
		"with MFA": {document(allows(root, idIs, narrowed, `"Bool":{"aws:MultiFactorAuthPresent":true}`)), OK,
			"lets in 1 principal of our account; requires the external ID; asks for MFA"},
		"any of ours": {document(allows(`{"AWS":"210987654321"}`, idIs)), Note,
			"lets in whomever our account lets assume roles, and no aws:PrincipalArn narrows that; requires the external ID"},
		"everyone": {document(allows(`"*"`, idIs)), Failed, "lets in everyone (*), not our account alone; requires the external ID"},
		"everyone, by AWS": {document(allows(`{"AWS":"*"}`)), Failed,
			"lets in everyone (*), not our account alone; has a statement for us that does not need the external ID"},
		"everyone narrowed":        {document(allows(`{"AWS":"*"}`, idIs, narrowed)), Note, "names everyone (*), narrowed by aws:PrincipalArn; requires the external ID"},
		"everyone narrowed to all": {document(allows(`"*"`, idIs, `"StringLike":{"aws:PrincipalArn":"*"}`)), Failed, "lets in everyone (*), not our account alone; requires the external ID"},
		"everyone of a name":       {document(allows(`"*"`, idIs, `"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/x"}`)), Failed, "lets in everyone (*), not our account alone; requires the external ID"},
		"everyone of us":           {document(allows(`"*"`, idIs, `"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::210987654321:*"}`)), Note, "names everyone (*), narrowed by aws:PrincipalArn; requires the external ID"},
		"any of ours, in other words": {document(allows(root, idIs, `"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::210987654321:*"}`)), Note,
			"lets in whomever our account lets assume roles, and no aws:PrincipalArn narrows that; requires the external ID"},
		"everyone by a variable": {document(allows(`"*"`, idIs, `"ArnLike":{"aws:PrincipalArn":"${aws:PrincipalArn}"}`)), Failed, "lets in everyone (*), not our account alone; requires the external ID"},
		"everyone by an account that is a variable": {document(allows(`"*"`, idIs, `"StringLike":{"aws:PrincipalAccount":"${aws:PrincipalAccount}"}`)), Failed,
			"lets in everyone (*), not our account alone; requires the external ID"},
		"any of ours by a variable": {document(allows(root, idIs, `"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::210987654321:${aws:PrincipalTag/x}"}`)), Note,
			"lets in whomever our account lets assume roles, and no aws:PrincipalArn narrows that; requires the external ID"},
		"any role of ours": {document(allows(root, idIs, `"ArnLike":{"aws:PrincipalArn":["arn:aws:iam::210987654321:role/*"]}`)), Note,
			"lets in whomever our account lets assume roles, and no aws:PrincipalArn narrows that; requires the external ID"},
		"a variable": {document(allows(root, narrowed, `"StringEquals":{"sts:ExternalId":["`+canary+`","${sts:ExternalId}"]}`)), Failed,
			"takes external IDs that a variable stands for, not the one alone; lets in 1 principal of our account"},
		"later, by a variable": {document(allows(root, narrowed, idIs), allows(root, narrowed, `"StringEquals":{"sts:ExternalId":"${sts:ExternalId}"},"DateGreaterThan":{"aws:CurrentTime":"2030-01-01T00:00:00Z"}`)), Failed,
			"takes external IDs that a variable stands for, not the one alone; lets in 1 principal of our account; requires the external ID"},
		"everyone but one":           {document(`{"Effect":"Allow","NotPrincipal":{"AWS":"999999999999"},"Action":"sts:*","Condition":{` + idIs + `}}`), Failed, "lets in everyone (*), not our account alone; requires the external ID"},
		"no external ID":             {document(allows(root, narrowed)), Failed, "has a statement for us that does not need the external ID; lets in 1 principal of our account"},
		"if it exists":               {document(allows(root, narrowed, strings.Replace(idIs, "Equals", "EqualsIfExists", 1))), Failed, "has a statement for us that does not need the external ID; lets in 1 principal of our account"},
		"for all values":             {document(allows(root, narrowed, strings.Replace(idIs, "String", "ForAllValues:String", 1))), Failed, "has a statement for us that does not need the external ID; lets in 1 principal of our account"},
		"not that one":               {document(allows(root, narrowed, `"StringNotEquals":{"sts:ExternalId":"x"}`)), Failed, "has a statement for us that does not need the external ID; lets in 1 principal of our account"},
		"a pattern":                  {document(allows(root, narrowed, `"StringLike":{"sts:externalid":"canary-*"}`)), Failed, "takes external IDs of a pattern, not the one alone; lets in 1 principal of our account"},
		"a pattern without wildcard": {document(allows(root, narrowed, strings.Replace(idIs, "Equals", "Like", 1))), OK, "lets in 1 principal of our account; requires the external ID"},
		"another": {document(allows(root, narrowed, `"StringEquals":{"sts:ExternalId":"canary-other"}`)), Note,
			"has a statement for us with another external ID than the one here; lets in 1 principal of our account"},
		"two": {document(allows(root, narrowed, `"StringEquals":{"sts:ExternalId":["canary-other","`+canary+`"]}`)), Note,
			"takes other external IDs beside the one here; lets in 1 principal of our account"},
		"other accounts": {document(allows(root, narrowed, idIs), allows(`{"AWS":["arn:aws:iam::999999999999:root","012345678901"],"Service":"ec2.amazonaws.com"}`)), Note,
			"lets in account 999999999999; lets in its own account 012345678901; lets in ec2.amazonaws.com; lets in 1 principal of our account; requires the external ID"},
		"who is gone":  {document(allows(root, narrowed, idIs), allows(`{"AWS":"AIDAEXAMPLE"}`)), Note, "lets in a principal that is gone; lets in 1 principal of our account; requires the external ID"},
		"a provider":   {document(allows(root, narrowed, idIs), `{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::012345678901:saml-provider/x"},"Action":"sts:AssumeRoleWithSAML"}`), Note, "lets in arn:aws:iam::012345678901:saml-provider/x; lets in 1 principal of our account; requires the external ID"},
		"an ID inside": {document(allows(`{"Service":"`+canary+`.example"}`, idIs)), Note, "lets in ….example"},
		"a deny":       {document(allows(root, narrowed, idIs), `{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole"}`), OK, "lets in 1 principal of our account; requires the external ID"},
		"nobody":       {document(`{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole"}`), Unknown, "lets nobody in that is known here"},
		"no JSON":      {"canary-", Unknown, "could not be understood"},
		"odd values":   {document(`{"Effect":"Allow","Principal":7,"Action":{},"Condition":[]}`), Unknown, "could not be understood"},
	} {
		o, text := readTrust(tt.document, us, them, cred.NewSecret(canary))
		if want := "the trust policy " + tt.text; o != tt.outcome || text != want {
			t.Errorf("%s: got %s %q, want %s %q", name, o, text, tt.outcome, want)
		}
	}
	if o, text := readTrust(document(allows(root, narrowed)), us, them, cred.Secret{}); o != Note || text != "the trust policy asks for no external ID; lets in 1 principal of our account" {
		t.Errorf("got %s %q", o, text)
	}
	long := document(allows(`{"AWS":["`+strings.Join(strings.Split(strings.Repeat("999999999999:", 1), ":"), `","`)+`"]}`), allows(`{"Service":"`+strings.Repeat("é", 9000)+`"}`))
	if _, text := readTrust(long, us, them, cred.Secret{}); len(text) > longestText+len("…") {
		t.Errorf("got %d bytes", len(text))
	}
}

func FuzzTrust(f *testing.F) {
	f.Add(document(allows(`"*"`, idIs)))
	f.Add(`{"Statement":{"Effect":"Allow","Action":["sts:A*e?ole*"],"NotAction":"x","NotPrincipal":{"AWS":"*"}}}`)
	f.Fuzz(func(t *testing.T, document string) {
		o, text := readTrust(document, us, them, cred.NewSecret(canary))
		if strings.Contains(text, canary) || text == "" || o == "" {
			t.Errorf("got %s %q", o, text)
		}
	})
}

func TestMatches(t *testing.T) {
	for _, tt := range []struct {
		pattern, text string
		want          bool
	}{
		{"sts:assumerole", "sts:assumerole", true}, {"sts:*", "sts:assumerole", true}, {"*", "", true}, {"", "", true}, {"", "a", false},
		{"s?s:a*", "sts:assumerole", true}, {"*role", "sts:assumerole", true}, {"*x*", "sts:assumerole", false}, {"a*b*c", "aXbXbc", true},
		{"sts:assumerol", "sts:assumerole", false}, {"sts:assumerole?", "sts:assumerole", false}, {"**", "a", true},
	} {
		if got := matches(tt.pattern, tt.text); got != tt.want {
			t.Errorf("%q, %q: got %v", tt.pattern, tt.text, got)
		}
	}
	start := time.Now()
	if matches(strings.Repeat("*a", 1000)+"b", strings.Repeat("a", 2000)) || time.Since(start) > 2*time.Second {
		t.Errorf("took %v", time.Since(start))
	}
}

func TestInvited(t *testing.T) {
	policy := func(actions string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":` + actions + `,"Resource":"*"}]}`
	}
	for name, tt := range map[string]struct {
		ongoing invite.Permissions
		setup   string
		want    string
	}{
		"apart":                 {invite.Permissions{Policy: policy(`"s3:GetObject"`)}, `["s3:PutObject","s3:GetObject"]`, "s3:PutObject"},
		"a wildcard of ongoing": {invite.Permissions{Policy: policy(`"S3:*"`)}, `["s3:PutObject","sqs:CreateQueue"]`, "sqs:CreateQueue"},
		"all":                   {invite.Permissions{Policy: policy(`"*"`)}, `["s3:PutObject"]`, ""},
		"all but":               {invite.Permissions{Policy: `{"Statement":{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}}`}, `["s3:PutObject","iam:CreateRole"]`, "iam:CreateRole"},
		"for looking around":    {invite.Permissions{Managed: []string{"ReadOnlyAccess"}}, `["s3:GetObject","s3:PutObject"]`, "s3:PutObject"},
		"denied for good":       {invite.Permissions{Policy: `{"Statement":{"Effect":"Deny","Action":"s3:Put*","Resource":"arn:aws:s3:::x/*"}}`}, `["s3:PutObject","sqs:CreateQueue"]`, "sqs:CreateQueue"},
		"for administrators":    {invite.Permissions{Managed: []string{"AdministratorAccess"}}, `["s3:PutObject"]`, ""},
	} {
		var r Role
		r.Invited(invite.Terms{Ongoing: tt.ongoing, Setup: &invite.Permissions{Policy: policy(tt.setup)}})
		if got := named(r.Setup); got != tt.want || !r.TwoPhases {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
}
