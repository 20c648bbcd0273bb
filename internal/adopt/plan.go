package adopt

import (
	"errors"
	"fmt"
	"slices"

	"credd/internal/agent/roster"
	"credd/internal/awsconfig"
)

// planner makes a plan. Profiles are looked at by name, so that a plan is the same however the files are ordered.
type planner struct {
	o        Options
	files    *awsconfig.Files
	now      *roster.Roster
	names    *naming
	all      []*profile
	profiles map[string]*profile

	checks  map[string]string   // what check said of profiles
	left    map[string]string   // why profiles cannot be taken over
	needed  map[string]bool     // profiles that become something
	users   map[string][]string // roles by their source profile
	groups  map[string][]*profile
	roles   map[string]string // names by profile
	sources map[origin]string // names
	readers readers
	plan    *Plan
}

// origin is what a source is made of: a profile, and the MFA device that its roles ask for.
type origin struct{ profile, serial string }

// ErrNoProfile is wrapped by the error for a profile of Options.Only that the files do not have.
var ErrNoProfile = errors.New("the files have no such profile")

// Make returns what an import would do. It reads and writes nothing.
func Make(files *awsconfig.Files, now *roster.Roster, o Options) (*Plan, error) {
	p := &planner{
		o: o, files: files, now: now, names: newNaming(now, o.Customers), profiles: map[string]*profile{}, checks: map[string]string{}, left: map[string]string{},
		needed: map[string]bool{}, users: map[string][]string{}, groups: map[string][]*profile{}, roles: map[string]string{},
		sources: map[origin]string{}, plan: &Plan{},
	}
	named := files.Profiles()
	for _, name := range files.Names() {
		pr := read(named[name], files.Config)
		if key := indented(files, pr); key != "" && pr.what != ours {
			pr.is(odd, "lines are indented below its "+key)
		}
		p.profiles[name] = pr
		p.all = append(p.all, p.profiles[name])
	}
	for _, name := range slices.Concat(o.Only, o.Except) {
		if p.profiles[name] == nil {
			return nil, fmt.Errorf("%w: %q", ErrNoProfile, name)
		}
	}
	p.readers = readersOf(now, p.profiles, o.Elsewhere)
	p.judge()
	p.gather()
	for _, pr := range p.all {
		if p.needed[pr.Name] {
			p.makeOf(pr)
		}
	}
	p.ownIDs()
	if err := p.rewrite(); err != nil {
		return nil, err
	}
	p.tell()
	return p.plan, nil
}

// chosen says whether a profile is to be taken over for its own sake.
func (p *planner) chosen(name string) bool {
	return (len(p.o.Only) == 0 || slices.Contains(p.o.Only, name)) && !slices.Contains(p.o.Except, name)
}

// moves says whether the key of a profile may go into the vault.
func (p *planner) moves(pr *profile) bool {
	return p.o.Keys && !slices.Contains(p.o.Except, pr.Name) && p.readers.bound(pr) == ""
}

// judge finds out which profiles can be taken over, and what they need for that.
func (p *planner) judge() {
	for _, pr := range p.all {
		if !p.chosen(pr.Name) || pr.what != assumed && pr.what != sso && pr.what != webIdentity {
			continue
		}
		why := p.obstacle(pr, nil)
		if why == "" && len(pr.Config) == 0 && !sectionCanBeMade(pr.Name) {
			why = unwritable
		}
		if why != "" {
			p.left[pr.Name] = why
			continue
		}
		p.need(pr)
	}
	for _, pr := range p.all {
		if !p.moves(pr) || pr.what != keys || !p.chosen(pr.Name) {
			continue
		}
		made := p.sourceOf(pr, "x", "")
		err := made.Check()
		switch {
		case err != nil:
			p.left[pr.Name] = err.Error()
		case len(pr.Config) == 0 && !sectionCanBeMade(pr.Name):
			p.left[pr.Name] = unwritable
		default:
			p.needed[pr.Name] = true
		}
	}
}

const unwritable = "only credentials has it, and its name cannot be written into a section of config"

// need marks a profile, and those that it gets its credentials from.
func (p *planner) need(pr *profile) {
	if !p.needed[pr.Name] {
		p.needed[pr.Name] = true
		if pr.what == assumed && pr.source != "" {
			p.users[pr.source] = append(p.users[pr.source], pr.Name)
			if pr.source != pr.Name {
				p.need(p.profiles[pr.source])
			}
		}
	}
}

// gather sorts the roles by account, for their names.
func (p *planner) gather() {
	for _, pr := range p.all {
		if p.needed[pr.Name] && p.isRole(pr) && p.known(pr) == nil {
			p.groups[pr.account] = append(p.groups[pr.account], pr)
		}
	}
	for _, pr := range p.all { // in the order of profiles
		if of := p.groups[pr.account]; len(of) > 0 && of[0] == pr {
			p.names.customer(pr.account, of)
		}
	}
}

// isRole says whether a profile becomes a role, and not a source. A permission set from which others are assumed is a source, and
// so is one that a source reads already.
func (p *planner) isRole(pr *profile) bool {
	return pr.what == assumed || pr.what == sso && len(p.users[pr.Name]) == 0 && len(p.readers.own[pr.Name]) == 0
}

// known returns the role of the roster that a profile stands for, nil if there is none.
func (p *planner) known(pr *profile) *roster.Role {
	for _, r := range p.now.Roles() {
		if pr.what == assumed && r.ARN == pr.Get("role_arn") {
			return r
		}
		src, ok := p.now.Source(r.Source)
		if pr.what == sso && r.ARN == "" && ok && src.AccountID == pr.account && src.RoleName == pr.permission {
			return r
		}
	}
	return nil
}
