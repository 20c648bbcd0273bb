package roster

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Export is a customer's file for somebody else's customers/. It has what the customer gave us and what narrows a session, and
// nothing of ours: no external ID, source, session name, note, tag, source identity or allow. Its empty external_id is refused
// until it is filled in, so that no role is tried without.
func (r *Roster) Export(key string) (string, error) {
	c, err := r.FindCustomer(key)
	if err != nil {
		return "", err
	}
	x := exporter{customer: c, roles: map[string]bool{}}
	for _, d := range c.draft.roles {
		if d.role.ARN != "" {
			x.roles[d.name] = true
		}
	}
	return x.text(), nil
}

type exporter struct {
	customer *Customer
	roles    map[string]bool // those that are in it
	b        strings.Builder
}

func (x *exporter) text() string {
	c, d := x.customer, x.customer.draft
	fmt.Fprintf(&x.b, "# Customer %s. Save this as %s, in the customers directory of your configuration.\n", c.Key, c.Key+suffix)
	x.b.WriteString("version = 1\n" + line("name", d.customer.Name) + line("account_id", d.customer.AccountID))
	if !d.externalID.IsZero() {
		x.askID(c.Key + "/" + x.anyRole())
	}
	x.b.WriteString(line("environment", d.customer.Environment) + line("region", d.customer.Region))
	if x.roles[d.customer.DefaultRole] {
		x.b.WriteString(line("default_role", d.customer.DefaultRole))
	}
	if d.customer.Allow != nil {
		x.b.WriteString("# Who may use its roles was set here (allow).\n")
	}
	for _, role := range d.roles {
		x.role(role)
	}
	return x.b.String()
}

// anyRole is one whose external ID is the customer's.
func (x *exporter) anyRole() string {
	for _, d := range x.customer.draft.roles {
		if x.roles[d.name] && d.role.ExternalID.IsZero() {
			return d.name
		}
	}
	return "ROLE"
}

// askID leaves the place of an external ID.
func (x *exporter) askID(role string) {
	x.b.WriteString("# Ask whoever gave you this file for the external ID, by another way than this file. They see it by:\n" +
		"# credd role show " + role + " --show-external-id\n" + "external_id = \"\"\n")
}

func (x *exporter) role(d *roleDraft) {
	name := x.customer.Key + "/" + d.name
	if !x.roles[d.name] {
		fmt.Fprintf(&x.b, "\n# %s is left out: it is the own session of a source, not a role of the customer.\n", name)
		return
	}
	r := &d.role
	x.b.WriteString("\n[role." + tableKey(d.name) + "]\n" + line("arn", r.ARN))
	if !r.ExternalID.IsZero() {
		x.askID(name)
	}
	x.source(d)
	if r.Duration > 0 {
		x.b.WriteString(line("duration", FormatDuration(r.Duration)))
	}
	x.b.WriteString(line("region", r.Region) + line("sts_region", r.STSRegion) + line("policy", r.Policy) + lines("policy_arns", r.PolicyARNs))
	if len(r.Tags) > 0 {
		var keys []string
		for _, k := range slices.Sorted(maps.Keys(r.Tags)) {
			keys = append(keys, quote(k))
		}
		fmt.Fprintf(&x.b, "# The session tags that were set here are left out, as their values may be about people: %s\n", strings.Join(keys, ", "))
	}
	if r.SourceIdentity != "" {
		x.b.WriteString("# A source_identity was set here.\n")
	}
	if r.Allow != nil {
		x.b.WriteString("# Who may use it was set here (allow).\n")
	}
}

// source keeps the way from one role of the customer to another.
func (x *exporter) source(d *roleDraft) {
	from := d.source
	if from == "" {
		from = x.customer.draft.source
	}
	of, role, ok := cutRole(from)
	switch {
	case !ok:
	case of == x.customer.Key && x.roles[role]:
		x.b.WriteString(line("source", from))
	default:
		x.b.WriteString("# It was assumed from another role, which is not in this file: name a source of yours here if need be.\n")
	}
}
