// Package invite writes what a customer reads and deploys to let us in: a CloudFormation template, the same for Terraform and for
// the AWS CLI, and a page that says in plain words who asks for what. It is pure text: it asks nobody and writes no file.
package invite

import (
	"encoding/json"
	"time"
)

// Terms are what is asked of a customer for one role. They hold no external ID, so that they can be kept in clear and shown.
type Terms struct {
	Service        string `json:"service"`         // who we are, as in [service] name
	ServiceAccount string `json:"service_account"` // 12 digits, the account that is trusted
	Customer       string `json:"customer"`        // its key here
	CustomerName   string `json:"customer_name"`   // for people; any text
	AccountID      string `json:"account_id"`      // the customer's
	Partition      string `json:"partition"`       // aws, aws-cn, aws-us-gov, …

	Role     string `json:"role"`      // its name here, without the customer's
	RoleName string `json:"role_name"` // in the customer's account
	Path     string `json:"path"`      // of the role, such as /northwind/

	// Who of ServiceAccount may assume the role: patterns for aws:PrincipalArn. With Exact there is one, without wildcards, and the
	// trust names it as its principal.
	Principals []string `json:"principals"`
	Exact      bool     `json:"exact,omitempty"`

	Ongoing Permissions  `json:"ongoing"`
	Setup   *Permissions `json:"setup,omitempty"` // on at first, ended by a parameter; nil: one phase

	MaxSession     time.Duration     `json:"-"`                      // 1 h to 12 h (IAM MaxSessionDuration); in JSON max_session_s, whole seconds
	Boundary       string            `json:"boundary,omitempty"`     // a policy's ARN
	SourceIPs      []string          `json:"source_ips,omitempty"`   // CIDR ranges
	Until          time.Time         `json:"until,omitzero"`         // the trust ends by itself then
	MFA            bool              `json:"mfa,omitempty"`          // only for a source that can satisfy it
	SessionTags    bool              `json:"session_tags,omitempty"` // the trust allows sts:TagSession
	SourceIdentity bool              `json:"source_identity,omitempty"`
	SelfCheck      bool              `json:"self_check,omitempty"` // the role may read itself and ask what it may do
	Tags           map[string]string `json:"tags,omitempty"`       // of the role

	Region      string    `json:"region"` // of the stack
	Stack       string    `json:"stack"`
	TemplateURL string    `json:"template_url,omitempty"` // https, on S3: makes a quick-create link possible
	Invited     time.Time `json:"invited"`
}

// plainTerms are Terms without their methods.
type plainTerms Terms

// termsJSON are Terms as they are kept and shown: a duration is in seconds there.
type termsJSON struct {
	*plainTerms
	MaxSession int32 `json:"max_session_s"`
}

// MarshalJSON writes the longest session in seconds.
func (t Terms) MarshalJSON() ([]byte, error) {
	return json.Marshal(termsJSON{(*plainTerms)(&t), int32(t.MaxSession / time.Second)})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (t *Terms) UnmarshalJSON(data []byte) error {
	j := termsJSON{plainTerms: (*plainTerms)(t)}
	err := json.Unmarshal(data, &j)
	t.MaxSession = time.Duration(j.MaxSession) * time.Second
	return err
}

// Permissions are what a role may do.
type Permissions struct {
	Presets []string `json:"presets,omitempty"` // that they were made of
	Managed []string `json:"managed,omitempty"` // names of AWS's own policies below arn:PARTITION:iam::aws:policy/
	Policy  string   `json:"policy,omitempty"`  // a policy document, JSON; "" with managed ones alone
	Plain   []string `json:"plain,omitempty"`   // a sentence each, for people
}

// File is one file of an invitation. Its path is relative, with slashes.
type File struct {
	Path string
	Data []byte
	Mode uint32 // permission bits: 0600 where it holds the external ID
}

// The files that other packages name.
const (
	PageFile     = "invitation.html"
	TemplateFile = "template.yaml"
)

// Preset is a ready-made set of permissions.
type Preset struct {
	Name          string
	Does          string // for people, one line
	NeedsResource bool
}

// Command is what a person runs, for one of the ways in which the role may have been deployed.
type Command struct {
	Way  string // "CloudFormation", "Terraform", "AWS CLI"
	Text string // one or more shell lines
}
