package invite

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPresets(t *testing.T) {
	const bucket, table, instance = "arn:aws:s3:::acme-reports", "arn:aws:dynamodb:eu-west-1:012345678901:table/orders", "arn:aws:ec2:eu-west-1:012345678901:instance/i-0123456789abcdef0"
	for _, test := range []struct {
		name      string
		presets   []string
		resources []string
		managed   []string
		actions   []string // some of them, with their resource
		plain     []string
	}{
		{"everything", []string{"readonly"}, nil, []string{"ReadOnlyAccess"}, nil,
			[]string{"May look at everything in the account and read what is stored in it, also the contents of S3 objects and of database tables. May change nothing (AWS's policy ReadOnlyAccess)."}},
		{"a bucket", []string{"readonly"}, []string{bucket}, nil,
			[]string{"s3:ListBucket " + bucket, "s3:GetObject " + bucket + "/*"},
			[]string{"May list and read all objects of the S3 bucket acme-reports."}},
		{"objects", []string{"data"}, []string{bucket + "/in/*"}, nil,
			[]string{"s3:PutObject " + bucket + "/in/*"},
			[]string{"May read, write and delete the S3 objects acme-reports/in/*."}},
		{"two tables", []string{"data"}, []string{table, table + "2"}, nil,
			[]string{"dynamodb:PutItem " + table, "dynamodb:PutItem " + table + "2", "dynamodb:Query " + table + "2/index/*"},
			[]string{"May read, write and delete all items of the DynamoDB tables orders and orders2."}},
		{"support is for the whole account, whatever the resource is of", []string{"support", "readonly"}, []string{bucket}, []string{"AWSSupportAccess"},
			[]string{"s3:GetObject " + bucket + "/*"},
			[]string{"May open, read, answer and close cases with AWS Support in your name (AWS's policy AWSSupportAccess).", "May list and read all objects of the S3 bucket acme-reports."}},
		{"what AWS cannot limit is said", []string{"compute"}, []string{instance}, nil,
			[]string{"ec2:StopInstances " + instance, "ec2:DescribeInstances *"},
			[]string{"May start, stop and restart the EC2 instance i-0123456789abcdef0, and list all EC2 instances, which AWS cannot limit."}},
		{"every bucket", []string{"data"}, []string{"arn:aws:s3:::*"}, nil, []string{"s3:PutObject arn:aws:s3:::*/*"},
			[]string{"May list, read, write and delete all objects of every S3 bucket."}},
		{"every table of a region", []string{"readonly"}, []string{"arn:aws:dynamodb:eu-west-1:012345678901:table/*"}, nil, nil,
			[]string{"May read all items of every DynamoDB table in eu-west-1."}},
		{"both names of a log group", []string{"monitoring"}, []string{"arn:aws:logs:eu-west-1:012345678901:log-group:/app:*"}, nil,
			[]string{"logs:FilterLogEvents arn:aws:logs:eu-west-1:012345678901:log-group:/app", "logs:GetLogEvents arn:aws:logs:eu-west-1:012345678901:log-group:/app:*", "cloudwatch:GetMetricData *"},
			[]string{"May read the log entries of the log group /app.", "May read all metrics of the account, which AWS cannot limit to some."}},
	} {
		p, err := Of(test.presets, test.resources)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if d := cmp.Diff(test.plain, p.Plain); d != "" {
			t.Errorf("%s: %s", test.name, d)
		}
		if !slices.Equal(p.Managed, test.managed) || !slices.Equal(p.Presets, test.presets) {
			t.Errorf("%s: got the policies %q of %q", test.name, p.Managed, p.Presets)
		}
		var got []string
		for _, w := range p.Actions(1000) {
			got = append(got, w.Action+" "+w.Resource)
		}
		for _, want := range test.actions {
			if !slices.Contains(got, want) {
				t.Errorf("%s: got no %s of\n%s", test.name, want, strings.Join(got, "\n"))
			}
		}
	}
}

