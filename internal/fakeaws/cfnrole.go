package fakeaws

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// resource is what a stack has made.
type resource struct {
	id, kind, physical string
	status             string
	properties         map[string]any // as they were worked out
	attributes         map[string]string
}

// resourceKind is how resources of a type are made. make changes old where there is one; what it returns beside an error is to be
// removed, or put back.
type resourceKind struct {
	make   func(d *deployment, old *resource, id string, properties map[string]any) (*resource, error)
	remove func(d *deployment, r *resource) error
	name   string // the property that names it, for which CAPABILITY_NAMED_IAM is asked
}

// resourceKinds are the types that are understood.
var resourceKinds = map[string]resourceKind{
	"AWS::IAM::Role":       {makeRole, removeRole, "RoleName"},
	"AWS::IAM::RolePolicy": {makeRolePolicy, removeRolePolicy, "PolicyName"},
}

// deployment is one change of a stack, with the rights of who asks for it.
type deployment struct {
	*Server
	call
	stack *stack
}

// iam does an action of IAM.
func (d *deployment) iam(action string, pairs ...string) error {
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	_, err := iamActions[action](d.Server, call{who: d.who, form: form, ip: d.ip, region: d.region})
	return err
}

// roleProperties are those of AWS::IAM::Role.
type roleProperties struct {
	name, path, description, trust, session, boundary string
	inline                                            map[string]string
	managed                                           []string
	tags                                              []tag
}

func readRole(properties map[string]any) (roleProperties, error) {
	p := roleProperties{path: "/", session: "3600", inline: map[string]string{}}
	r := propertyReader{properties: properties}
	r.text("RoleName", &p.name)
	r.text("Path", &p.path)
	r.text("Description", &p.description)
	r.text("MaxSessionDuration", &p.session)
	r.text("PermissionsBoundary", &p.boundary)
	p.trust = r.document("AssumeRolePolicyDocument")
	for _, m := range r.objects("Policies") {
		policy := propertyReader{properties: m, err: r.err}
		var name string
		policy.text("PolicyName", &name)
		p.inline[name] = policy.document("PolicyDocument")
		r.err = policy.end("PolicyName", "PolicyDocument")
	}
	for _, item := range r.list("ManagedPolicyArns") {
		p.managed = append(p.managed, plainText(item))
	}
	for _, m := range r.objects("Tags") {
		p.tags = append(p.tags, tag{plainText(m["Key"]), plainText(m["Value"])})
	}
	return p, r.end("RoleName", "Path", "Description", "MaxSessionDuration", "PermissionsBoundary", "AssumeRolePolicyDocument", "Policies", "ManagedPolicyArns", "Tags")
}

