package awsconfig

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Clash is a profile that is not written.
type Clash struct {
	Name, Role string
	File       string // where the name is taken; "" if it is no file that takes it
	Line       int
	Why        string
}

func (c Clash) String() string {
	if c.File == "" {
		return "profile " + c.Name + ": " + c.Why
	}
	return fmt.Sprintf("%s:%d: profile %s: %s", c.File, c.Line, c.Name, c.Why)
}

// Moved is what a person wrote into the block.
type Moved struct {
	Name string // of the profile, "" of lines without one
	Line int    // in the file as it is now
}

// Plan is a config as it is to be.
type Plan struct {
	Text                    []byte
	Added, Changed, Removed []string          // profiles of the block, by name
	Kept                    []string          // those that stay as they are
	Roles                   map[string]string // of all that are in the block then, by name
	Yours                   []string          // names that a profile outside of the block has, which leads to the same role
	Moved                   []Moved
	Clashes                 []Clash
}

// Same reports whether nothing changes.
func (p *Plan) Same(old []byte) bool { return bytes.Equal(p.Text, old) }

// Wish is what the block is to hold.
type Wish struct {
	Profiles []Managed
	// Unsure says of a role that is not among them whether that may be a mistake, as its file cannot be read: its profile stays.
	Unsure func(role string) bool
}

// Sync returns what the config becomes: a block with the profiles, and every byte outside of it as it is. No profile is written
// whose name another one has, and never [default].
func (w Wish) Sync(f *Files) (*Plan, error) {
	c, err := cut(f.ConfigData)
	if err != nil {
		return nil, at(f.Place.Config, err)
	}
	p := &Plan{}
	others := (&Files{Place: f.Place, Config: Parse(c.rest, Config), Credentials: f.Credentials}).Profiles()
	chosen := w.choose(p, c, others, f)
	newline := Newline(c.rest)
	if c.newline != "" && !bytes.Contains(c.rest, []byte("\n")) {
		newline = c.newline
	}
	var sections []string
	for _, k := range chosen {
		sections = append(sections, strings.ReplaceAll(k.text, "\n", newline))
	}
	var start, size int
	p.Text, start, size = c.join(sections, newline)
	p.compare(c.ours, chosen)
	line := func(offset int) int { // of rest, once the block is in it
		if offset >= start {
			offset += size
		}
		return 1 + bytes.Count(p.Text[:offset], []byte("\n"))
	}
	for i, clash := range p.Clashes {
		if o := others[clash.Name]; clash.File == f.Place.Config {
			p.Clashes[i].Line = line(o.Config[0].Start)
		}
	}
	for _, s := range c.moved {
		m := Moved{Name: s.Name}
		if o := others[s.Name]; s.Name != "" && s.Kind == Profile && len(o.Config) > 0 {
			m.Line = line(o.Config[0].Start)
		}
		p.Moved = append(p.Moved, m)
	}
	return p, nil
}

// at says which file an error is of.
func at(path string, err error) error {
	var e *Error
	if errors.As(err, &e) {
		e.Path = path
	}
	return err
}

// choose returns the sections of the block, by role.
func (w Wish) choose(p *Plan, c *cutting, others map[string]*Named, f *Files) (all []kept) {
	byName, wanted := map[string][]string{}, map[string]bool{}
	for _, m := range w.Profiles {
		byName[m.Name] = append(byName[m.Name], m.Role)
		wanted[m.Role] = true
	}
	for _, m := range w.Profiles {
		taken := Clash{Name: m.Name, Role: m.Role}
		switch o := others[m.Name]; {
		case m.Name == "default":
			taken.Why = "[default] is never written"
		case len(byName[m.Name]) > 1:
			taken.Why = "it would be that of " + strings.Join(byName[m.Name], " and ")
		case o == nil:
			all = append(all, kept{m.Name, m.Role, m.text("\n")})
			continue
		case leads(o, m.Role):
			p.Yours = append(p.Yours, m.Name)
			continue
		case len(o.Config) > 0:
			taken.File, taken.Why = f.Place.Config, "it was written by hand and leads elsewhere, so it is left"
		default:
			taken.File, taken.Line, taken.Why = f.Place.Credentials, o.Credentials[0].Line, "it was written by hand, and would go before one in config"
		}
		p.Clashes = append(p.Clashes, taken)
	}
	for _, k := range c.ours {
		if !wanted[k.role] && others[k.name] == nil && byName[k.name] == nil && w.Unsure != nil && w.Unsure(k.role) {
			all = append(all, k)
		}
	}
	slices.SortStableFunc(all, func(a, b kept) int { return strings.Compare(a.role, b.role) })
	return all
}

// compare tells how the block changes.
func (p *Plan) compare(before, after []kept) {
	was, is := map[string]string{}, map[string]bool{}
	p.Roles = map[string]string{}
	for _, k := range before {
		was[k.name] = k.text
	}
	for _, k := range after {
		is[k.name], p.Roles[k.name] = true, k.role
		switch text, there := was[k.name]; {
		case !there:
			p.Added = append(p.Added, k.name)
		case text != k.text:
			p.Changed = append(p.Changed, k.name)
		default:
			p.Kept = append(p.Kept, k.name)
		}
	}
	for _, k := range before {
		if !is[k.name] {
			p.Removed = append(p.Removed, k.name)
		}
	}
}

// Text is the profiles as they would stand in a file.
func (w Wish) Text() string {
	var all []string
	for _, m := range w.Profiles {
		all = append(all, m.text("\n"))
	}
	return strings.Join(all, "\n")
}

// Managed returns, by name, the role that each profile of the block leads to.
func (f *Files) Managed() (map[string]string, error) {
	c, err := cut(f.ConfigData)
	if err != nil {
		return nil, at(f.Place.Config, err)
	}
	roles := map[string]string{}
	for _, k := range c.ours {
		roles[k.name] = k.role
	}
	return roles, nil
}

// Write makes the change in the file. Somebody may save it meanwhile: the plan is of what came of both.
func (w Wish) Write(f *Files) (*Plan, error) {
	var p *Plan
	err := Update(f.Place.Config, func(old []byte) (text []byte, err error) {
		if p, err = w.Sync(&Files{Place: f.Place, ConfigData: old, Credentials: f.Credentials}); err != nil {
			return nil, err
		}
		return p.Text, nil
	})
	return p, err
}
