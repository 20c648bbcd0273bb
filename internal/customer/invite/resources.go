package invite

import (
	"fmt"
	"strings"
)

// kind is one kind of resource, and what each preset that knows it may do with it.
type kind struct {
	name    string // for people: an S3 bucket
	service string
	is      *pattern // the part of the ARN behind the account
	grants  map[string]grant
}

type grant struct {
	does string // for people, with %s for the resources
	on   []on
}

// on are actions, and what of a resource they are on.
type on struct {
	actions string
	below   []string // what is put behind the ARN: "" for itself. None: any resource, where AWS knows no limit
}

var (
	itself = []string{""}
	inside = []string{"/*"}
)

func (o on) each(arns []string) []string {
	if len(o.below) == 0 {
		return []string{"*"}
	}
	var all []string
	for _, arn := range arns {
		for _, below := range o.below {
			all = append(all, arn+below)
		}
	}
	return all
}

// The actions that more than one grant has.
const (
	readBucket  = "s3:ListBucket s3:GetBucketLocation s3:GetBucketVersioning"
	readObject  = "s3:GetObject s3:GetObjectVersion s3:GetObjectTagging"
	writeObject = " s3:PutObject s3:PutObjectTagging s3:DeleteObject s3:AbortMultipartUpload s3:ListMultipartUploadParts"
	readTable   = "dynamodb:GetItem dynamodb:BatchGetItem dynamodb:Query dynamodb:Scan"
	readStream  = "kinesis:DescribeStreamSummary kinesis:ListShards kinesis:GetShardIterator kinesis:GetRecords"
	readLogs    = "logs:DescribeLogStreams logs:GetLogEvents logs:FilterLogEvents logs:StartQuery logs:GetQueryResults"
	readAlarm   = "cloudwatch:DescribeAlarms cloudwatch:DescribeAlarmHistory"
	listMachine = "ec2:DescribeInstances ec2:DescribeInstanceStatus"
	readLambda  = "lambda:GetFunctionConfiguration lambda:ListVersionsByFunction lambda:ListAliases"
)

var (
	logGrant   = grant{"read the log entries of %s", []on{{readLogs, []string{"", ":*"}}, {"logs:StopQuery", nil}}}
	alarmGrant = grant{"see %s and its past", []on{{readAlarm, itself}}}
)

var kinds = []kind{
	{"S3 bucket", "s3", newPattern(`^[^/]+$`), map[string]grant{
		"readonly": {"list and read all objects of %s", []on{{readBucket, itself}, {readObject, inside}}},
		"data":     {"list, read, write and delete all objects of %s", []on{{readBucket + " s3:ListBucketMultipartUploads", itself}, {readObject + writeObject, inside}}},
	}},
	{"S3 objects", "s3", newPattern(`^[^/]+/.+$`), map[string]grant{
		"readonly": {"read %s", []on{{readObject, itself}}},
		"data":     {"read, write and delete %s", []on{{readObject + writeObject, itself}}},
	}},
	{"DynamoDB table", "dynamodb", newPattern(`^table/[^/]+$`), map[string]grant{
		"readonly": {"read all items of %s", []on{{"dynamodb:DescribeTable " + readTable, itself}, {"dynamodb:Query dynamodb:Scan", []string{"/index/*"}}}},
		"data": {"read, write and delete all items of %s", []on{{"dynamodb:DescribeTable " + readTable +
			" dynamodb:PutItem dynamodb:UpdateItem dynamodb:DeleteItem dynamodb:BatchWriteItem dynamodb:ConditionCheckItem", itself},
			{"dynamodb:Query dynamodb:Scan", []string{"/index/*"}}}},
	}},
	{"SQS queue", "sqs", newPattern(`^[^:/]+$`), map[string]grant{
		"readonly": {"see the settings and the length of %s, not its messages", []on{{"sqs:GetQueueAttributes sqs:GetQueueUrl", itself}}},
		"data": {"send, receive and delete messages of %s",
			[]on{{"sqs:GetQueueAttributes sqs:GetQueueUrl sqs:SendMessage sqs:ReceiveMessage sqs:DeleteMessage sqs:ChangeMessageVisibility", itself}}},
	}},
	{"SNS topic", "sns", newPattern(`^[^:/]+$`), map[string]grant{
		"readonly": {"see the settings and the subscribers of %s", []on{{"sns:GetTopicAttributes sns:ListSubscriptionsByTopic", itself}}},
		"data":     {"send messages to %s, and see its settings", []on{{"sns:GetTopicAttributes sns:Publish", itself}}},
	}},
	{"Kinesis stream", "kinesis", newPattern(`^stream/[^/]+$`), map[string]grant{
		"readonly": {"read all records of %s", []on{{readStream, itself}}},
		"data":     {"read and write records of %s", []on{{readStream + " kinesis:PutRecord kinesis:PutRecords", itself}}},
	}},
	{"KMS key", "kms", newPattern(`^key/[^/]+$`), map[string]grant{
		"readonly": {"decrypt what is encrypted with %s", []on{{"kms:DescribeKey kms:Decrypt", itself}}},
		"data":     {"encrypt and decrypt with %s", []on{{"kms:DescribeKey kms:Decrypt kms:Encrypt kms:GenerateDataKey", itself}}},
	}},
	{"Secrets Manager secret", "secretsmanager", newPattern(`^secret:[^:]+$`), map[string]grant{
		"readonly": {"see that there is %s and when it changed, not its value", []on{{"secretsmanager:DescribeSecret", itself}}},
		"data":     {"read and change the value of %s", []on{{"secretsmanager:DescribeSecret secretsmanager:GetSecretValue secretsmanager:PutSecretValue", itself}}},
	}},
	{"EC2 instance", "ec2", newPattern(`^instance/[^/]+$`), map[string]grant{
		"readonly": {"list all EC2 instances, which AWS cannot limit to %s", []on{{listMachine, nil}}},
		"compute": {"start, stop and restart %s, and list all EC2 instances, which AWS cannot limit",
			[]on{{"ec2:StartInstances ec2:StopInstances ec2:RebootInstances", itself}, {listMachine, nil}}},
	}},
	{"RDS database", "rds", newPattern(`^db:[^:]+$`), map[string]grant{
		"readonly": {"see the settings of %s, not its contents", []on{{"rds:DescribeDBInstances rds:ListTagsForResource", itself}}},
		"compute":  {"start, stop and restart %s", []on{{"rds:DescribeDBInstances rds:StartDBInstance rds:StopDBInstance rds:RebootDBInstance", itself}}},
	}},
	{"RDS cluster", "rds", newPattern(`^cluster:[^:]+$`), map[string]grant{
		"readonly": {"see the settings of %s, not its contents", []on{{"rds:DescribeDBClusters rds:ListTagsForResource", itself}}},
		"compute":  {"start and stop %s", []on{{"rds:DescribeDBClusters rds:StartDBCluster rds:StopDBCluster", itself}}},
	}},
	{"Lambda function", "lambda", newPattern(`^function:[^:]+$`), map[string]grant{
		"readonly": {"see the settings of %s, also its environment variables", []on{{readLambda, itself}}},
		"compute":  {"call %s and see its settings, also its environment variables", []on{{readLambda + " lambda:InvokeFunction", []string{"", ":*"}}}},
	}},
	{"log group", "logs", newPattern(`^log-group:[^:]+$`), map[string]grant{"readonly": logGrant, "monitoring": logGrant}},
	{"CloudWatch alarm", "cloudwatch", newPattern(`^alarm:.+$`), map[string]grant{"readonly": alarmGrant, "monitoring": alarmGrant}},
}

