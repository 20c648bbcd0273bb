package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"credd/internal/agent/roster"
	"credd/internal/awsconfig"
)

func newProfilesCmd(s *Streams) *cobra.Command {
	cmd := group("profiles", "Keep a profile of each role in ~/.aws/config",
		newProfilesSyncCmd(s), newProfilesDiffCmd(s), newProfilesListCmd(s), newProfilesRemoveCmd(s))
	cmd.Long = `Keep a profile of each role in ~/.aws/config, or in the file of AWS_CONFIG_FILE. They are in a block between two comments; nothing
outside of it changes. What you write into the block moves out of it and is yours. See [profiles] in credd.toml for their names, and for
a daemon that keeps them in step by itself.`
	return cmd
}

// wish is what the block is to hold: a profile of each role that can be used.
func wish(r *roster.Roster, helper string) (w awsconfig.Wish, err error) {
	if err := r.Broken(); err != nil {
		return w, err
	}
	for _, role := range r.Roles() {
		command, err := awsconfig.Command(helper, role.Name)
		if err != nil {
			return w, err
		}
		w.Profiles = append(w.Profiles, awsconfig.Managed{
			Name: r.Profile(role), Role: role.Name, Command: command, Region: role.Region, EndpointURL: r.Settings.Network.EndpointURL,
		})
	}
	w.Unsure = func(role string) bool {
		_, err := r.Role(role)
		var broken roster.Problem
		return errors.As(err, &broken)
	}
	return w, nil
}

// wishes reads the roles. What is broken in their files is told. f may be nil.
func (s *Streams) wishes(ctx context.Context, where locations, f *awsconfig.Files) (awsconfig.Wish, error) {
	r, err := s.roster(ctx, where)
	if err != nil {
		return awsconfig.Wish{}, err
	}
	if r.Broken() == nil { // else that is the error
		for _, p := range r.Problems() {
			s.warn(p.Error(), p.Hint)
		}
	}
	helper, err := helperPath()
	if err != nil {
		return awsconfig.Wish{}, err
	}
	if f != nil {
		helper = steady(helper, f)
	}
	return wish(r, helper)
}

// profiles reads the roles and the files in which their profiles are.
func (s *Streams) profiles(ctx context.Context, where locations) (w awsconfig.Wish, f *awsconfig.Files, err error) {
	if f, err = awsconfig.Read(awsconfig.InEnvironment(where.aws)); err == nil {
		w, err = s.wishes(ctx, where, f)
	}
	return w, f, err
}

// syncProfiles writes the profiles of all roles and says what changed.
func (s *Streams) syncProfiles(ctx context.Context, where locations) error {
	w, f, err := s.profiles(ctx, where)
	if err != nil {
		return err
	}
	s.warnOfRoot()
	p, err := w.Write(f)
	if err != nil {
		return err
	}
	return s.synced(w, f, p)
}

// synced tells of a plan, done or to be done.
func (s *Streams) synced(w awsconfig.Wish, f *awsconfig.Files, p *awsconfig.Plan) error {
	for _, part := range []struct {
		what  string
		names []string
	}{{"added", p.Added}, {"changed", p.Changed}, {"removed", p.Removed}} {
		if len(part.names) > 0 {
			s.say("%s %s: %s", part.what, count(len(part.names), "profile"), few(part.names))
		}
	}
	s.aboutPlan(f, p)
	if len(p.Added)+len(p.Changed)+len(p.Removed)+len(p.Moved) == 0 {
		return s.say("%s: nothing changed; %s of credd", f.Place.Config, count(len(p.Kept), "profile"))
	}
	if n := unregioned(w, p.Added); n > 0 {
		s.note("%s without a region: the AWS CLI asks for one; [defaults] region in credd.toml sets it", count(n, "new profile"))
	}
	return s.say("%s: %s of credd", f.Place.Config, count(len(p.Added)+len(p.Changed)+len(p.Kept), "profile"))
}

// aboutPlan tells what a person may not expect.
func (s *Streams) aboutPlan(f *awsconfig.Files, p *awsconfig.Plan) {
	for _, m := range p.Moved {
		if m.Line == 0 {
			s.note("%s: lines in credd's block that are not credd's moved out of it", f.Place.Config)
			continue
		}
		s.note("%s:%d: profile %s was changed by hand: it moved out of credd's block and is yours now", f.Place.Config, m.Line, m.Name)
	}
	for i, c := range p.Clashes {
		if i == shown {
			s.note("and %d more: credd profiles list", len(p.Clashes)-i)
			break
		}
		hint := ""
		if i == len(p.Clashes)-1 || i == shown-1 || clashHint(c) != clashHint(p.Clashes[i+1]) {
			hint = clashHint(c) // once for all
		}
		s.warn(c.String(), hint)
	}
}

const shown = 8 // of many, in a message

func clashHint(c awsconfig.Clash) string {
	if c.File == "" {
		return "choose other names with [profiles] name in credd.toml"
	}
	return "rename it there, or choose other names with [profiles] name in credd.toml; then: credd profiles sync"
}

// few are the first of many names.
func few(names []string) string {
	if len(names) <= shown {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:shown], ", ") + fmt.Sprintf(" and %d more", len(names)-shown)
}

func unregioned(w awsconfig.Wish, names []string) (n int) {
	in := map[string]bool{}
	for _, name := range names {
		in[name] = true
	}
	for _, m := range w.Profiles {
		if in[m.Name] && m.Region == "" {
			n++
		}
	}
	return n
}

// followProfiles lets the profiles follow a change of the roles, or says how.
func (s *Streams) followProfiles(ctx context.Context, where locations) {
	if s.system {
		s.say("each user to whom a role is open gets its profile by: credd profiles sync")
		return
	}
	if !roster.Load(where.config, nil).Settings.Profiles.Sync {
		s.say("let the profiles in ~/.aws/config follow: credd profiles sync")
		return
	}
	if err := s.syncProfiles(ctx, where); err != nil {
		e := sorted(err)
		s.warn("the profiles did not follow: "+e.message, strings.TrimPrefix(e.hint+"; then: credd profiles sync", "; "))
	}
}
