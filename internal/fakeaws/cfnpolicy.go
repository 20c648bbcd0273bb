package fakeaws

import "strings"

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

// readPolicy reads the properties of AWS::IAM::Policy, as far as they are about roles.
func readPolicy(properties map[string]any) (name, document string, roles []string, err error) {
	p := propertyReader{properties: properties}
	p.text("PolicyName", &name)
	document = p.document("PolicyDocument")
	for _, r := range p.list("Roles") {
		roles = append(roles, plainText(r))
	}
	if err = p.end("PolicyName", "PolicyDocument", "Roles"); err == nil && len(roles) == 0 {
		err = invalid("At least one of [Groups,Roles,Users] must be non-empty.")
	}
	return name, document, roles, err
}

// makePolicy puts a policy into roles. What it was in and is no longer, is a case for another stack.
func makePolicy(d *deployment, old *resource, id string, properties map[string]any) (*resource, error) {
	name, document, roles, err := readPolicy(properties)
	if err != nil {
		return old, err
	}
	if old != nil {
		if was, _, before, _ := readPolicy(old.properties); was != name || strings.Join(before, " ") != strings.Join(roles, " ") {
			return old, invalid("replacing %s is not supported here", id)
		}
	}
	physical := d.stack.physicalName(id, old)
	r := &resource{id: id, kind: "AWS::IAM::Policy", physical: physical, properties: properties, attributes: map[string]string{"": physical}}
	for _, role := range roles {
		if err := d.iam("PutRolePolicy", "RoleName", role, "PolicyName", name, "PolicyDocument", document); err != nil {
			return r, err
		}
	}
	return r, nil
}

func removePolicy(d *deployment, r *resource) error {
	name, _, roles, err := readPolicy(r.properties)
	for _, role := range roles {
		if err == nil {
			err = unlessGone(d.iam("DeleteRolePolicy", "RoleName", role, "PolicyName", name))
		}
	}
	return err
}
