package invite

import (
	"net/url"
	"strings"

	"credd/internal/agent/cred"
	"credd/internal/partition"
)

// arn is an ARN of IAM, which has no region.
func (t *Terms) arn(account, resource string) string {
	return "arn:" + t.Partition + ":iam::" + account + ":" + resource
}

// RoleARN is the role's ARN, known before it exists.
func (t *Terms) RoleARN() string { return t.arn(t.AccountID, "role"+t.path()+t.RoleName) }

// path is the role's path: "/" where none is set.
func (t *Terms) path() string {
	if t.Path == "" {
		return "/"
	}
	return t.Path
}

// QuickCreate is the link to the CloudFormation console with the template and its parameters; "" without TemplateURL, and where the
// console's host is not known. The external ID is behind the #, which a browser sends to nobody.
func (t *Terms) QuickCreate(id cred.Secret) string {
	in, _ := partition.Named(t.Partition)
	if t.TemplateURL == "" || in.Console == "" {
		return ""
	}
	return "https://" + in.Console + "/cloudformation/home?region=" + url.QueryEscape(t.Region) + "#/stacks/quickcreate?templateURL=" +
		component(t.TemplateURL) + "&stackName=" + component(t.Stack) + "&param_ExternalId=" + component(id.Reveal())
}

// component escapes what stands in a fragment, where a plus sign is no blank.
func component(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
