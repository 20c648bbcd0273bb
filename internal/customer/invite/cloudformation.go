package invite

const (
	idParameter    = "ExternalId"
	setupParameter = "SetupPermissions"
	setupCondition = "SetupOn"
)

// template is the CloudFormation template. It holds no external ID, so that it can be kept where many read it.
func (t *Terms) template() string {
	r := t.role()
	parameters := object{{idParameter, commented{
		"The external ID that you were given. It stands in the trust below and in no output; CloudFormation does not show it again.",
		object{
			{"Type", "String"},
			{"NoEcho", true},
			{"Description", "The external ID that you were given with this template."},
			{"MinLength", 2},
			{"MaxLength", 64},
			{"AllowedPattern", `[\w+=,.@:\/-]*`},
			{"ConstraintDescription", "2 to 64 letters, digits and the characters + = , . @ : / _ -"},
		}}}}
	template := object{
		{"AWSTemplateFormatVersion", "2010-09-09"},
		{"Description", r.description},
	}
	if r.phases {
		parameters = append(parameters, member{setupParameter, commented{
			"Set it to Off when the setup is done: the permissions of the policy \"setup\" go, all others stay.",
			object{
				{"Type", "String"},
				{"Description", "On while the service provider sets things up, Off afterwards."},
				{"Default", "On"},
				{"AllowedValues", list{"On", "Off"}},
			}}})
	}
	template = append(template, member{"Parameters", parameters})
	if r.phases {
		template = append(template, member{"Conditions", object{{setupCondition, equals{ref(setupParameter), "On"}}}})
	}
	template = append(template,
		member{"Resources", append(object{{"Role", object{{"Type", "AWS::IAM::Role"}, {"Properties", r.properties(t)}}}}, r.setupResources()...)},
		member{"Outputs", object{{"RoleArn", object{{"Description", "The ARN of the role."}, {"Value", getAtt("Role.Arn")}}}}})
	w := &yamlWriter{}
	w.WriteString("# One role, and nothing else. To end all access, delete the stack.\n")
	w.object(template, 0)
	return w.String()
}

// properties are those of AWS::IAM::Role.
func (r *role) properties(t *Terms) object {
	p := object{
		{"RoleName", r.name},
		{"Path", r.path},
		{"Description", r.description},
		{"MaxSessionDuration", commented{"Seconds. Each session ends by itself after at most this time.", r.maxSession}},
	}
	if r.boundary != "" {
		p = append(p, member{"PermissionsBoundary", commented{"Nothing beyond this policy is allowed, whatever the policies below say.", r.boundary}})
	}
	p = append(p, member{"AssumeRolePolicyDocument", commented{t.trustNote(), r.trust}})
	if policies := r.policies(); len(policies) > 0 {
		p = append(p, member{"Policies", policies})
	}
	var managed list
	for _, arn := range r.managed {
		managed = append(managed, arn)
	}
	for _, arn := range r.setup {
		managed = append(managed, onlyIf{setupCondition, arn})
	}
	if len(managed) > 0 {
		p = append(p, member{"ManagedPolicyArns", commented{"Policies that AWS writes and keeps up to date.", managed}})
	}
	if len(r.tags) > 0 {
		var tags list
		for _, tag := range r.tags {
			tags = append(tags, object{{"Key", tag.key}, {"Value", tag.value}})
		}
		p = append(p, member{"Tags", tags})
	}
	return p
}

func (r *role) policies() (all list) {
	for _, p := range r.inline {
		if !p.setup {
			all = append(all, commented{notes[p.name], object{{"PolicyName", p.name}, {"PolicyDocument", p.document}}})
		}
	}
	return all
}

// setupResources are the policies that go when the setup is done. They are resources of their own, so that whoever looks at the
// change sees CloudFormation remove them.
func (r *role) setupResources() (all object) {
	for _, p := range r.inline {
		if p.setup {
			all = append(all, member{"SetupPolicy", commented{notes[p.name], object{
				{"Type", "AWS::IAM::Policy"},
				{"Condition", setupCondition},
				{"Properties", object{{"PolicyName", p.name}, {"Roles", list{ref("Role")}}, {"PolicyDocument", p.document}}},
			}}})
		}
	}
	return all
}

// notes say what each policy is for. All three formats carry them.
var notes = map[string]string{
	accessPolicy: "What the role may do as long as it exists.",
	setupPolicy:  "What the role may do in addition until the setup is done.",
	selfPolicy:   "Lets the role look at itself, so that it can be proven what it may do. It can change nothing.",
}

// trustNote says in words what the trust asks for.
func (t *Terms) trustNote() string {
	who := "Only the principals named here, of one account"
	if t.Exact {
		who = "Only this principal"
	}
	return who + ", and only with the external ID. Keep that condition: without it\nthe service provider could be led to work here on behalf of somebody else."
}
