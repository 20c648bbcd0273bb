package invite

import (
	"strconv"

	"credd/internal/agent/cred"
)

// terraform is the role as Terraform's configuration. It holds no external ID.
func (t *Terms) terraform() string {
	r := t.role()
	top := object{
		{"", hclBlock{"terraform", "One role, and nothing else. To end all access: terraform destroy.", object{
			{"required_version", ">= 1.3"},
			{"", hclBlock{"required_providers", "", object{{"aws", object{{"source", "hashicorp/aws"}, {"version", ">= 5.0"}}}}}},
		}}},
		{"", hclBlock{`variable "external_id"`, "The external ID that you were given. It stands in the trust below and in no output.", object{
			{"type", raw("string")},
			{"sensitive", true},
			{"nullable", false},
			{"", hclBlock{"validation", "", object{
				{"condition", raw(`can(regex("^[\\w+=,.@:/-]{2,64}$", var.external_id))`)},
				{"error_message", "2 to 64 letters, digits and the characters + = , . @ : / _ -"},
			}}},
		}}},
	}
	if r.phases {
		top = append(top, member{"", hclBlock{`variable "setup"`, "Set it to false when the setup is done: the permissions of the policy \"setup\" go, all others stay.", object{
			{"type", raw("bool")},
			{"default", true},
			{"nullable", false},
		}}})
	}
	top = append(top,
		member{"", hclBlock{`data "aws_caller_identity" "current"`, "", nil}},
		member{"", hclBlock{`resource "aws_iam_role" "access"`, "", t.terraformRole(r)}})
	for _, p := range r.inline {
		top = append(top, member{"", hclBlock{`resource "aws_iam_role_policy" ` + strconv.Quote(terraformName(p.name)), notes[p.name], p.terraform()}})
	}
	top = append(top, r.terraformManaged()...)
	top = append(top, member{"", hclBlock{`output "role_arn"`, "", object{
		{"description", "The ARN of the role."},
		{"value", raw("aws_iam_role.access.arn")},
	}}})
	w := &hclWriter{}
	w.body(top, 0, true)
	return w.String()
}

func (t *Terms) terraformRole(r *role) object {
	body := object{
		{"name", r.name},
		{"path", r.path},
		{"description", r.description},
		{"max_session_duration", r.maxSession},
		{"force_detach_policies", true}, // what was put into it since, such as revoked sessions, does not keep it
	}
	if r.boundary != "" {
		body = append(body, member{"permissions_boundary", r.boundary})
	}
	body = append(body, member{"assume_role_policy", encoded{r.trust}})
	if len(r.tags) > 0 {
		tags := object{}
		for _, tag := range r.tags {
			tags = append(tags, member{tag.key, tag.value})
		}
		body = append(body, member{"tags", tags})
	}
	return append(body, member{"", hclBlock{"lifecycle", "", object{{"", hclBlock{"precondition", "", object{
		{"condition", raw("data.aws_caller_identity.current.account_id == " + hclText(t.AccountID))},
		{"error_message", "These credentials are of another account: the role belongs into " + t.AccountID + "."},
	}}}}}})
}

func (p inline) terraform() (body object) {
	if p.setup {
		body = object{{"count", raw("var.setup ? 1 : 0")}}
	}
	return append(body, object{
		{"name", p.name},
		{"role", raw("aws_iam_role.access.id")},
		{"policy", encoded{p.document}},
	}...)
}

// terraformManaged are the attachments of AWS's own policies.
func (r *role) terraformManaged() (all object) {
	add := func(name, note string, arns []string, each func(list string) string) {
		if len(arns) == 0 {
			return
		}
		w := &hclWriter{}
		w.list(strs(arns), 2)
		all = append(all, member{"", hclBlock{`resource "aws_iam_role_policy_attachment" "` + name + `"`, note, object{
			{"for_each", raw(each(w.String()))},
			{"role", raw("aws_iam_role.access.name")},
			{"policy_arn", raw("each.value")},
		}}})
	}
	add("managed", "Policies that AWS writes and keeps up to date.", r.managed, func(list string) string { return "toset(" + list + ")" })
	add("setup", "Policies that AWS writes and keeps up to date, until the setup is done.", r.setup, func(list string) string { return "toset(var.setup ? " + list + " : [])" })
	return all
}

// terraformName is the name of a policy as a resource's.
func terraformName(policy string) string {
	if policy == selfPolicy {
		return "self_check"
	}
	return policy
}

// tfvars are the values of the variables.
func (t *Terms) tfvars(id cred.Secret) string {
	w := &hclWriter{}
	w.body(object{{"external_id", id.Reveal()}}, 0, true)
	return w.String()
}
