package roster

import (
	"cmp"
	"slices"

	"credd/internal/agent/cred"
)

// customerDraft is a customer's file as read, before defaults and sources are known.
type customerDraft struct {
	customer    Customer
	externalID  cred.Secret
	source      string
	sourceLine  int
	accountLine int
	defaultLine int
	roles       []*roleDraft
}

type roleDraft struct {
	name   string
	role   Role
	source string
	lines  map[string]int // of keys whose check needs more than the file
}

var customerKeys = []key[customerDraft]{
	{versionKey, func(*checker, field, *customerDraft) {}},
	str("name", (*checker).text, func(d *customerDraft) *string { return &d.customer.Name }),
	{"account_id", func(c *checker, f field, d *customerDraft) {
		d.customer.AccountID, d.accountLine = c.account(f), f.line
	}},
	{"external_id", func(c *checker, f field, d *customerDraft) { d.externalID = cred.NewSecret(c.externalID(f)) }},
	str("environment", (*checker).text, func(d *customerDraft) *string { return &d.customer.Environment }),
	str("region", (*checker).region, func(d *customerDraft) *string { return &d.customer.Region }),
	{"source", func(c *checker, f field, d *customerDraft) { d.source, d.sourceLine = c.text(f), f.line }},
	{"default_role", func(c *checker, f field, d *customerDraft) { d.customer.DefaultRole, d.defaultLine = c.text(f), f.line }},
	str("note", (*checker).text, func(d *customerDraft) *string { return &d.customer.Note }),
	{"role", (*checker).roles},
	{"allow", func(c *checker, f field, d *customerDraft) { d.customer.Allow = c.allow(f) }},
}

var roleKeys = []key[roleDraft]{
	str("arn", (*checker).roleARN, func(r *roleDraft) *string { return &r.role.ARN }),
	{ownSession, (*checker).ownSession},
	str("source", (*checker).text, func(r *roleDraft) *string { return &r.source }),
	{"external_id", func(c *checker, f field, r *roleDraft) { r.role.ExternalID = cred.NewSecret(c.externalID(f)) }},
	{"duration", func(c *checker, f field, r *roleDraft) { r.role.Duration = c.duration(f) }},
	str("session_name", (*checker).sessionName, func(r *roleDraft) *string { return &r.role.SessionName }),
	str("region", (*checker).region, func(r *roleDraft) *string { return &r.role.Region }),
	str("sts_region", (*checker).region, func(r *roleDraft) *string { return &r.role.STSRegion }),
	str("policy", (*checker).policy, func(r *roleDraft) *string { return &r.role.Policy }),
	{"policy_arns", func(c *checker, f field, r *roleDraft) { r.role.PolicyARNs = c.policyARNs(f) }},
	{"tags", func(c *checker, f field, r *roleDraft) { r.role.Tags = c.tags(f) }},
	{"transitive_tags", func(c *checker, f field, r *roleDraft) { r.role.TransitiveTags = c.texts(f) }},
	str("source_identity", func(c *checker, f field) string {
		return c.matchingLength(f, identityForm, 2, 64, "2 to 64 characters of A-Z a-z 0-9 _ + = , . @ - (STS AssumeRole)")
	}, func(r *roleDraft) *string { return &r.role.SourceIdentity }),
	{"allow", func(c *checker, f field, r *roleDraft) { r.role.Allow = c.allow(f) }},
	{name: "confirm"},
}

func (c *checker) roles(f field, d *customerDraft) {
	if f.value.kind != section || f.value.table.closed {
		c.fault(f.line, "write [role.NAME]", "role is not a table of tables")
		return
	}
	for _, f := range f.value.table.fields {
		if !isRoleName(f.name) {
			c.fault(f.line, "use letters, digits and . _ @ + = , -", "%s cannot be the name of a role", quote(f.name))
			continue
		}
		r := &roleDraft{name: f.name, role: Role{Line: f.line}, lines: map[string]int{}}
		each(c, f, roleKeys, r)
		if f.value.table != nil {
			for _, k := range f.value.table.fields {
				r.lines[k.name] = k.line
			}
			c.role(f, r)
		}
		d.roles = append(d.roles, r)
	}
}