// resource is an ARN, and what it is of.
type resource struct {
	arn  string
	kind *kind
}

var arnPattern = newPattern(`^arn:aws[a-z-]*:([a-z0-9-]+):[a-z0-9*-]*:(?:[0-9]{12}|\*|):([!-~]+)$`)

// sortResources finds the kind of each ARN.
func sortResources(arns []string) (found []resource, err error) {
	for _, arn := range union(arns, nil) {
		m := arnPattern.compiled().FindStringSubmatch(arn)
		if m == nil || strings.ContainsAny(arn, `"'\{}<>`) {
			return nil, fmt.Errorf("--resource %q is no ARN, such as arn:aws:s3:::bucket", arn)
		}
		service, rest := m[1], m[2]
		if service == "logs" {
			arn, rest = strings.TrimSuffix(arn, ":*"), strings.TrimSuffix(rest, ":*") // AWS names a log group in both ways
		}
		k := findKind(service, rest)
		if k == nil {
			return nil, fmt.Errorf("--resource %q is of no kind that there are permissions for: they know %s; give a policy for any other with --policy FILE", arn, listed(knownTo("")))
		}
		found = append(found, resource{arn, k})
	}
	return found, nil
}

func findKind(service, rest string) *kind {
	for i := range kinds {
		if kinds[i].service == service && kinds[i].is.matches(rest) {
			return &kinds[i]
		}
	}
	return nil
}

func ofKind(found []resource, k kind) (arns []string) {
	for _, r := range found {
		if r.kind.name == k.name {
			arns = append(arns, r.arn)
		}
	}
	return arns
}

// knownTo are the kinds that a preset knows, or any.
func knownTo(preset string) (names []string) {
	for _, k := range kinds {
		if _, ok := k.grants[preset]; ok || preset == "" {
			names = append(names, k.name)
		}
	}
	return names
}

// plural names resources of this kind: the last part of each ARN, which people know, is enough with the kind before it.
func (k kind) plural(arns []string) string {
	var names []string
	for _, arn := range arns {
		rest := strings.SplitN(arn, ":", 6)[5]
		if k.name != "S3 objects" {
			rest = rest[strings.IndexAny(rest, ":/")+1:]
		}
		names = append(names, rest)
	}
	if len(names) == 1 && names[0] == "*" {
		if region := strings.SplitN(arns[0], ":", 6)[3]; region != "" && region != "*" {
			return "every " + k.name + " in " + region
		}
		return "every " + k.name
	}
	return "the " + k.name + map[bool]string{true: "s"}[len(names) > 1 && !strings.HasSuffix(k.name, "s")] + " " + named(names, "of them")
}
