package cli

import "time"

// tellEnding says what was done, and what the customer has to do, in lines that can be sent.
func (s *Streams) tellEnding(e *ending, a *retirement) error {
	if a.asJSON {
		return printJSON(s.Out, e)
	}
	if a.dryRun {
		s.note("nothing is written; this would be done:")
	}
	if e.Archive != "" {
		s.say("retired %s: its file is %s", e.Customer, e.Archive)
	} else {
		s.say("retire %s, with %s", e.Customer, count(len(e.Roles), "role"))
	}
	if n := len(e.Profiles); n > 0 && a.dryRun {
		s.say("remove %s: %s", count(n, "profile"), few(e.Profiles))
	} else if n > 0 {
		s.say("removed %s: %s", count(n, "profile"), few(e.Profiles))
	}
	if len(e.Live) == 0 {
		s.say("the audit log knows of no credentials that still live")
	}
	for _, l := range e.Live {
		s.say("%s: what was handed out (%s) lives until %s", l.Role, count(l.Keys, "access key"), clock(l.Until, time.Now()))
	}
	if len(e.Roles) > 0 {
		s.note("\nthe rest is for the customer; until they have done it, their account still lets us in:")
	}
	for _, r := range e.Roles {
		s.endOf(r)
	}
	if !a.dryRun {
		s.note("\ntake it back: %s", s.mine("credd customer retire "+e.Customer+" --undo"))
	}
	return nil
}

// endOf is what the customer runs to end a role.
func (s *Streams) endOf(r endingRole) {
	if r.ARN == "" {
		s.say("\n# %s handed out a session of a source of yours, so that there is no role to delete. Sources: credd source list", r.Name)
		return
	}
	s.say("\n# %s", r.ARN)
	if len(r.Revoke) > 0 {
		s.say("# Sessions that were issued live until they expire. To end them at once, begin with this, while the role exists:")
		s.commandLines(r.Revoke)
	}
	s.say("")
	if !r.Invited {
		s.say("# To end all access: delete the role, or the stack that made it. There are no new sessions then.")
		return
	}
	s.say("# To end all access: run what fits the way in which the role was deployed; Terraform and scripts in the folder that came")
	s.say("# with the invitation. There are no new sessions then.")
	s.commandLines(r.End)
}
