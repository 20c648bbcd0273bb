package invite

import (
	"slices"
	"strings"
)

func (t *Terms) checkOngoing() *Problem {
	if t.Ongoing.empty() && (t.Setup == nil || t.Setup.empty()) {
		return problem("ongoing", "the role may do nothing")
	}
	return t.checkPermissions("ongoing", &t.Ongoing)
}

func (t *Terms) checkSetup() *Problem {
	if t.Setup == nil {
		return nil
	}
	if t.Setup.Policy == "" && len(union(t.Ongoing.Managed, t.Setup.Managed)) == len(t.Ongoing.Managed) {
		return problem("setup", "it may do nothing beyond what is ongoing")
	}
	return t.checkPermissions("setup", t.Setup)
}

func (p *Permissions) empty() bool { return len(p.Managed) == 0 && p.Policy == "" }

// checkPermissions looks at them again: they may come from a file.
func (t *Terms) checkPermissions(field string, p *Permissions) *Problem {
	for _, name := range p.Managed {
		if !managedNames.matches(name) {
			return problem(field, "%q is no name of a policy", name)
		}
	}
	if p.Policy == "" {
		return nil
	}
	if _, err := ReadPolicy([]byte(p.Policy)); err != nil {
		return problem(field, "the policy: %v", err)
	}
	for _, s := range p.statements() {
		for _, r := range append(texts(s.get("Resource")), texts(s.get("NotResource"))...) {
			if of := partitionOf(r); of != "" && of != t.Partition {
				return problem(field, "%q is of partition %s, the role of %s", r, of, t.Partition)
			}
		}
	}
	return nil
}

// partitionOf is the partition that an ARN names, or "".
func partitionOf(arn string) string {
	parts := strings.SplitN(arn, ":", 3)
	if len(parts) < 3 || strings.ContainsAny(parts[1], "*?$") {
		return ""
	}
	return parts[1]
}

func (t *Terms) checkSizes() *Problem {
	r, n := t.role(), 0
	for _, p := range r.inline {
		n += size(resolve(p.document, "", t.RoleARN()))
	}
	switch trust := t.trustSize(); {
	case n > maxInline:
		return problem("policy", "all policies have %d characters together, AWS takes %d in a role", n, maxInline)
	case trust > maxTrust:
		return problem("principals", "the trust policy has %d characters, AWS takes %d at most", trust, maxTrust)
	}
	if n := len(union(r.managed, r.setup)); n > maxManaged {
		return problem("ongoing", "%d of AWS's own policies, AWS takes %d in a role", n, maxManaged)
	}
	if n := len(t.template()); n > maxTemplate {
		return problem("policy", "the template has %d bytes, CloudFormation takes %d", n, maxTemplate)
	}
	return nil
}

// trustSize counts the longest external ID.
func (t *Terms) trustSize() int { return size(resolve(t.trust(), strings.Repeat("x", 64), "")) }

// phases calls each with what to say before a sentence on it.
func (t *Terms) phases(each func(when string, p *Permissions)) {
	each("", &t.Ongoing)
	if t.Setup != nil {
		each("during setup, ", t.Setup)
	}
}

// managedAny reports whether a policy of AWS's is in one of the phases.
func (t *Terms) managedAny(name string) (found bool) {
	t.phases(func(_ string, p *Permissions) { found = found || slices.Contains(p.Managed, name) })
	return found
}
