package invite

import (
	"fmt"
	"math/rand"
	"strings"
	"testing"
	"time"

	"credd/internal/agent/cred"
)

// testID is an external ID that no other text has.
const testID = "Canary.External=ID+/-1"

func externalIDOf(s string) cred.Secret { return cred.NewSecret(s) }

// plain are terms as most customers get them.
func plain(t *testing.T) *Terms {
	t.Helper()
	p, err := Of([]string{"readonly"}, []string{"arn:aws:s3:::acme-reports"})
	check(t, err)
	return &Terms{
		Service: "northwind", ServiceAccount: "210987654321", Customer: "acme", CustomerName: "Acme Corp", AccountID: "012345678901", Partition: "aws",
		Role: "readonly", RoleName: "northwind-readonly", Path: "/northwind/",
		Principals: []string{"arn:aws:iam::210987654321:role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_CustomerAccess_????????????????"},
		Ongoing:    p, MaxSession: time.Hour, SelfCheck: true,
		Until: time.Date(2027, 3, 31, 0, 0, 0, 0, time.UTC), Invited: time.Date(2026, 11, 27, 9, 0, 0, 0, time.UTC),
		Region: "eu-west-1", Stack: "northwind-readonly",
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// hostile are names that people and programs come up with.
var hostile = []string{
	"Acme Corp", "", " ", "yes", "0123", "~", "null", "2026-11-27", "1e3", "!Ref ExternalId", "&a *a", "- a: b", "# no comment", "a: b # c", "trailing   ", "'", `"`, `\`, "`id`", "$(id)",
	"${AWS::AccountId}", "${var.external_id}", "%{ if true }x%{ endif }", "$${x}", "{{resolve:ssm:/x:1}}", "<script>alert(1)</script>", "line\nbreak\r\n---\n", "tab\there", "\x00\x01\x1b[31mred\x7f",
	"\u202eright to left\u202c", "شركة", "Müller & Söhne GmbH", "東京株式会社", "e\u0301", "\u2028\u2029\ufeff\u00ad\u200b", "\U0001f600 \U000e0041", "\xff\xfe broken", "EOF\nEOF", "file:///etc/passwd",
	strings.Repeat("x", 200), strings.Repeat("é ", 100), strings.Repeat("\u202e", 200), "-o", "--query", "arn:aws:iam::*",
}

// generator makes terms, each kind of them sooner or later.
type generator struct{ *rand.Rand }

// seeded prints its seed where a test fails.
func seeded(t *testing.T) generator {
	seed := time.Now().UnixNano()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the seed was %d", seed)
		}
	})
	return generator{rand.New(rand.NewSource(seed))}
}

func (g generator) maybe() bool { return g.Intn(2) == 0 }

func pick[T any](g generator, from []T) T { return from[g.Intn(len(from))] }

// some are up to n of a list, in an order of their own.
func some[T any](g generator, from []T, n int) (chosen []T) {
	for _, i := range g.Perm(len(from))[:g.Intn(min(n, len(from))+1)] {
		chosen = append(chosen, from[i])
	}
	return chosen
}

var partitionRegions = map[string][]string{
	"aws":    {"us-east-1", "eu-west-1", "ap-southeast-2", "il-central-1", "ca-west-1", "mx-central-1", "me-central-1", "af-south-1", "sa-east-1"},
	"aws-cn": {"cn-north-1", "cn-northwest-1"}, "aws-us-gov": {"us-gov-west-1", "us-gov-east-1"}, "aws-eusc": {"eusc-de-east-1"},
	"aws-iso": {"us-iso-east-1", "us-iso-west-1"}, "aws-iso-b": {"us-isob-east-1"}, "aws-iso-e": {"eu-isoe-west-1"}, "aws-iso-f": {"us-isof-south-1"},
}

// terms are terms that Check takes.
func (g generator) terms(t *testing.T) *Terms {
	t.Helper()
	partition := "aws"
	if g.maybe() {
		partition = pick(g, []string{"aws-cn", "aws-us-gov", "aws-eusc", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f"})
	}
	x := &Terms{
		Service: pick(g, hostile), ServiceAccount: "000000000042", Customer: "acme", CustomerName: pick(g, hostile), AccountID: "012345678901", Partition: partition,
		Role: "r", RoleName: pick(g, []string{"readonly", "a", "yes", "0123", "=+,.@_-", strings.Repeat("R", 64), "off"}),
		Path:       pick(g, []string{"", "/", "/northwind/", "/a/b/c/", "/0!#%&()+,-./:;=@[]^_`|~/", "/" + strings.Repeat("p", 400) + "/"}),
		MaxSession: time.Hour + time.Duration(g.Intn(11*3600+1))*time.Second,
		MFA:        g.maybe(), SessionTags: g.maybe(), SourceIdentity: g.maybe(), SelfCheck: g.maybe(),
		Region: pick(g, partitionRegions[partition]), Stack: pick(g, []string{"a", "northwind-acme", "Yes", strings.Repeat("s", 128)}),
		Invited: time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC),
	}
	us := "arn:" + partition + ":iam::" + x.ServiceAccount + ":"
	if x.Exact = g.maybe(); x.Exact {
		x.Principals = []string{us + pick(g, []string{"user/work", "role/a/b/c@=,.+-_"})}
	} else {
		x.Principals = append([]string{us + "role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_A_????????????????"}, some(g, []string{us + "user/*", us + "*", us + "role/x/*"}, 3)...)
	}
	if g.maybe() {
		x.Until = x.Invited.Add(time.Duration(1+g.Intn(1e6)) * time.Minute).In(time.FixedZone("", 3600*g.Intn(10)))
	}
	if g.maybe() {
		x.Boundary = "arn:" + partition + ":iam::" + pick(g, []string{"aws", x.AccountID}) + ":policy/" + pick(g, []string{"Limit", "job-function/ViewOnlyAccess", "a/b/c@=+,."})
	}
	x.SourceIPs = some(g, []string{"192.0.2.0/24", "2001:db8::/32", "0.0.0.0/0", "::/0", "198.51.100.7/32"}, 5)
	if g.maybe() {
		x.Tags = map[string]string{}
		for i := range g.Intn(8) {
			x.Tags[fmt.Sprintf("%d %s", i, pick(g, hostile))] = pick(g, hostile)
		}
	}
	x.Ongoing = g.permissions(t, partition)
	if g.maybe() {
		setup := Join(g.permissions(t, partition), g.policy(t, partition))
		x.Setup = &setup
	}
	check(t, x.Check())
	return x
}

