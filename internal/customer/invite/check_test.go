package invite

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestCheck(t *testing.T) {
	us := "arn:aws:iam::210987654321:"
	for _, test := range []struct {
		name  string
		spoil func(*Terms)
		field string // "" where there is nothing wrong
		want  string
	}{
		{"plain", func(*Terms) {}, "", ""},
		{"an unknown partition", func(x *Terms) { x.Partition = "aws-mars" }, "partition", ""},
		{"our account too short", func(x *Terms) { x.ServiceAccount = "21098765432" }, "service_account", ""},
		{"their account with dashes", func(x *Terms) { x.AccountID = "0123-4567-8901" }, "account_id", ""},
		{"a role of 65 letters", func(x *Terms) { x.RoleName = strings.Repeat("r", 65) }, "role_name", ""},
		{"a role with a slash", func(x *Terms) { x.RoleName = "a/b" }, "role_name", ""},
		{"a role with a line", func(x *Terms) { x.RoleName = "a\n" }, "role_name", `"a\n"`},
		{"a path without end", func(x *Terms) { x.Path = "/a" }, "path", ""},
		{"a path of 513", func(x *Terms) { x.Path = "/" + strings.Repeat("p", 511) + "/" }, "path", "it has 513 characters, AWS takes 512"},
		{"a path of 512", func(x *Terms) { x.Path = "/" + strings.Repeat("p", 510) + "/" }, "", ""},
		{"a path that Sub would read", func(x *Terms) { x.Path = "/${AWS::Region}/" }, "path", ""},
		{"AWS's path", func(x *Terms) { x.Path = "/aws-reserved/x/" }, "path", ""},
		{"nobody", func(x *Terms) { x.Principals = nil }, "principals", ""},
		{"another account's principal", func(x *Terms) { x.Principals = []string{"arn:aws:iam::999999999999:role/x"} }, "principals", "is not of account 210987654321"},
		{"a session", func(x *Terms) { x.Principals = []string{"arn:aws:sts::210987654321:assumed-role/x/y"} }, "principals", "a role's session is named by its role"},
		{"a group", func(x *Terms) { x.Principals = []string{us + "group/x"} }, "principals", ""},
		{"an exact pattern", func(x *Terms) { x.Exact, x.Principals = true, []string{us + "role/*"} }, "principals", "wildcard"},
		{"two exact ones", func(x *Terms) { x.Exact, x.Principals = true, []string{us + "role/a", us + "role/b"} }, "principals", "one principal, not 2"},
		{"59 minutes", func(x *Terms) { x.MaxSession = 59 * time.Minute }, "max_session", "59m0s is not 1 to 12 hours"},
		{"12 hours and a second", func(x *Terms) { x.MaxSession = 12*time.Hour + time.Second }, "max_session", ""},
		{"an end that is past", func(x *Terms) { x.Until = x.Invited }, "until", "2026-11-27T09:00:00Z is past"},
		{"a boundary of theirs", func(x *Terms) { x.Boundary = "arn:aws:iam::012345678901:policy/a/Limit" }, "", ""},
		{"a boundary of ours", func(x *Terms) { x.Boundary = us + "policy/Limit" }, "boundary", ""},
		{"a boundary that is a role", func(x *Terms) { x.Boundary = "arn:aws:iam::012345678901:role/Limit" }, "boundary", ""},
		{"an address", func(x *Terms) { x.SourceIPs = []string{"192.0.2.1"} }, "source_ips", ""},
		{"an address in its range", func(x *Terms) { x.SourceIPs = []string{"192.0.2.1/24"} }, "source_ips", "which is 192.0.2.0/24"},
		{"both kinds of addresses", func(x *Terms) { x.SourceIPs = []string{"192.0.2.0/24", "2001:db8::/32"} }, "", ""},
		{"one in the other's form", func(x *Terms) { x.SourceIPs = []string{"::ffff:192.0.2.0/120"} }, "source_ips", ""},
		{"AWS's tag", func(x *Terms) { x.Tags = map[string]string{"Aws:x": "y"} }, "tags", ""},
		{"tags that differ by case", func(x *Terms) { x.Tags = map[string]string{"a": "1", "A": "2"} }, "tags", ""},
		{"tags that AWS cannot tell apart", func(x *Terms) { x.Tags = map[string]string{"a<b": "1", "a>b": "2"} }, "tags", `"a_b"`},
		{"a tag of nothing", func(x *Terms) { x.Tags = map[string]string{" ": "1"} }, "tags", ""},
		{"51 tags", func(x *Terms) {
			x.Tags = map[string]string{}
			for i := range 51 {
				x.Tags[fmt.Sprint(i)] = ""
			}
		}, "tags", "there are 51, AWS takes 50"},
		{"another partition's region", func(x *Terms) { x.Region = "cn-north-1" }, "region", "no region of partition aws"},
		{"no region", func(x *Terms) { x.Region = "" }, "region", ""},
		{"a stack that begins with a digit", func(x *Terms) { x.Stack = "1a" }, "stack", ""},
		{"a stack of 129", func(x *Terms) { x.Stack = strings.Repeat("s", 129) }, "stack", ""},
		{"a stack with a blank", func(x *Terms) { x.Stack = "a b" }, "stack", ""},
		{"a template without TLS", func(x *Terms) { x.TemplateURL = "http://b.s3.amazonaws.com/t" }, "template_url", ""},
		{"a template with a password", func(x *Terms) { x.TemplateURL = "https://a:b@b.s3.amazonaws.com/t" }, "template_url", ""},
		{"no permissions", func(x *Terms) { x.Ongoing = Permissions{} }, "ongoing", "the role may do nothing"},
		{"a setup of nothing", func(x *Terms) { x.Setup = &Permissions{} }, "setup", ""},
		{"a setup that is there already", func(x *Terms) {
			x.Ongoing.Managed = []string{"ReadOnlyAccess"}
			x.Setup = &Permissions{Managed: []string{"ReadOnlyAccess"}}
		}, "setup", ""},
		{"a policy that is none", func(x *Terms) { x.Ongoing.Policy = "{}" }, "ongoing", `"Version" is not`},
		{"a policy for another partition", func(x *Terms) { x.Ongoing, _ = Of([]string{"readonly"}, []string{"arn:aws-cn:s3:::b"}) }, "ongoing", "is of partition aws-cn, the role of aws"},
		{"a managed policy that is none", func(x *Terms) { x.Ongoing.Managed = []string{"../x y"} }, "ongoing", ""},
		{"11 managed policies", func(x *Terms) {
			for i := range 11 {
				x.Ongoing.Managed = append(x.Ongoing.Managed, fmt.Sprint("P", i))
			}
		}, "ongoing", "11 of AWS's own policies, AWS takes 10"},
		{"policies of more than 10,240", func(x *Terms) {
			x.Ongoing.Policy = toJSON(policy(allow("s3:GetObject", "arn:aws:s3:::"+strings.Repeat("x", 6000))))
			x.Setup = &Permissions{Policy: toJSON(policy(allow("s3:PutObject", "arn:aws:s3:::"+strings.Repeat("x", 6000))))}
		}, "policy", "AWS takes 10240 in a role"},
		{"a trust of more than 4,096", func(x *Terms) {
			for i := range 50 {
				x.Principals = append(x.Principals, us+"role/"+strings.Repeat("x", 50)+fmt.Sprint(i))
			}
		}, "principals", "AWS takes 4096 at most"},
	} {
		x := plain(t)
		test.spoil(x)
		err := x.Check()
		if test.field == "" {
			if err != nil {
				t.Errorf("%s: got %v, want none", test.name, err)
			}
			continue
		}
		var p *Problem
		if !errors.As(err, &p) || p.Field != test.field || !strings.Contains(err.Error(), test.want) || strings.ContainsAny(err.Error(), "\n\x1b") {
			t.Errorf("%s: got %v\nwant one of %s: %s", test.name, err, test.field, test.want)
		}
		if _, err := x.Folder(externalIDOf(testID)); err == nil {
			t.Errorf("%s: Folder takes it", test.name)
		}
	}
}

