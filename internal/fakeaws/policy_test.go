package fakeaws

import (
	"fmt"
	"strings"
	"testing"
)

// trust returns a policy of one statement that allows AssumeRole to everyone, with more members.
func trust(members string) string {
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"%s}}`, members)
}

var goodPolicies = map[string]string{
	"one statement":        trust(""),
	"usual":                TrustPolicy("arn:aws:iam::210987654321:root", externalID),
	"account ID":           TrustPolicy("210987654321", ""),
	"session":              TrustPolicy("arn:aws:sts::210987654321:assumed-role/Admin/dev", ""),
	"China":                TrustPolicy("arn:aws-cn:iam::210987654321:role/path/Admin", ""),
	"boolean":              trust(`,"Condition":{"Bool":{"aws:MultiFactorAuthPresent":true}}`),
	"boolean as text":      trust(`,"Condition":{"Bool":{"aws:multifactorauthpresent":"True"}}`),
	"list of values":       trust(`,"Condition":{"IpAddress":{"aws:SourceIp":["192.0.2.0/24","2001:db8::1"]}}`),
	"id and sid":           `{"Id":"a","Version":"2012-10-17","Statement":[{"Sid":"b","Effect":"Deny","Principal":{"AWS":["*"]},"Action":["sts:TagSession","STS:SetSourceIdentity"]}]}`,
	"provider":             `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::012345678901:oidc-provider/ci.example.com/a"},"Action":"sts:AssumeRoleWithWebIdentity"}}`,
	"two operators":        trust(`,"Condition":{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/a/*"},"StringEquals":{"sts:ExternalId":"x"}}`),
	"space around":         "\n " + trust("") + "\n",
	"no condition in list": trust(`,"Condition":{}`),
}

var badPolicies = map[string]struct{ text, part string }{
	"empty":              {"", "not a JSON object"},
	"no object":          {`[]`, "not a JSON object"},
	"cut":                {trust("")[:40], "not valid JSON"},
	"more behind":        {trust("") + "{}", "something follows"},
	"no version":         {`{"Statement":[]}`, "Version"},
	"old version":        {strings.Replace(trust(""), "2012-10-17", "2008-10-17", 1), "Version"},
	"no statement":       {`{"Version":"2012-10-17","Statement":[]}`, "no statement"},
	"missing statement":  {`{"Version":"2012-10-17"}`, "not a JSON object"},
	"unknown member":     {trust(`,"Resource":"*"`), `"Resource" is not supported`},
	"wrong case":         {strings.Replace(trust(""), "Effect", "effect", 1), `"effect" is not supported`},
	"member twice":       {trust(`,"Effect":"Deny"`), `"Effect" appears twice`},
	"wrong effect":       {strings.Replace(trust(""), "Allow", "allow", 1), "Effect"},
	"no principal":       {`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole"}}`, "Principal"},
	"service":            {strings.Replace(trust(""), `"*"`, `{"Service":"ec2.amazonaws.com"}`, 1), `"Service" is not supported`},
	"wildcard principal": {TrustPolicy("arn:aws:iam::210987654321:user/*", ""), "invalid principal"},
	"empty principal":    {strings.Replace(trust(""), `"*"`, `{}`, 1), "names nobody"},
	"federated user":     {strings.Replace(trust(""), `"*"`, `{"Federated":"`+userARN+`"}`, 1), "invalid principal"},
	"group":              {TrustPolicy("arn:aws:iam::210987654321:group/admins", ""), "invalid principal"},
	"short account":      {TrustPolicy("21098765432", ""), "invalid principal"},
	"no action":          {`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":[]}}`, "Action"},
	"other action":       {strings.Replace(trust(""), "sts:AssumeRole", "sts:*", 1), `"sts:*" is not supported`},
	"unknown operator":   {trust(`,"Condition":{"NumericEquals":{"sts:ExternalId":"1"}}`), `"NumericEquals" is not supported`},
	"operator and key":   {trust(`,"Condition":{"Bool":{"sts:ExternalId":"x"}}`), `Bool on "sts:ExternalId" is not supported`},
	"unknown key":        {trust(`,"Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}`), "is not supported"},
	"null condition":     {trust(`,"Condition":null`), "not a JSON object"},
	"no value":           {trust(`,"Condition":{"StringEquals":{"sts:ExternalId":[]}}`), "not a list"},
	"null value":         {trust(`,"Condition":{"StringEquals":{"sts:ExternalId":[null]}}`), "not a string"},
	"variable":           {trust(`,"Condition":{"StringLike":{"aws:PrincipalArn":"arn:aws:iam::1:user/${aws:username}"}}`), "policy variable"},
	"neither true":       {trust(`,"Condition":{"Bool":{"aws:MultiFactorAuthPresent":"yes"}}`), "neither true nor false"},
	"no address":         {trust(`,"Condition":{"IpAddress":{"aws:SourceIp":"192.0.2.0/33"}}`), "no IP address"},
	"no ARN":             {trust(`,"Condition":{"ArnLike":{"aws:PrincipalArn":"*"}}`), "not an ARN"},
}

