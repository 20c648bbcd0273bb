package api

import "time"

// Roster is what a user of a machine's credd may know of it: the roles that are open to that user. It has no external ID.
type Roster struct {
	Customers []RosterCustomer `json:"customers"`
	Region    string           `json:"region,omitempty"`   // of [defaults]
	Profiles  string           `json:"profiles"`           // the name of a role's profile, a template
	Service   string           `json:"service"`            // [service] name
	Endpoint  string           `json:"endpoint,omitempty"` // [network] endpoint_url
}

// RosterCustomer is a customer with at least one role that is open to the caller.
type RosterCustomer struct {
	Key         string       `json:"key"`
	Name        string       `json:"name,omitempty"`
	AccountID   string       `json:"account_id,omitempty"`
	Environment string       `json:"environment,omitempty"`
	DefaultRole string       `json:"default_role,omitempty"` // "" if it is not open to the caller
	Roles       []RosterRole `json:"roles"`
}

// RosterRole is one role.
type RosterRole struct {
	Name      string        `json:"name"` // without its customer
	ARN       string        `json:"arn,omitempty"`
	AccountID string        `json:"account_id,omitempty"`
	Partition string        `json:"partition,omitempty"`
	Region    string        `json:"region,omitempty"`
	Duration  time.Duration `json:"duration"` // ns
}

// AuditFilter says which lines are wanted, as audit.Filter does.
type AuditFilter struct {
	Role      string    `json:"role,omitempty"`
	Outcome   string    `json:"outcome,omitempty"`
	AccessKey string    `json:"access_key,omitempty"`
	Since     time.Time `json:"since,omitzero"`
	Until     time.Time `json:"until,omitzero"`
}

// AuditEnd says how many lines could not be read.
type AuditEnd struct {
	Skipped int       `json:"skipped"`
	Oldest  time.Time `json:"oldest,omitzero"` // of all lines that the caller may see
}
