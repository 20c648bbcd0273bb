package cli

import (
	"context"
	"path/filepath"
	"strings"

	"credd/internal/agent/roster"
	"credd/internal/customer/invite"
	"credd/internal/doctor"
)

// tellInvited says what was made, and what to do with it.
func (s *Streams) tellInvited(ctx context.Context, where locations, v *invited) error {
	t, out := v.terms, short(v.out)
	page := filepath.Join(v.out, invite.PageFile)
	s.say("made %s for %s", out, v.roleName())
	s.say("")
	s.say("1. look at it:         %s", short(page))
	s.say("2. send the folder:    to %s, in a way that only they read; it holds their external ID", t.CustomerName)
	s.say("3. once they say so:   %s", s.mine("credd customer verify "+t.Customer))
	use := "aws sts get-caller-identity --profile " + s.profileOf(where, v.roleName())
	switch {
	case s.system:
		s.say("4. to use it:          each user to whom it is open gets its profile by: credd profiles sync")
	case roster.Load(where.config, nil).Settings.Profiles.Sync:
		s.say("4. use it:             %s", use)
	default:
		s.say("4. use it:             credd profiles sync")
		s.say("                       %s", use)
	}
	if t.Setup != nil {
		s.say("5. after the setup:    %s", s.mine("credd customer finish-setup "+t.Customer+" --role "+t.Role))
	}
	s.tellAllow(ctx, where, v.roleName())
	if now, err := roster.Load(where.config, nil).Role(v.roleName()); err == nil && newRecords(where.state, s.warn).standing(now).Good {
		return s.say("\n%s is verified already; its file is %s", v.roleName(), v.file)
	}
	return s.say("\nuntil then %s is unverified; its file is %s", v.roleName(), v.file)
}

// profileOf is the name of a role's profile as a word of a shell.
func (s *Streams) profileOf(where locations, name string) string {
	now := roster.Load(where.config, nil)
	if role, err := now.Role(name); err == nil {
		return doctor.Quote(now.Profile(role))
	}
	return doctor.Quote(name)
}

// invitationJSON is an invitation for programs. It holds no external ID.
type invitationJSON struct {
	Name   string        `json:"name"`
	ARN    string        `json:"arn"`
	Folder string        `json:"folder"`
	Page   string        `json:"page"`
	Files  []string      `json:"files"`
	File   string        `json:"file,omitempty"` // the customer's; not with --dry-run
	Terms  *invite.Terms `json:"terms"`
}

// showInvitation shows the terms.
func (s *Streams) showInvitation(v *invited, asJSON bool) error {
	t := v.terms
	j := invitationJSON{Name: v.roleName(), ARN: t.RoleARN(), Folder: v.out, Page: filepath.Join(v.out, invite.PageFile), Files: []string{}, File: v.file, Terms: t}
	for _, f := range v.files {
		j.Files = append(j.Files, f.Path)
	}
	if asJSON {
		return printJSON(s.Out, j)
	}
	s.note("nothing is written; this would be asked of the customer:")
	until, phases := "", ""
	if !t.Until.IsZero() {
		until = t.Until.Local().Format("2006-01-02 15:04")
	}
	if t.Setup != nil {
		phases = "on at first: " + strings.Join(t.Setup.Plain, " ")
	}
	conditions := []string{"external ID"}
	if t.MFA {
		conditions = append(conditions, "MFA")
	}
	return facts(s.Out, "role", j.Name, "arn", j.ARN, "customer", t.CustomerName, "account", t.AccountID,
		"trusts", strings.Join(t.Principals, ", "), "asks for", strings.Join(conditions, ", "), "only from", strings.Join(t.SourceIPs, ", "),
		"may", strings.Join(t.Ongoing.Plain, " "), "setup", phases, "longest session", roster.FormatDuration(t.MaxSession), "until", until,
		"boundary", t.Boundary, "stack", t.Stack+" in "+t.Region, "folder", v.out, "files", strings.Join(j.Files, ", "))
}

// commandJSON is a command for programs.
type commandJSON struct {
	Way  string `json:"way"`
	Text string `json:"text"`
}

func commandsJSON(all []invite.Command) []commandJSON {
	out := []commandJSON{}
	for _, c := range all {
		out = append(out, commandJSON{c.Way, c.Text})
	}
	return out
}

// commandLines prints commands as they can be pasted.
func (s *Streams) commandLines(all []commandJSON) {
	for _, c := range all {
		s.say("\n# %s", c.Way)
		for line := range strings.Lines(c.Text) {
			s.say("%s", strings.TrimRight(line, "\n"))
		}
	}
}
