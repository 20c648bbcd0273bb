package agent

import "context"

// FollowProfiles keeps the profiles in ~/.aws/config in step with the roles, if [profiles] says so, until ctx ends. It looks after
// each reload: that of the start, of a changed customer, and of a changed ~/.aws/config, its own change included, which then finds
// nothing to do. It waits for editors and for other credds, and so is on its own.
func (a *Agent) FollowProfiles(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.follow:
			a.warn("profiles", a.followed())
		}
	}
}

// followed does it once and returns what status has to warn of.
func (a *Agent) followed() string {
	r := a.state.Load().roster
	if !r.Settings.Profiles.Sync {
		return ""
	}
	if a.System {
		return "[profiles] sync is not in force: this machine's credd has no ~/.aws/config of its own; each user has profiles by: credd profiles sync"
	}
	warning, err := a.Profiles.Follow(r)
	if err != nil {
		return "the profiles in ~/.aws/config do not follow the roles: " + err.Error()
	}
	return warning
}
