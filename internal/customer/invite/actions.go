package invite

import (
	"path"
	"strings"
)

// Wanted is an action on a resource ("*" for any) that a role should, or after setup should no longer, be allowed.
type Wanted struct{ Action, Resource string }

// managedActions are a few that AWS's own policies are known to allow: those policies cannot be read without asking AWS.
var managedActions = map[string][]string{
	"AdministratorAccess":      {"iam:CreateUser", "ec2:RunInstances", "s3:ListAllMyBuckets"},
	"PowerUserAccess":          {"ec2:RunInstances", "s3:ListAllMyBuckets", "lambda:ListFunctions"},
	"ReadOnlyAccess":           {"ec2:DescribeInstances", "s3:ListAllMyBuckets", "iam:ListRoles", "cloudwatch:GetMetricData"},
	"ViewOnlyAccess":           {"ec2:DescribeInstances", "s3:ListAllMyBuckets", "iam:ListRoles"},
	"SecurityAudit":            {"ec2:DescribeInstances", "iam:ListRoles"},
	"AWSSupportAccess":         {"support:DescribeCases", "support:CreateCase"},
	"AWSBillingReadOnlyAccess": {"ce:GetCostAndUsage", "budgets:ViewBudget"},
	"CloudWatchReadOnlyAccess": {"cloudwatch:GetMetricData", "logs:DescribeLogGroups"},
}

// Actions are the actions of permissions that a simulation can be asked about, without wildcards, at most n; resources are beside
// them. Each statement has its turn, so that a few speak for all. A statement with conditions is left out, since a simulation
// meets none of them, and so is what another statement denies.
func (p *Permissions) Actions(n int) []Wanted {
	queues := p.queues()
	var all []Wanted
	seen := map[Wanted]bool{}
	for left := true; left; {
		left = false
		for i, q := range queues {
			if len(q) == 0 {
				continue
			}
			left = true
			if queues[i] = q[1:]; seen[q[0]] {
				continue
			}
			if len(all) == n {
				return all
			}
			seen[q[0]] = true
			all = append(all, q[0])
		}
	}
	return all
}

// queues are what each managed policy and each statement has to ask about.
func (p *Permissions) queues() (queues [][]Wanted) {
	var denied []string
	for _, s := range p.statements() {
		if s.get("Effect") == "Deny" {
			if s.get("NotAction") != nil {
				return nil // nearly all is denied: nothing is sure
			}
			denied = append(denied, texts(s.get("Action"))...)
		}
	}
	add := func(actions, resources []string) {
		var q []Wanted
		for _, resource := range resources {
			for _, action := range actions {
				if !strings.ContainsAny(action, "*?") && !strings.Contains(resource, "${") && !matchesAny(denied, action) {
					q = append(q, Wanted{action, resource})
				}
			}
		}
		queues = append(queues, q)
	}
	for _, name := range p.Managed {
		add(managedActions[name], []string{"*"})
	}
	for _, s := range p.statements() {
		if s.get("Effect") == "Allow" && s.get("Condition") == nil {
			add(texts(s.get("Action")), texts(s.get("Resource")))
		}
	}
	return queues
}

// matchesAny reports whether an action is meant by one of the patterns.
func matchesAny(patterns []string, action string) bool {
	for _, p := range patterns {
		if ok, _ := path.Match(strings.ToLower(p), strings.ToLower(action)); ok {
			return true
		}
	}
	return false
}