// role checks what the keys of a role say together.
func (c *checker) role(f field, r *roleDraft) {
	_, arn := r.lines["arn"]
	own, marked := r.lines[ownSession]
	switch {
	case arn && marked:
		c.fault(own, "remove it, or the arn", "%s cannot be set for role %s, which has an arn", ownSession, r.name)
	case marked:
		c.ownRole(f, r)
	case !arn:
		c.fault(f.line, "add arn = \"arn:aws:iam::…:role/…\"; if it is to hand out a source's own session: "+ownSession+" = true", "role %s has no arn", r.name)
	}
	for _, t := range r.role.TransitiveTags {
		if _, ok := r.role.Tags[t]; !ok && t != "" {
			c.fault(r.lines["transitive_tags"], "name only keys of tags", "transitive_tags names %s, which is not in tags", quote(t))
		}
	}
	if m := roleARNForm.FindStringSubmatch(r.role.ARN); m != nil {
		r.role.Partition, r.role.AccountID = m[1], m[2]
	}
}

// ownSession is the key that a role without an ARN needs: a line that was lost never turns a role into our own session.
const ownSession = "own_session"

// ownSession takes nothing but true.
func (c *checker) ownSession(f field, _ *roleDraft) {
	switch {
	case f.value.kind != boolean:
		c.fault(f.line, "write "+ownSession+" = true", "%s is %s, not true", ownSession, f.value.kind)
	case f.value.text != "true":
		c.fault(f.line, "remove it", "%s is false, as it is without this line", ownSession)
	}
}

// ownRole checks a role that hands out its source's own session. It has to name that source itself.
func (c *checker) ownRole(f field, r *roleDraft) {
	if r.source == "" || isRole(r.source) {
		c.fault(f.line, "add a source of credd.toml: source = \"…\"", "role %s hands out a source's own session, and does not name that source itself", r.name)
		return
	}
	for _, k := range roleKeys { // in this order, so that the first fault is always the same
		if at, ok := r.lines[k.name]; ok && !slices.Contains(ownRoleKeys, k.name) {
			c.fault(at, "remove it, or add an arn", "%s cannot be set for role %s, which has no arn and hands out its source's own session", k.name, r.name)
		}
	}
	r.role.Partition = "aws"
}

// ownRoleKeys are those of a role without an ARN.
var ownRoleKeys = []string{ownSession, "source", "duration", "region", "allow"}

// readCustomer reads a customer's file.
func readCustomer(t *table, c *checker) *customerDraft {
	d := &customerDraft{}
	c.version(t)
	read(c, t, customerKeys, d)
	for _, r := range d.roles {
		if r.role.ARN == "" && r.role.Partition != "" {
			r.role.AccountID, r.role.ExternalID = d.customer.AccountID, cred.Secret{}
		}
		if isRole(cmp.Or(r.source, d.source)) && r.role.Duration > chainedMax {
			c.fault(r.lines["duration"], "use 1h or less", "duration is above 1h, which AWS refuses where the source is a role (role chaining)")
		}
		if a := d.customer.AccountID; a != "" && r.role.AccountID != "" && r.role.AccountID != a {
			c.fault(r.lines["arn"], "correct the ARN, or account_id in line "+itoa(d.accountLine),
				"the ARN of role %s is of account %s, and account_id is %s", r.name, r.role.AccountID, a)
		}
	}
	if want := d.customer.DefaultRole; want != "" && !slices.ContainsFunc(d.roles, func(r *roleDraft) bool { return r.name == want }) {
		c.fault(d.defaultLine, "name one of the roles of this file", "default_role %s is not a role of this file", quote(want))
	}
	return d
}
