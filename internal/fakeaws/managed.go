package fakeaws

import (
	"fmt"
	"strings"
)

// managedGrants are AWS's own policies by the name behind :policy/. Of the broad ones they are the gist, not the text: the
// actions that they allow, with wildcards.
var managedGrants = map[string][]string{
	"AdministratorAccess":                {"*"},
	"PowerUserAccess":                    {"!iam:*", "!organizations:*", "!account:*"},
	"IAMFullAccess":                      {"iam:*"},
	"IAMReadOnlyAccess":                  {"iam:Get*", "iam:List*", "iam:GenerateCredentialReport", "iam:GenerateServiceLastAccessedDetails", "iam:Simulate*"},
	"ReadOnlyAccess":                     {"*:Get*", "*:List*", "*:Describe*", "*:BatchGet*", "*:View*", "*:Query*", "*:Scan*", "*:Search*", "*:Lookup*", "iam:Simulate*", "iam:Generate*"},
	"SecurityAudit":                      {"*:Describe*", "*:List*", "iam:Get*", "iam:Simulate*", "s3:GetBucket*", "s3:GetEncryptionConfiguration", "kms:GetKeyPolicy"},
	"AWSSupportAccess":                   {"support:*", "support-console:*"},
	"AWSBillingReadOnlyAccess":           {"aws-portal:View*", "billing:Get*", "billing:List*", "budgets:View*", "budgets:Describe*", "ce:Get*", "ce:List*", "ce:Describe*", "cur:Describe*", "cur:Get*", "pricing:*", "tax:Get*", "tax:List*"},
	"AmazonS3ReadOnlyAccess":             {"s3:Get*", "s3:List*", "s3:Describe*"},
	"AmazonS3FullAccess":                 {"s3:*", "s3-object-lambda:*"},
	"AmazonEC2FullAccess":                {"ec2:*", "elasticloadbalancing:*", "cloudwatch:*", "autoscaling:*"},
	"AmazonEC2ReadOnlyAccess":            {"ec2:Describe*", "ec2:Get*", "elasticloadbalancing:Describe*", "cloudwatch:Describe*", "cloudwatch:Get*", "cloudwatch:List*", "autoscaling:Describe*"},
	"CloudWatchReadOnlyAccess":           {"cloudwatch:Get*", "cloudwatch:List*", "cloudwatch:Describe*", "logs:Get*", "logs:Describe*", "logs:List*", "logs:FilterLogEvents", "logs:StartQuery", "logs:StopQuery", "logs:TestMetricFilter", "autoscaling:Describe*", "sns:Get*", "sns:List*"},
	"CloudWatchFullAccess":               {"cloudwatch:*", "logs:*", "sns:*", "autoscaling:Describe*"},
	"AWSCloudFormationFullAccess":        {"cloudformation:*"},
	"AWSXrayReadOnlyAccess":              {"xray:Get*", "xray:BatchGet*", "xray:List*"},
	"AWSHealthFullAccess":                {"health:*"},
	"job-function/ViewOnlyAccess":        {"*:List*", "*:Describe*"},
	"job-function/Billing":               {"aws-portal:*", "billing:*", "budgets:*", "ce:*", "cur:*", "payments:*", "tax:*", "purchase-orders:*"},
	"job-function/SystemAdministrator":   {"cloudtrail:*", "cloudwatch:*", "config:*", "ec2:*", "logs:*", "rds:*", "s3:*", "sns:*", "sqs:*", "ssm:*"},
	"job-function/DatabaseAdministrator": {"rds:*", "dynamodb:*", "redshift:*", "elasticache:*", "cloudwatch:*", "s3:Get*", "s3:List*"},
	"job-function/NetworkAdministrator":  {"ec2:*", "elasticloadbalancing:*", "route53:*", "directconnect:*", "cloudfront:List*"},
	"job-function/SupportUser":           {"support:*", "health:*", "trustedadvisor:*", "*:Describe*", "*:List*", "*:Get*"},
	"AmazonDynamoDBReadOnlyAccess":       {"dynamodb:Get*", "dynamodb:BatchGet*", "dynamodb:Describe*", "dynamodb:List*", "dynamodb:Query", "dynamodb:Scan", "dynamodb:PartiQLSelect"},
	"AmazonRDSReadOnlyAccess":            {"rds:Describe*", "rds:ListTagsForResource", "ec2:Describe*", "cloudwatch:Get*", "cloudwatch:List*", "logs:Describe*", "logs:GetLogEvents"},
	"AWSLambda_ReadOnlyAccess":           {"lambda:Get*", "lambda:List*", "cloudwatch:Get*", "cloudwatch:List*", "logs:Describe*"},
	"AmazonSSMReadOnlyAccess":            {"ssm:Describe*", "ssm:Get*", "ssm:List*"},
	"AmazonVPCReadOnlyAccess":            {"ec2:Describe*", "ec2:Get*", "ec2:Search*"},
	"CloudWatchLogsReadOnlyAccess":       {"logs:Describe*", "logs:Get*", "logs:List*", "logs:StartQuery", "logs:StopQuery", "logs:TestMetricFilter", "logs:FilterLogEvents"},
	"AmazonAthenaFullAccess":             {"athena:*", "glue:*", "s3:Get*", "s3:List*"},
}

// managed makes grants of a row of managedGrants: actions with a ! before them are excepted from all.
func managed(actions []string) grants {
	g := grant{resources: patterns{globs: []string{"*"}}}
	for _, a := range actions {
		a, not := strings.CutPrefix(strings.ToLower(a), "!")
		g.actions.not = g.actions.not || not
		g.actions.globs = append(g.actions.globs, a)
	}
	return grants{g}
}

// managedPolicy returns the grants of a managed policy: AWS's own, or one that AddPolicy has made. The caller has s.mu.
func (s *Server) managedPolicy(policyARN string) (grants, error) {
	if g, ok := s.policies[policyARN]; ok {
		return g, nil
	}
	p := strings.SplitN(policyARN, ":", 6)
	if len(p) == 6 && p[0] == "arn" && validPartition.MatchString(p[1]) && p[2] == "iam" && p[4] == "aws" {
		if actions := managedGrants[strings.TrimPrefix(p[5], "policy/")]; actions != nil {
			return managed(actions), nil
		}
	}
	return nil, noEntity("Policy %s does not exist or is not attachable.", policyARN)
}

// AddPolicy makes a managed policy of a customer's, such as a permissions boundary.
func (s *Server) AddPolicy(policyARN, document string) error {
	a, err := parseARN(policyARN)
	if err != nil || a.service != "iam" || a.kind != "policy" {
		return fmt.Errorf("%q is not the ARN of a policy, such as arn:aws:iam::123456789012:policy/Boundary", policyARN)
	}
	g, err := parseGrants(document)
	if err != nil {
		return fmt.Errorf("add policy %s: %w", policyARN, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.policies[policyARN] = g
	return nil
}
