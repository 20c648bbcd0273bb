package invite

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"credd/internal/partition"
)

// escalations are the actions by which one makes oneself able to do anything.
var escalations = []string{
	"iam:AddUserToGroup", "iam:AttachGroupPolicy", "iam:AttachRolePolicy", "iam:AttachUserPolicy", "iam:CreateAccessKey", "iam:CreateLoginProfile",
	"iam:CreatePolicyVersion", "iam:CreateRole", "iam:CreateUser", "iam:DeleteRolePermissionsBoundary", "iam:DeleteUserPermissionsBoundary",
	"iam:PutGroupPolicy", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy", "iam:PutUserPermissionsBoundary", "iam:PutUserPolicy",
	"iam:SetDefaultPolicyVersion", "iam:UpdateAssumeRolePolicy", "iam:UpdateLoginProfile",
}

// onwards are those by which one acts as another role, wherever that is not limited.
var onwards = []string{"iam:PassRole", "sts:AssumeRole"}

// borrowed are those by which one runs what one likes as a machine, a function or a job, with the role that this has.
var borrowed = []string{
	"cloudformation:UpdateStack", "codebuild:StartBuild", "ec2:ModifyInstanceAttribute", "ec2-instance-connect:SendSSHPublicKey", "ecs:ExecuteCommand",
	"lambda:UpdateFunctionCode", "ssm:SendCommand", "ssm:StartSession",
}

// lasting are those by which one opens something to other accounts, for longer than the role is there.
var lasting = []string{
	"ec2:ModifyImageAttribute", "ec2:ModifySnapshotAttribute", "ecr:SetRepositoryPolicy", "kms:CreateGrant", "kms:PutKeyPolicy", "lambda:AddPermission",
	"rds:ModifyDBSnapshotAttribute", "s3:PutBucketAcl", "s3:PutBucketPolicy", "secretsmanager:PutResourcePolicy", "sns:AddPermission",
	"sns:SetTopicAttributes", "sqs:AddPermission", "sqs:SetQueueAttributes",
}

// managedWarnings are what a person may not expect of AWS's own policies.
var managedWarnings = map[string]string{
	"AdministratorAccess": "administrator access: the role may do anything in the account (AdministratorAccess)",
	"PowerUserAccess":     "nearly administrator access: the role may do anything but manage users and roles (PowerUserAccess)",
	"IAMFullAccess":       "the role may give itself any permission (IAMFullAccess)",
	"ReadOnlyAccess":      "ReadOnlyAccess also reads what is stored: S3 objects, table items, log entries; --resource limits it",
}

// Warnings are what a person should know before sending them: all actions, administrator's access, no end, …
func (t *Terms) Warnings() []string {
	var all []string
	iamWrites := false
	t.phases(func(when string, p *Permissions) {
		for _, name := range p.Managed {
			if w := managedWarnings[name]; w != "" {
				all = append(all, when+w)
			}
			iamWrites = iamWrites || name == "AdministratorAccess" || name == "IAMFullAccess"
		}
		for _, s := range p.statements() {
			if s.get("Effect") == "Allow" {
				w, iam := statementWarnings(s)
				for _, text := range w {
					all = append(all, when+text)
				}
				iamWrites = iamWrites || iam
			}
		}
	})
	if iamWrites && t.Boundary == "" {
		all = append(all, "the role may write to IAM and has no permissions boundary; --boundary ARN sets one")
	}
	return union(append(all, t.trustWarnings()...), nil)
}

// statementWarnings are those of a statement that allows, and whether it may write to IAM.
func statementWarnings(s object) (all []string, iamWrites bool) {
	actions, left := texts(s.get("Action")), texts(s.get("NotAction"))
	switch {
	case s.get("NotAction") != nil:
		// What is left out says what is in.
		return []string{"it allows all actions but some (NotAction), also those that AWS adds later"}, !matchesAny(left, "iam:PutRolePolicy")
	case has(actions, "*") || has(actions, "*:*"):
		return []string{"it allows all actions (*)"}, true
	}
	everywhere := s.get("NotResource") != nil || slices.ContainsFunc(texts(s.get("Resource")), meansAll)
	var escalating, writes, runs, opens []string
	for _, a := range actions {
		iamWrites = iamWrites || writesToIAM(a)
		if strings.EqualFold(a, "iam:*") {
			all = append(all, "it allows all of IAM (iam:*): the role may give itself any permission")
			continue
		}
		whole := strings.HasSuffix(a, ":*")
		if whole {
			all = append(all, "it allows all actions of a service ("+a+")")
		}
		if meansOne(a, escalations) {
			escalating = append(escalating, a)
		}
		if !whole && meansOne(a, borrowed) {
			runs = append(runs, a)
		}
		if !whole && meansOne(a, lasting) {
			opens = append(opens, a)
		}
		switch {
		case !everywhere:
		case meansOne(a, onwards):
			all = append(all, fmt.Sprintf("it allows %s on every role of the account", a))
		case writesWith(a):
			writes = append(writes, a)
		}
	}
	if len(escalating) > 0 {
		all = append(all, "it allows a way to more permissions: "+named(escalating, "actions"))
	}
	if len(runs) > 0 {
		all = append(all, "it allows a way to what the role of a machine, a function or a stack may do: "+named(runs, "actions"))
	}
	if len(opens) > 0 {
		all = append(all, "it allows opening something to other accounts, which lasts longer than the role: "+named(opens, "actions"))
	}
	if len(writes) > 0 {
		all = append(all, "it allows changes on every resource: "+named(writes, "actions"))
	}
	return all, iamWrites
}

