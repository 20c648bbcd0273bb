package invite

import "slices"

// wide is true of permissions by which one may do nearly everything, or let oneself do it.
func (p *Permissions) wide() bool {
	for _, name := range []string{"AdministratorAccess", "PowerUserAccess", "IAMFullAccess"} {
		if slices.Contains(p.Managed, name) {
			return true
		}
	}
	return slices.ContainsFunc(p.statements(), func(s object) bool {
		everywhere := s.get("NotResource") != nil || has(texts(s.get("Resource")), "*")
		return s.get("Effect") == "Allow" && everywhere && (s.get("NotAction") != nil || slices.ContainsFunc(escalations, func(e string) bool {
			return matchesAny(texts(s.get("Action")), e)
		}))
	})
}