func TestWarnings(t *testing.T) {
	const us = "arn:aws:iam::210987654321:"
	may := func(statement string) func(*Terms) {
		return func(x *Terms) {
			var err error
			if x.Ongoing, err = ReadPolicy([]byte(`{"Version": "2012-10-17", "Statement": [` + statement + `]}`)); err != nil {
				panic(err)
			}
		}
	}
	const boundary = "the role may write to IAM and has no permissions boundary; --boundary ARN sets one"
	for _, test := range []struct {
		name string
		make func(*Terms)
		want []string
	}{
		{"plain", func(*Terms) {}, nil},
		{"all", may(`{"Effect": "Allow", "Action": "*", "Resource": "*"}`), []string{"it allows all actions (*)", boundary}},
		{"all, denied", may(`{"Effect": "Deny", "Action": "*", "Resource": "*"}`), nil},
		{"all but some", may(`{"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}`), []string{"it allows all actions but some (NotAction), also those that AWS adds later", boundary}},
		{"all but IAM", may(`{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}`), []string{"it allows all actions but some (NotAction), also those that AWS adds later"}},
		{"IAM", may(`{"Effect": "Allow", "Action": "iam:*", "Resource": "*"}`), []string{"it allows all of IAM (iam:*): the role may give itself any permission", boundary}},
		{"a way up", may(`{"Effect": "Allow", "Action": ["iam:Put*", "iam:GetRole"], "Resource": "arn:aws:iam::012345678901:role/x"}`),
			[]string{"it allows a way to more permissions: iam:Put*", boundary}},
		{"onwards", may(`{"Effect": "Allow", "Action": ["sts:AssumeRole", "iam:PassRole"], "Resource": "*"}`),
			[]string{"it allows sts:AssumeRole on every role of the account", "it allows iam:PassRole on every role of the account"}},
		{"onwards to all, in other words", may(`{"Effect": "Allow", "Action": "iam:PassRole", "Resource": "arn:aws:iam::012345678901:role/*"}`),
			[]string{"it allows iam:PassRole on every role of the account"}},
		{"all buckets, in other words", may(`{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::*"}`), []string{"it allows changes on every resource: s3:PutObject"}},
		{"all of a bucket", may(`{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::bucket/*"}`), nil},
		{"onwards to one", may(`{"Effect": "Allow", "Action": ["sts:AssumeRole", "iam:PassRole"], "Resource": "arn:aws:iam::012345678901:role/x"}`), nil},
		{"as a machine", may(`{"Effect": "Allow", "Action": ["ssm:SendCommand", "ssm:Get*", "lambda:Update*"], "Resource": "arn:aws:lambda:eu-west-1:012345678901:function:x"}`),
			[]string{"it allows a way to what the role of a machine, a function or a stack may do: ssm:SendCommand and lambda:Update*"}},
		{"for longer", may(`{"Effect": "Allow", "Action": ["s3:PutBucketPolicy", "s3:PutObject"], "Resource": "arn:aws:s3:::bucket"}`),
			[]string{"it allows opening something to other accounts, which lasts longer than the role: s3:PutBucketPolicy"}},
		{"a whole service", may(`{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}`), []string{"it allows all actions of a service (s3:*)", "it allows changes on every resource: s3:*"}},
		{"reading all", may(`{"Effect": "Allow", "Action": ["s3:Get*", "ec2:Describe*", "sqs:ListQueues", "dynamodb:BatchGetItem"], "Resource": "*"}`), nil},
		{"writing all", may(`{"Effect": "Allow", "Action": ["s3:PutObject", "s3:Get*"], "Resource": "*"}`), []string{"it allows changes on every resource: s3:PutObject"}},
		{"administrator", func(x *Terms) { x.Setup = &Permissions{Managed: []string{"AdministratorAccess"}} },
			[]string{"during setup, administrator access: the role may do anything in the account (AdministratorAccess)", boundary}},
		{"administrator within limits", func(x *Terms) {
			x.Boundary, x.Ongoing.Managed = "arn:aws:iam::012345678901:policy/Limit", []string{"AdministratorAccess"}
		}, []string{"administrator access: the role may do anything in the account (AdministratorAccess)",
			"the self-check works only if the boundary allows iam:GetRole and iam:SimulatePrincipalPolicy too"}},
		{"reading what is stored", func(x *Terms) { x.Ongoing, _ = Of([]string{"readonly"}, nil) },
			[]string{"ReadOnlyAccess also reads what is stored: S3 objects, table items, log entries; --resource limits it"}},
		{"no end", func(x *Terms) { x.Until = time.Time{} }, []string{"the trust has no end; --until DATE sets one"}},
		{"all addresses", func(x *Terms) { x.SourceIPs = []string{"0.0.0.0/0", "::/0"} }, []string{"0.0.0.0/0 is every address: it limits nothing", "::/0 is every address: it limits nothing"}},
		{"private addresses", func(x *Terms) { x.SourceIPs = []string{"10.0.0.0/8"} }, []string{"10.0.0.0/8 is private: AWS sees such addresses only behind a VPC endpoint"}},
		{"a long day", func(x *Terms) { x.MaxSession = 12 * time.Hour }, []string{"a session may last 12 hours, and outlives the end of the trust by as much"}},
		{"anybody of us", func(x *Terms) { x.Principals = []string{us + "*", us + "role/*"} },
			[]string{"any principal of account 210987654321 may assume the role", "any role of account 210987654321 may assume the role"}},
		{"MFA of roles", func(x *Terms) { x.MFA = true }, []string{"the trust asks for MFA, and no session of a role carries it: only a user of account 210987654321 can meet it"}},
		{"MFA of a user", func(x *Terms) { x.MFA, x.Principals = true, []string{us + "user/work"} }, nil},
		{"a template elsewhere", func(x *Terms) { x.TemplateURL = "https://example.com/t.yaml" }, []string{"the template's address is not on S3: CloudFormation takes templates from there alone"}},
		{"a long trust", func(x *Terms) {
			for i := range 25 {
				x.Principals = append(x.Principals, us+"role/"+strings.Repeat("x", 40)+fmt.Sprint(i))
			}
		}, []string{"the trust policy has 2345 characters: more than 2048 need a higher quota in the customer's account"}},
	} {
		x := plain(t)
		test.make(x)
		if got := x.Warnings(); strings.Join(got, "\n") != strings.Join(test.want, "\n") {
			t.Errorf("%s: got\n%s\nwant\n%s", test.name, strings.Join(got, "\n"), strings.Join(test.want, "\n"))
		}
	}
}
