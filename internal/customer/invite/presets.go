package invite

import (
	"fmt"
	"slices"
	"strings"
)

// preset is how a Preset becomes permissions.
type preset struct {
	Preset
	managed   string // AWS's own policy, where no resource is given
	plain     string // what it lets, for people
	everymans string // actions on every resource, where no resource is given and AWS has no policy that fits
	wide      bool   // of the whole account: AWS can limit it to no resource
	beside    string // actions that AWS limits to no resource, given beside limited ones
	besides   string // what they let, for people
}

var presets = []preset{
	{Preset: Preset{"readonly", "look at everything; with --resource at these alone", false},
		managed: "ReadOnlyAccess",
		plain:   "May look at everything in the account and read what is stored in it, also the contents of S3 objects and of database tables. May change nothing (AWS's policy ReadOnlyAccess)."},
	{Preset: Preset{"support", "open and answer cases with AWS Support", false}, wide: true,
		managed: "AWSSupportAccess",
		plain:   "May open, read, answer and close cases with AWS Support in your name (AWS's policy AWSSupportAccess)."},
	{Preset: Preset{"billing", "see bills, costs and budgets", false}, wide: true,
		managed: "AWSBillingReadOnlyAccess",
		plain:   "May see bills, costs, budgets and payment settings. May change nothing (AWS's policy AWSBillingReadOnlyAccess)."},
	{Preset: Preset{"data", "read and write the contents of --resource", true}},
	{Preset: Preset{"compute", "start, stop and call machines, databases and functions", false},
		everymans: "ec2:DescribeInstances ec2:DescribeInstanceStatus ec2:StartInstances ec2:StopInstances ec2:RebootInstances " +
			"rds:DescribeDBInstances rds:DescribeDBClusters rds:StartDBInstance rds:StopDBInstance rds:RebootDBInstance rds:StartDBCluster rds:StopDBCluster " +
			"lambda:ListFunctions lambda:GetFunctionConfiguration lambda:InvokeFunction",
		plain: "May list, start, stop and restart every EC2 instance and every RDS database of the account, and see the settings of every Lambda function and call it."},
	{Preset: Preset{"monitoring", "read metrics, alarms and logs", false},
		managed: "CloudWatchReadOnlyAccess",
		plain:   "May read all metrics, alarms, dashboards and log entries of CloudWatch. May change nothing (AWS's policy CloudWatchReadOnlyAccess).",
		beside:  "cloudwatch:GetMetricData cloudwatch:GetMetricStatistics cloudwatch:ListMetrics",
		besides: "May read all metrics of the account, which AWS cannot limit to some."},
}

// Presets are those that Of knows, in the order of their documentation.
func Presets() (all []Preset) {
	for _, p := range presets {
		all = append(all, p.Preset)
	}
	return all
}

// Of returns the permissions of presets, limited to resources (ARNs) where these are given.
func Of(names, resources []string) (Permissions, error) {
	chosen, err := choose(names)
	if err != nil {
		return Permissions{}, err
	}
	found, err := sortResources(resources)
	if err != nil {
		return Permissions{}, err
	}
	used := map[string]bool{}
	var all Permissions
	for _, p := range chosen {
		one, err := p.permissions(found, used)
		if err != nil {
			return Permissions{}, err
		}
		all = Join(all, one)
	}
	for _, r := range found {
		if !used[r.arn] {
			return Permissions{}, fmt.Errorf("%s do nothing with %s (%q); give a policy for it with --policy FILE", listed(union(names, nil)), r.kind.name, r.arn)
		}
	}
	return all, nil
}

func choose(names []string) (chosen []preset, err error) {
	if len(names) == 0 {
		return nil, fmt.Errorf("no permissions are named; there are %s", listed(presetNames()))
	}
	for _, name := range union(names, nil) {
		i := slices.IndexFunc(presets, func(p preset) bool { return p.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("there are no permissions %q; there are %s, and --policy FILE for any other", name, listed(presetNames()))
		}
		chosen = append(chosen, presets[i])
	}
	return chosen, nil
}

func presetNames() (names []string) {
	for _, p := range presets {
		names = append(names, p.Name)
	}
	return names
}

// permissions are those of one preset. used gets the resources that it takes.
func (p *preset) permissions(found []resource, used map[string]bool) (Permissions, error) {
	one := Permissions{Presets: []string{p.Name}}
	switch {
	case len(found) == 0 && p.NeedsResource:
		return one, fmt.Errorf("%s needs --resource ARN: of %s", p.Name, listed(knownTo(p.Name)))
	case (len(found) == 0 || p.wide) && p.managed != "":
		one.Managed, one.Plain = []string{p.managed}, []string{p.plain}
		return one, nil
	case len(found) == 0:
		one.Policy, one.Plain = toJSON(policy(allow(p.everymans, "*"))), []string{p.plain}
		return one, nil
	}
	var statements list
	for _, k := range kinds {
		g, ok := k.grants[p.Name]
		arns := ofKind(found, k)
		if !ok || len(arns) == 0 {
			continue
		}
		for _, arn := range arns {
			used[arn] = true
		}
		for _, on := range g.on {
			statements = append(statements, allow(on.actions, on.each(arns)...))
		}
		one.Plain = append(one.Plain, "May "+fmt.Sprintf(g.does, k.plural(arns))+".")
	}
	if len(statements) == 0 {
		return one, fmt.Errorf("no --resource is one that %s is for: it knows %s; give a policy for any other with --policy FILE", p.Name, listed(knownTo(p.Name)))
	}
	if p.beside != "" {
		statements = append(statements, allow(p.beside, "*"))
		one.Plain = append(one.Plain, p.besides)
	}
	one.Policy = toJSON(policy(statements...))
	return one, nil
}

// allow is a statement that allows actions, which blanks part.
func allow(actions string, resources ...string) object {
	return object{{"Effect", "Allow"}, {"Action", compact(strings.Fields(actions))}, {"Resource", compact(resources)}}
}
