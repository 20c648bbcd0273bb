package invite

import "credd/internal/agent/cred"

// page is the invitation as a page.
func (t *Terms) page(id cred.Secret) []byte { return nil }
