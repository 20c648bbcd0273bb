package invite

import "credd/internal/agent/cred"

// Presets are those that Of knows, in the order of their documentation.
func Presets() []Preset { return nil }

// Of returns the permissions of presets, limited to resources (ARNs) where these are given.
func Of(presets, resources []string) (Permissions, error) { panic("TODO: issue 5") }

// ReadPolicy returns the permissions of a policy document, or why AWS would not take it, by line where it can.
func ReadPolicy(document []byte) (Permissions, error) { panic("TODO: issue 5") }

// Join returns both permissions together.
func Join(a, b Permissions) Permissions { panic("TODO: issue 5") }

// Check says what is wrong with the terms: each of AWS's limits, by the name of its field.
func (t *Terms) Check() error { panic("TODO: issue 5") }

// Warnings are what a person should know before sending them: all actions, administrator's access, no end, …
func (t *Terms) Warnings() []string { panic("TODO: issue 5") }

// RoleARN is the role's ARN, known before it exists.
func (t *Terms) RoleARN() string { panic("TODO: issue 5") }

// Trust is the trust policy as JSON, with the external ID.
func (t *Terms) Trust(id cred.Secret) string { panic("TODO: issue 5") }

// QuickCreate is the link to the CloudFormation console with the template and its parameters; "" without TemplateURL.
func (t *Terms) QuickCreate(id cred.Secret) string { panic("TODO: issue 5") }

// FinishSetup are the commands by which the customer ends the setup permissions. They hold no external ID.
func (t *Terms) FinishSetup() []Command { panic("TODO: issue 5") }

// End are the commands by which the customer ends all access: no new sessions.
func (t *Terms) End() []Command { panic("TODO: issue 5") }

// RevokeSessions are the commands by which the customer also ends the sessions that are still alive (a deny on aws:TokenIssueTime).
func (t *Terms) RevokeSessions() []Command { panic("TODO: issue 5") }

// Actions are the actions of permissions that a simulation can be asked about, without wildcards, at most n; resources are beside them.
func (p *Permissions) Actions(n int) []Wanted { panic("TODO: issue 5") }

// Wanted is an action on a resource ("*" for any) that a role should, or after setup should no longer, be allowed.
type Wanted struct{ Action, Resource string }