func TestPresetsThatCannotBe(t *testing.T) {
	for _, test := range []struct {
		name               string
		presets, resources []string
		want               string
	}{
		{"none", nil, nil, "there are readonly, support, billing, data, compute and monitoring"},
		{"an unknown one", []string{"admin\x1b"}, nil, `there are no permissions "admin\x1b"`},
		{"data of everything", []string{"data"}, nil, "data needs --resource ARN: of S3 bucket, "},
		{"no ARN", []string{"readonly"}, []string{"acme-reports"}, `--resource "acme-reports" is no ARN`},
		{"what would break out", []string{"readonly"}, []string{`arn:aws:s3:::a"b`}, "is no ARN"},
		{"a variable", []string{"readonly"}, []string{"arn:aws:s3:::${x}"}, "is no ARN"},
		{"an unknown service", []string{"readonly"}, []string{"arn:aws:glue:eu-west-1:012345678901:job/x"}, "give a policy for any other with --policy FILE"},
		{"what this preset is not for", []string{"monitoring"}, []string{"arn:aws:s3:::b"}, "it knows log group and CloudWatch alarm; give a policy for any other with --policy FILE"},
		{"what none of them is for", []string{"data", "support"}, []string{"arn:aws:s3:::b", "arn:aws:ec2:eu-west-1:012345678901:instance/i-1"}, `(EC2 instance) is of no use to data and support; give a policy for it with --policy FILE`},
		{"a resource for the whole account", []string{"billing"}, []string{"arn:aws:s3:::b"}, "(S3 bucket) is of no use to billing"},
	} {
		if _, err := Of(test.presets, test.resources); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v\nwant %s", test.name, err, test.want)
		}
	}
}

func TestJoin(t *testing.T) {
	a, err := ReadPolicy([]byte(`{"Version": "2012-10-17", "Statement": {"Sid": "A", "Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}}`))
	check(t, err)
	b, err := ReadPolicy([]byte(`{"Version": "2012-10-17", "Statement": [{"Sid": "A", "Effect": "Allow", "Action": "sqs:ListQueues", "Resource": "*"},
		{"Sid": "A2", "Effect": "Allow", "Action": "sns:ListTopics", "Resource": "*"}]}`))
	check(t, err)
	j := Join(Join(a, b), Join(a, Permissions{Managed: []string{"AWSSupportAccess"}}))
	var sids []any
	for _, s := range j.statements() {
		sids = append(sids, s.get("Sid"))
	}
	if d := cmp.Diff([]any{"A", "Ax2", "A2"}, sids); d != "" {
		t.Errorf("each Sid is there once: %s", d)
	}
	if _, err := ReadPolicy([]byte(j.Policy)); err != nil || len(j.Plain) != 3 || len(j.Managed) != 1 {
		t.Errorf("got %+v, %v", j, err)
	}
}

func TestActions(t *testing.T) {
	p, err := ReadPolicy([]byte(`{"Version": "2012-10-17", "Statement": [
		{"Effect": "Allow", "Action": ["s3:Get*", "s3:PutObject", "s3:DeleteObject"], "Resource": ["arn:aws:s3:::b/*"]},
		{"Effect": "Allow", "Action": "ec2:RunInstances", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": true}}},
		{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},
		{"Effect": "Allow", "Action": ["sqs:SendMessage", "sqs:ReceiveMessage"], "Resource": ["arn:aws:sqs:eu-west-1:012345678901:a", "arn:aws:sqs:eu-west-1:012345678901:${aws:username}"]},
		{"Effect": "Deny", "Action": "s3:Delete*", "Resource": "*"}]}`))
	check(t, err)
	p.Managed = []string{"AWSSupportAccess", "SomePolicyOfTheirs"}
	all := []Wanted{{"support:DescribeCases", "*"}, {"s3:PutObject", "arn:aws:s3:::b/*"}, {"sqs:SendMessage", "arn:aws:sqs:eu-west-1:012345678901:a"},
		{"support:CreateCase", "*"}, {"sqs:ReceiveMessage", "arn:aws:sqs:eu-west-1:012345678901:a"}}
	for n, want := range map[int][]Wanted{0: nil, 3: all[:3], 100: all} {
		if d := cmp.Diff(want, p.Actions(n)); d != "" {
			t.Errorf("at most %d: %s", n, d)
		}
	}
}