// meansOne reports whether a pattern means one of the actions.
func meansOne(pattern string, actions []string) bool {
	return slices.ContainsFunc(actions, func(a string) bool { return matchesAny([]string{pattern}, a) })
}

func writesToIAM(action string) bool {
	return strings.HasPrefix(strings.ToLower(action), "iam:") && writesWith(action) && !strings.EqualFold(action, "iam:PassRole")
}

var allOfAKind = newPattern(`^[a-z-]+[/:][*?]+$`)

// meansAll reports whether a resource is all of them, or all of a kind: *, arn:aws:s3:::*, arn:aws:iam::*:role/*.
func meansAll(arn string) bool {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 {
		return arn == "*"
	}
	rest := parts[5]
	return strings.Trim(rest, "*?/:") == "" || parts[2] != "s3" && allOfAKind.matches(rest)
}

// reading begins the names of actions that change nothing.
var reading = []string{"BatchCheck", "BatchDescribe", "BatchGet", "Check", "Describe", "Filter", "Get", "Head", "List", "Lookup", "Query", "Read", "Scan", "Search", "Select",
	"Simulate", "StartQuery", "StopQuery", "Test", "View"}

// writesWith reports whether an action, or one that a pattern means, may change something.
func writesWith(action string) bool {
	_, name, _ := strings.Cut(action, ":")
	return !slices.ContainsFunc(reading, func(r string) bool { return strings.HasPrefix(strings.ToLower(name), strings.ToLower(r)) })
}

// trustWarnings are about who may come in, from where, and for how long.
func (t *Terms) trustWarnings() (all []string) {
	for _, p := range t.Principals {
		if kind := t.anyOf(p); kind != "" {
			all = append(all, fmt.Sprintf("any %s of account %s may assume the role", kind, t.ServiceAccount))
		}
	}
	if t.MFA && !slices.ContainsFunc(t.Principals, func(p string) bool { return !strings.HasPrefix(p, t.arn(t.ServiceAccount, "role/")) }) {
		all = append(all, "the trust asks for MFA, and no session of a role carries it: only a user of account "+t.ServiceAccount+" can meet it")
	}
	for _, s := range t.SourceIPs {
		p, err := netip.ParsePrefix(s)
		switch {
		case err != nil:
		case p.Bits() == 0:
			all = append(all, s+" is every address: it limits nothing")
		case p.Addr().IsPrivate():
			all = append(all, s+" is private: AWS sees such addresses only behind a VPC endpoint")
		}
	}
	if t.Until.IsZero() {
		all = append(all, "the trust has no end; --until DATE sets one")
	}
	if t.SelfCheck && t.Boundary != "" {
		all = append(all, "the self-check works only if the boundary allows iam:GetRole and iam:SimulatePrincipalPolicy too")
	}
	if t.MaxSession >= 12*time.Hour {
		all = append(all, "a session may last 12 hours, and outlives the end of the trust by as much")
	}
	if n := t.trustSize(); n > trustQuota {
		all = append(all, fmt.Sprintf("the trust policy has %d characters: more than %d need a higher quota in the customer's account", n, trustQuota))
	}
	if t.Partition != "aws" && t.managedAny("AWSBillingReadOnlyAccess") {
		all = append(all, "whether partition "+t.Partition+" has AWSBillingReadOnlyAccess is not known here")
	}
	in, _ := partition.Named(t.Partition)
	if u, err := url.Parse(t.TemplateURL); err == nil && t.TemplateURL != "" && !strings.HasSuffix(u.Hostname(), "."+in.Services) {
		all = append(all, "the template's address is not on S3: CloudFormation takes templates from there alone")
	}
	return all
}

// anyOf says what a pattern means all of, or "".
func (t *Terms) anyOf(pattern string) string {
	switch strings.Trim(strings.TrimPrefix(pattern, t.arn(t.ServiceAccount, "")), "*?/") {
	case "":
		return "principal"
	case "role":
		return "role"
	case "user":
		return "user"
	}
	return ""
}
