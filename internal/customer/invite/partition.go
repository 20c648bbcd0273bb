package invite

import (
	"net/url"
	"strings"

	"credd/internal/agent/cred"
)

// partition is an AWS of its own.
type partition struct {
	regions *pattern
	console string // host of the console; "" where AWS tells it only to its customers there
	service string // the end of its services' hosts
}

var partitions = map[string]partition{
	"aws":        {newPattern(`^(us|eu|ap|sa|ca|me|af|il|mx)-[a-z]+-[0-9]{1,2}$`), "console.aws.amazon.com", "amazonaws.com"},
	"aws-cn":     {newPattern(`^cn-[a-z]+-[0-9]{1,2}$`), "console.amazonaws.cn", "amazonaws.com.cn"},
	"aws-us-gov": {newPattern(`^us-gov-[a-z]+-[0-9]{1,2}$`), "console.amazonaws-us-gov.com", "amazonaws.com"},
	"aws-eusc":   {newPattern(`^eusc-[a-z]+-[a-z]+-[0-9]{1,2}$`), "console.amazonaws-eusc.eu", "amazonaws.eu"},
	"aws-iso":    {newPattern(`^us-iso-[a-z]+-[0-9]{1,2}$`), "", "c2s.ic.gov"},
	"aws-iso-b":  {newPattern(`^us-isob-[a-z]+-[0-9]{1,2}$`), "", "sc2s.sgov.gov"},
	"aws-iso-e":  {newPattern(`^eu-isoe-[a-z]+-[0-9]{1,2}$`), "", "cloud.adc-e.uk"},
	"aws-iso-f":  {newPattern(`^us-isof-[a-z]+-[0-9]{1,2}$`), "", "csp.hci.ic.gov"},
}

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
	host := partitions[t.Partition].console
	if t.TemplateURL == "" || host == "" {
		return ""
	}
	return "https://" + host + "/cloudformation/home?region=" + url.QueryEscape(t.Region) + "#/stacks/quickcreate?templateURL=" +
		component(t.TemplateURL) + "&stackName=" + component(t.Stack) + "&param_ExternalId=" + component(id.Reveal())
}

// component escapes what stands in a fragment, where a plus sign is no blank.
func component(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