func TestParsePolicy(t *testing.T) {
	for name, text := range goodPolicies {
		if _, err := parsePolicy(text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, tt := range badPolicies {
		if _, err := parsePolicy(tt.text); err == nil || !strings.Contains(err.Error(), tt.part) {
			t.Errorf("%s: error is %v, want one with %q", name, err, tt.part)
		}
	}
}

func FuzzParsePolicy(f *testing.F) {
	for _, text := range goodPolicies {
		f.Add(text)
	}
	for _, tt := range badPolicies {
		f.Add(tt.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := parsePolicy(text)
		if err != nil {
			return
		}
		for _, st := range p {
			if len(st.actions) == 0 || len(st.principals) == 0 {
				t.Errorf("%s: a statement without action or principal", text)
			}
			for _, c := range st.conditions {
				if len(c.matches) == 0 || c.holds(map[string]string{}) && !c.negated && !c.ifExists && c.null != "true" {
					t.Errorf("%s: a condition that asks for nothing", text)
				}
			}
		}
	})
}

func TestAllows(t *testing.T) {
	user := &identity{arn: userARN, principal: userARN, partition: "aws", account: "210987654321"}
	session := &identity{
		arn:       "arn:aws:sts::210987654321:assumed-role/AWSReservedSSO_Admin_1f/dev@host",
		principal: "arn:aws:iam::210987654321:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Admin_1f",
		partition: "aws", account: "210987654321", token: "t",
	}
	sso := `,"Condition":{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_Admin_*"}}`
	denyDev := `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Principal":{"AWS":"210987654321"},"Action":"sts:AssumeRole"},
		{"Effect":"Deny","Principal":{"AWS":"` + userARN + `"},"Action":"sts:AssumeRole"}]}`
	for name, tt := range map[string]struct {
		policy string
		who    *identity
		want   bool
	}{
		"user":                    {TrustPolicy(userARN, ""), user, true},
		"another user":            {TrustPolicy(otherARN, ""), user, false},
		"root":                    {TrustPolicy("arn:aws:iam::210987654321:root", ""), user, true},
		"root of another":         {TrustPolicy("arn:aws:iam::012345678901:root", ""), user, false},
		"root in another aws":     {TrustPolicy("arn:aws-cn:iam::210987654321:root", ""), user, false},
		"account":                 {TrustPolicy("210987654321", ""), session, true},
		"role of session":         {TrustPolicy(session.principal, ""), session, true},
		"session":                 {TrustPolicy(session.arn, ""), session, true},
		"everyone":                {TrustPolicy("*", ""), user, true},
		"SSO role by pattern":     {trust(sso), session, true},
		"user by SSO pattern":     {trust(sso), user, false},
		"deny wins":               {denyDev, user, false},
		"deny of someone else":    {denyDev, session, true},
		"missing value":           {TrustPolicy("*", externalID), user, false},
		"another action":          {strings.Replace(trust(""), "AssumeRole", "TagSession", 1), user, false},
		"action in another case":  {strings.Replace(trust(""), "sts:AssumeRole", "STS:assumerole", 1), user, true},
		"ArnLike minds colons":    {trust(`,"Condition":{"ArnLike":{"aws:PrincipalArn":"arn:*:*:*:*:user/dev"}}`), user, true},
		"StringLike crosses them": {trust(`,"Condition":{"StringLike":{"aws:PrincipalArn":"arn:*/dev"}}`), user, true},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := parsePolicy(tt.policy)
			if err != nil {
				t.Fatal(err)
			}
			if got := p.allows(tt.who, assumeRole, map[string]string{keyPrincipalARN: tt.who.principal}); got != tt.want {
				t.Errorf("allowed: %t, want %t", got, tt.want)
			}
		})
	}
}

func TestGlob(t *testing.T) {
	for _, tt := range []struct {
		pattern, s string
		want       bool
	}{
		{"", "", true}, {"", "a", false}, {"*", "", true}, {"*", "a/b:c", true}, {"a?c", "abc", true}, {"a?c", "ac", false},
		{"a*c", "abbc", true}, {"a*c", "abbcd", false}, {"a*b*c", "a-b-b-c", true}, {"*a", "aab", false}, {"a**", "a", true},
		{strings.Repeat("*a", 40) + "b", strings.Repeat("a", 5000), false},
	} {
		if got := glob(tt.pattern, tt.s); got != tt.want {
			t.Errorf("glob(%.20q, %.20q) is %t, want %t", tt.pattern, tt.s, got, tt.want)
		}
	}
}

