package agent

import (
	"strings"

	"credd/internal/customer"
	"credd/internal/customer/verify"
)

// noteVerified keeps a verification with what else is known of the role. One that found nothing out does not replace one that did.
func (a *Agent) noteVerified(role string, r verify.Result) {
	if r.Verdict == verify.Inconclusive {
		return
	}
	key, name, _ := strings.Cut(role, "/")
	rec, err := customer.Load(a.StateDir, key)
	if rec.Roles == nil {
		rec.Roles = map[string]customer.Seen{}
	}
	seen := rec.Roles[name]
	seen.Verified = &r
	rec.Roles[name] = seen
	if err == nil {
		err = rec.Save(a.StateDir, key)
	}
	if err != nil {
		a.Log.Warn("the verification is not kept", "role", role, "error", err)
	}
}