func makeRole(d *deployment, old *resource, id string, properties map[string]any) (*resource, error) {
	p, err := readRole(properties)
	if err != nil {
		return old, err
	}
	if p.name == "" {
		p.name = d.stack.physicalName(id, old)
	}
	was := roleProperties{}
	if old != nil {
		was, _ = readRole(old.properties) // was good when it was made
		if p.name != old.physical || p.path != was.path {
			return old, invalid("CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename %s and update the stack again.", id)
		}
	}
	r := &resource{id: id, kind: "AWS::IAM::Role", physical: p.name, properties: properties}
	if old == nil {
		if err := d.newRole(p); err != nil {
			return nil, err
		}
	} else {
		r.attributes = old.attributes
		if err := d.alterRole(p, was); err != nil {
			return r, err // half of it may be done
		}
	}
	if err := d.setPolicies(p, was); err != nil {
		return r, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if made := d.findRole(d.who.account, p.name); made != nil {
		r.attributes = map[string]string{"": p.name, "Arn": made.text, "RoleId": made.id}
	}
	return r, nil
}

// newRole asks IAM for the role without its policies.
func (d *deployment) newRole(p roleProperties) error {
	pairs := []string{"RoleName", p.name, "Path", p.path, "AssumeRolePolicyDocument", p.trust, "MaxSessionDuration", p.session}
	if p.description != "" {
		pairs = append(pairs, "Description", p.description)
	}
	if p.boundary != "" {
		pairs = append(pairs, "PermissionsBoundary", p.boundary)
	}
	for i, t := range append(slices.Clone(d.stack.tags), p.tags...) {
		pairs = append(pairs, fmt.Sprintf("Tags.member.%d.Key", i+1), t.key, fmt.Sprintf("Tags.member.%d.Value", i+1), t.value)
	}
	return d.iam("CreateRole", pairs...)
}

// alterRole asks for what differs.
func (d *deployment) alterRole(p, was roleProperties) error {
	if p.trust != was.trust {
		if err := d.iam("UpdateAssumeRolePolicy", "RoleName", p.name, "PolicyDocument", p.trust); err != nil {
			return err
		}
	}
	if p.description != was.description || p.session != was.session {
		if err := d.iam("UpdateRole", "RoleName", p.name, "Description", p.description, "MaxSessionDuration", p.session); err != nil {
			return err
		}
	}
	if !slices.Equal(p.tags, was.tags) {
		if err := d.changeTags(p, was); err != nil {
			return err
		}
	}
	switch {
	case p.boundary == was.boundary:
		return nil
	case p.boundary == "":
		return d.iam("DeleteRolePermissionsBoundary", "RoleName", p.name)
	}
	return d.iam("PutRolePermissionsBoundary", "RoleName", p.name, "PermissionsBoundary", p.boundary)
}

func (d *deployment) changeTags(p, was roleProperties) error {
	gone := []string{"RoleName", p.name}
	for i, t := range was.tags {
		gone = append(gone, fmt.Sprintf("TagKeys.member.%d", i+1), t.key)
	}
	set := []string{"RoleName", p.name}
	for i, t := range p.tags {
		set = append(set, fmt.Sprintf("Tags.member.%d.Key", i+1), t.key, fmt.Sprintf("Tags.member.%d.Value", i+1), t.value)
	}
	if err := d.iam("UntagRole", gone...); err != nil {
		return err
	}
	return d.iam("TagRole", set...)
}

// setPolicies puts what is new and takes away what the stack had put there. What somebody else put there stays.
func (d *deployment) setPolicies(p, was roleProperties) error {
	for _, name := range slices.Sorted(maps.Keys(p.inline)) {
		if was.inline[name] != p.inline[name] {
			if err := d.iam("PutRolePolicy", "RoleName", p.name, "PolicyName", name, "PolicyDocument", p.inline[name]); err != nil {
				return err
			}
		}
	}
	for _, arn := range p.managed {
		if !slices.Contains(was.managed, arn) {
			if err := d.iam("AttachRolePolicy", "RoleName", p.name, "PolicyArn", arn); err != nil {
				return err
			}
		}
	}
	for name := range was.inline {
		if _, stays := p.inline[name]; !stays {
			if err := unlessGone(d.iam("DeleteRolePolicy", "RoleName", p.name, "PolicyName", name)); err != nil {
				return err
			}
		}
	}
	for _, arn := range was.managed {
		if !slices.Contains(p.managed, arn) {
			if err := unlessGone(d.iam("DetachRolePolicy", "RoleName", p.name, "PolicyArn", arn)); err != nil {
				return err
			}
		}
	}
	return nil
}

func removeRole(d *deployment, r *resource) error {
	was, err := readRole(r.properties)
	if err != nil {
		return err
	}
	if err := d.setPolicies(roleProperties{name: r.physical}, was); err != nil {
		return err
	}
	return unlessGone(d.iam("DeleteRole", "RoleName", r.physical))
}

func makeRolePolicy(d *deployment, old *resource, id string, properties map[string]any) (*resource, error) {
	var name, role string
	p := propertyReader{properties: properties}
	p.text("PolicyName", &name)
	p.text("RoleName", &role)
	document := p.document("PolicyDocument")
	if err := p.end("PolicyName", "RoleName", "PolicyDocument"); err != nil {
		return old, err
	}
	r := &resource{id: id, kind: "AWS::IAM::RolePolicy", physical: role + "|" + name, properties: properties, attributes: map[string]string{"": role + "|" + name}}
	if old != nil && old.physical != r.physical {
		return old, invalid("replacing %s is not supported here", id)
	}
	if err := d.iam("PutRolePolicy", "RoleName", role, "PolicyName", name, "PolicyDocument", document); err != nil {
		return old, err
	}
	return r, nil
}

func removeRolePolicy(d *deployment, r *resource) error {
	role, name, _ := strings.Cut(r.physical, "|")
	return unlessGone(d.iam("DeleteRolePolicy", "RoleName", role, "PolicyName", name))
}