func TestConditions(t *testing.T) {
	user := &identity{arn: userARN, principal: userARN, partition: "aws", account: "210987654321"}
	usual := map[string]string{keyPrincipalARN: userARN, keySourceIP: "192.0.2.7", keyCurrentTime: "2026-11-27T22:00:00.5Z", keyExternalID: "x"}
	for condition, want := range map[string]bool{
		`"DateLessThan":{"aws:CurrentTime":"2026-11-27T22:00:01Z"}`:                                                 true,
		`"DateLessThan":{"aws:CurrentTime":"2026-11-27T22:00:00Z"}`:                                                 false,
		`"DateGreaterThan":{"aws:CurrentTime":"2026-11-27"}`:                                                        true,
		`"DateGreaterThanEquals":{"aws:CurrentTime":"2026-11-28"}`:                                                  false,
		`"DateLessThan":{"aws:TokenIssueTime":"2100-01-01T00:00:00Z"}`:                                              false, // a user's key has none
		`"DateLessThanIfExists":{"aws:TokenIssueTime":"2020-01-01T00:00:00Z"}`:                                      true,
		`"ArnLike":{"aws:PrincipalArn":["arn:aws:iam::*:role/*","arn:aws:iam::210987654321:user/d?v"]}`:             true,
		`"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::210987654321:user/*"}`:                                       true,
		`"ArnNotLike":{"aws:PrincipalArn":["arn:aws:iam::*:role/*","arn:aws:iam::210987654321:user/*"]}`:            false,
		`"StringLike":{"aws:PrincipalArn":["*:user/de?"]}`:                                                          true,
		`"StringNotEquals":{"sts:ExternalId":"y"}`:                                                                  true,
		`"StringNotEquals":{"sts:ExternalId":["y","x"]}`:                                                            false,
		`"StringNotEquals":{"sts:RoleSessionName":"a"}`:                                                             true, // a negation holds without a value
		`"StringEqualsIgnoreCase":{"sts:ExternalId":"X"}`:                                                           true,
		`"NotIpAddress":{"aws:SourceIp":["192.0.2.0/24"]}`:                                                          false,
		`"NotIpAddress":{"aws:SourceIp":["198.51.100.0/24"]}`:                                                       true,
		`"Bool":{"aws:MultiFactorAuthPresent":"false"}`:                                                             false,
		`"BoolIfExists":{"aws:MultiFactorAuthPresent":"true"}`:                                                      true,
		`"Null":{"aws:MultiFactorAuthPresent":"true"}`:                                                              true,
		`"Null":{"sts:ExternalId":true}`:                                                                            false,
		`"Null":{"sts:ExternalId":"false"},"IpAddress":{"aws:SourceIp":"192.0.2.0/24","AWS:SOURCEIP":"10.0.0.0/8"}`: false,
	} {
		p, err := parsePolicy(trust(`,"Condition":{` + condition + `}`))
		if err != nil {
			t.Errorf("%s: %v", condition, err)
		} else if got := p.allows(user, assumeRole, usual); got != want {
			t.Errorf("%s holds: %t, want %t", condition, got, want)
		}
	}
}

func TestGrants(t *testing.T) {
	statement := func(members string) string { return policyStart + `{"Effect":"Allow",` + members + `}}` }
	for _, tt := range []struct{ policy, action, resource, want string }{
		{statement(`"Action":"s3:Get*","Resource":"*"`), "S3:getObject", "arn:aws:s3:::a/b", allowed},
		{statement(`"Action":["ec2:*","s3:?etObject"],"Resource":"arn:aws:s3:::a/*"`), "s3:GetObject", "arn:aws:s3:::a/b", allowed},
		{statement(`"Action":"s3:*","Resource":"arn:aws:s3:::a/*"`), "s3:GetObject", "arn:aws:s3:::A/b", implicitDeny},
		{statement(`"Action":"s3:*","Resource":"arn:aws:s3:::a/*"`), "s3:GetObject", "*", implicitDeny},
		{statement(`"NotAction":"iam:*","Resource":"*"`), "iam:GetRole", "*", implicitDeny},
		{statement(`"NotAction":"iam:*","Resource":"*"`), "s3:GetObject", "*", allowed},
		{statement(`"Action":"*","NotResource":"arn:aws:s3:::a"`), "s3:GetObject", "arn:aws:s3:::a", implicitDeny},
		{statement(`"Action":"*","Resource":"*","Condition":{"StringLike":{"s3:prefix":"x*"}}`), "s3:ListBucket", "arn:aws:s3:::a", implicitDeny},
	} {
		g, err := parseGrants(tt.policy)
		if err != nil {
			t.Errorf("%s: %v", tt.policy, err)
		} else if got := g.decide(tt.action, tt.resource, nil); got != tt.want {
			t.Errorf("%s: %s on %s is %s, want %s", tt.policy, tt.action, tt.resource, got, tt.want)
		}
	}
	for _, bad := range []string{
		`"Action":"s3:*"`, `"Resource":"*"`, `"Action":"s3*","Resource":"*"`, `"Action":"s3:*","Resource":"bucket"`, `"Action":"s3:*","NotAction":"s3:*","Resource":"*"`,
		`"Action":"s3:*","Resource":"*","Principal":"*"`, `"Action":"s3:*","Resource":"arn:aws:s3:::${aws:username}"`, `"Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:SourceIp":"true"}}`,
		`"Action":"s3:*","Resource":"*","Condition":{"Nonsense":{"a:b":"c"}}`,
	} {
		if _, err := parseGrants(statement(bad)); err == nil {
			t.Errorf("%s: no error", bad)
		}
	}
}
