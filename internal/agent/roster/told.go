package roster

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
)

// ErrTold is wrapped by the error for a roster that another process told and that cannot be one.
var ErrTold = errors.New("what the daemon tells of its roles cannot be used")

var partitionForm = regexp.MustCompile(`^aws[a-z-]*$`)

// Of makes a roster of roles that another process tells, as a machine's credd does to users who cannot read its files. Each has its
// customer; of the settings it needs [defaults] region, [profiles] name, [service] name and [network] endpoint_url. All of it is checked
// as if it stood in a file: it gets into files and environments of the user.
func Of(s Settings, roles []Role) (*Roster, error) {
	r := newRoster("", &Roster{})
	r.told, r.settings = true, &file{settings: newSettings()}
	c := &checker{}
	c.told("region", s.Defaults.Region, (*checker).region)
	c.told("endpoint_url", s.Network.EndpointURL, (*checker).url)
	c.told("service name", s.Service.Name, (*checker).serviceName)
	c.told("profile name", s.Profiles.Name, (*checker).profileName)
	d := newSettings()
	d.settings = s
	r.apply(d)
	for _, role := range roles {
		r.tell(c, role)
	}
	if len(c.faults) > 0 {
		return nil, fmt.Errorf("%w: %s", ErrTold, c.faults[0].message)
	}
	for _, customer := range r.customers {
		customer.draft = &customerDraft{customer: *customer}
	}
	for _, name := range slices.Sorted(maps.Keys(r.roles)) {
		role := r.roles[name]
		_, short, _ := cutRole(name)
		role.draft = &roleDraft{name: short, role: *role}
		role.Customer.draft.roles = append(role.Customer.draft.roles, role.draft)
	}
	return r, nil
}

// tell adds a role.
func (r *Roster) tell(c *checker, role Role) {
	key, _, _ := cutRole(role.Name)
	if !CanBeRole(role.Name) || role.Customer == nil || role.Customer.Key != key {
		c.fault(0, "", "%s is not the name of a role", quote(role.Name))
		return
	}
	of := r.customers[key]
	if of == nil {
		customer := *role.Customer
		of = &customer
		r.customers[key] = of
		c.told("name", of.Name, (*checker).text)
		c.told("account_id", of.AccountID, (*checker).account)
		c.told("environment", of.Environment, (*checker).text)
		if of.DefaultRole != "" && !isRoleName(of.DefaultRole) {
			c.fault(0, "", "default_role is not the name of a role")
		}
	}
	c.told("arn", role.ARN, (*checker).roleARN)
	c.told("account_id", role.AccountID, (*checker).account)
	c.told("region", role.Region, (*checker).region)
	if m := roleARNForm.FindStringSubmatch(role.ARN); m != nil {
		role.Partition, role.AccountID = m[1], m[2]
	} else if role.Partition != "" && !partitionForm.MatchString(role.Partition) {
		c.fault(0, "", "partition is not one of AWS's")
	}
	if d := role.Duration; d < 0 || d > maxDuration {
		c.fault(0, "", "duration is not up to 12h")
	}
	role.Customer = of
	r.roles[role.Name] = &role
}

// told checks a text that may be empty.
func (c *checker) told(name, s string, check func(*checker, field) string) {
	if s != "" {
		check(c, field{name: name, value: &value{kind: text, text: s}})
	}
}