// arns are of each kind of resource that presets know.
func arns(partition string) (all []string) {
	for _, s := range []string{"s3:::bucket", "s3:::bucket/key/*", "dynamodb:R:012345678901:table/orders", "sqs:R:012345678901:jobs", "sns:R:012345678901:news",
		"kinesis:R:012345678901:stream/clicks", "kms:R:012345678901:key/1234abcd-12ab-34cd-56ef-1234567890ab", "secretsmanager:R:012345678901:secret:db-AbCdEf",
		"ec2:R:012345678901:instance/i-0123456789abcdef0", "rds:R:012345678901:db:main", "rds:R:012345678901:cluster:main", "lambda:R:012345678901:function:f",
		"logs:R:012345678901:log-group:/aws/lambda/f:*", "cloudwatch:R:012345678901:alarm:high load"} {
		s = strings.ReplaceAll(s, "high load", "high-load")
		all = append(all, "arn:"+partition+":"+strings.ReplaceAll(s, ":R:", ":"+partitionRegions[partition][0]+":"))
	}
	return all
}

// permissions are of presets with and without resources, and of policies from files.
func (g generator) permissions(t *testing.T, partition string) Permissions {
	t.Helper()
	var p Permissions
	if g.maybe() {
		p = Join(p, g.policy(t, partition))
	}
	names := some(g, presetNames(), 3)
	resources := some(g, arns(partition), 5)
	if one, err := Of(names, resources); err == nil {
		return Join(p, one)
	}
	if one, err := Of(names, nil); err == nil {
		return Join(p, one)
	}
	return Join(p, g.policy(t, partition))
}

// policy is one that a person might write, with texts that are none's friends.
func (g generator) policy(t *testing.T, partition string) Permissions {
	t.Helper()
	texts := []string{"x", "${aws:username}", "yes", "0123", `a"b\c`, "#{x}", "% {", "Müller", "line\nbreak", "!Sub x", "'"}
	var statements list
	for range 1 + g.Intn(3) {
		s := object{{"Effect", pick(g, []string{"Allow", "Allow", "Deny"})}}
		if g.maybe() {
			s = append(object{{"Sid", fmt.Sprintf("S%d", len(statements))}}, s...)
		}
		actions := compact(append([]string{"s3:GetObject"}, some(g, []string{"s3:PutObject", "ec2:Describe*", "sqs:SendMessage", "iam:GetUser"}, 4)...))
		s = append(s, member{pick(g, []string{"Action", "Action", "NotAction"}), actions})
		s = append(s, member{"Resource", pick(g, []any{"*", list{"*"}, "arn:" + partition + ":s3:::acme-${aws:PrincipalAccount}/*"})})
		if g.maybe() {
			s = append(s, member{"Condition", object{
				{"StringLike", object{{"aws:PrincipalTag/Team", pick(g, texts)}, {"aws:RequestedRegion", strs(append([]string{"eu-*"}, some(g, texts, 3)...))}}},
				{"Bool", object{{"aws:SecureTransport", pick(g, []any{true, "true"})}}},
				{"NumericLessThanEqualsIfExists", object{{"s3:max-keys", number(fmt.Sprint(g.Intn(1000)))}}},
			}})
		}
		statements = append(statements, s)
	}
	p, err := ReadPolicy([]byte(toJSON(policy(statements...))))
	check(t, err)
	return p
}
