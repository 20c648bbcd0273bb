package cli

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"credd/internal/agent/roster"
	"credd/internal/customer"
	"credd/internal/customer/invite"
)

// workOut makes terms of the flags and of what is known of us and of the customer.
func (s *Streams) workOut(ctx context.Context, where locations, key string, a *invitation) (*invited, error) {
	now := roster.Load(where.config, nil)
	if err := now.Broken(); err != nil {
		return nil, err
	}
	t := &invite.Terms{
		Customer: key, Exact: a.exact, MaxSession: a.maxSession, Boundary: a.boundary, SourceIPs: a.sourceIPs, Path: a.path,
		SelfCheck: a.self, MFA: a.mfa, SessionTags: a.sessionTags, SourceIdentity: a.sourceIdentity, TemplateURL: a.templateURL, Invited: time.Now().UTC().Truncate(time.Second),
	}
	v := &invited{terms: t}
	for _, step := range []func() error{
		func() error { return a.permit(t) },
		func() error { return a.ofUs(now, where, v) },
		func() error { return a.nameRole(t) },
		func() error { return s.ofCustomer(now, where, v, a) },
		func() error { return a.end(t) },
		func() error { return a.tagged(t) },
		func() error { return s.trusted(ctx, now, v, a) },
		func() error { return a.deployed(now, where, v) },
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	v.role.ARN, v.role.ExternalID = t.RoleARN(), v.id
	var err error
	if v.role.Allow, err = s.allowOf(a.allow); err != nil {
		return nil, err
	}
	if d := now.Settings.Defaults.Duration; d > t.MaxSession {
		v.role.Duration = roster.FormatDuration(t.MaxSession)
	}
	if err := v.role.Check(); err != nil {
		return nil, missing(err.Error(), "see: credd customer invite --help")
	}
	v.out, err = a.outOf(key, t.Role, !v.anew)
	return v, err
}

// permit reads what the role may do.
func (a *invitation) permit(t *invite.Terms) (err error) {
	if len(a.permissions) == 0 && a.policy == "" {
		return missing("--permissions or --policy is needed", "presets are: "+strings.Join(presetNames(), ", ")+"; see: credd customer invite --help")
	}
	if len(a.resources) > 0 && len(a.permissions) == 0 && !isPreset(a.setup) {
		return missing("--resource limits presets, and there is none", "name the resources in the policy's own file")
	}
	presets, policy := len(a.permissions) > 0, invite.Permissions{}
	if a.policy != "" {
		if policy, err = readPolicy("--policy", a.policy); err != nil {
			return err
		}
	}
	if presets {
		if t.Ongoing, err = ofPresets(a.permissions, a.resources); err != nil {
			return err
		}
	}
	switch {
	case !presets:
		t.Ongoing = policy
	case a.policy != "":
		t.Ongoing = invite.Join(t.Ongoing, policy)
	}
	if a.setup == "" {
		return nil
	}
	t.Setup = new(invite.Permissions)
	if isPreset(a.setup) { // limited as the others are; a file of that name is ./readonly
		*t.Setup, err = ofPresets([]string{a.setup}, a.resources)
		return err
	}
	*t.Setup, err = readPolicy("--setup", a.setup)
	return err
}

func ofPresets(names, resources []string) (invite.Permissions, error) {
	p, err := invite.Of(names, resources)
	if err != nil {
		return p, missing(err.Error(), "see: credd customer invite --help")
	}
	return p, nil
}

func isPreset(name string) bool { return slices.Contains(presetNames(), name) }

func readPolicy(flag, path string) (p invite.Permissions, err error) {
	const most = 1 << 16 // bytes; AWS takes 10,240 characters
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() > most {
		return p, missing(fmt.Sprintf("%s %s is no file that can be read", flag, path), "name a file with a policy in JSON, or for --setup one of: "+strings.Join(presetNames(), ", "))
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return p, missing(flag+": "+err.Error(), "check whether you may read it")
	}
	if p, err = invite.ReadPolicy(data); err != nil {
		return p, missing(path+": "+err.Error(), "correct it there; AWS takes a policy of Version and Statement")
	}
	return p, nil
}

// nameRole names the role, here and in the customer's account.
func (a *invitation) nameRole(t *invite.Terms) error {
	if t.Role = strings.TrimPrefix(a.role, t.Customer+"/"); t.Role == "" {
		t.Role = strings.Join(a.permissions, "-")
	}
	if t.Role == "" {
		return missing("--role is needed with --policy", "name the role: --role deploy")
	}
	if !roster.CanBeCustomer(t.Customer) {
		return missing(quoted(t.Customer)+" cannot be the name of a customer", "use letters, digits and . _ @ + = , - here, and --name for people: credd customer invite acme --name \"Acme Corp\"")
	}
	if !roster.CanBeRole(t.Customer + "/" + t.Role) {
		return missing(quoted(t.Role)+" cannot be the name of a role", "use letters, digits and . _ @ + = , -")
	}
	name := t.Service + "-" + t.Role
	if t.RoleName = a.roleName; t.RoleName == "" {
		const most = 64 // IAM
		t.RoleName = strings.ReplaceAll(name, "/", "-")
		t.RoleName = t.RoleName[:min(len(t.RoleName), most)]
	}
	if t.Stack = a.stack; t.Stack == "" {
		t.Stack = slug(name)
		if !regexp.MustCompile(`^[a-z]`).MatchString(t.Stack) {
			t.Stack = "role-" + t.Stack
		}
	}
	return nil
}

// end reads when the trust ends by itself. A date is meant to its end.
func (a *invitation) end(t *invite.Terms) error {
	if a.until == "" {
		return nil
	}
	day, err := time.ParseInLocation("2006-01-02", a.until, time.Local)
	if err == nil {
		t.Until = day.AddDate(0, 0, 1).Add(-time.Second).UTC()
	} else if t.Until, err = time.Parse(time.RFC3339, a.until); err != nil {
		return missing("--until is not a date", "such as 2027-03-31, or 2027-03-31T18:00:00Z")
	}
	if !t.Until.After(t.Invited) {
		return missing("--until is in the past", "such as "+t.Invited.AddDate(0, 6, 0).Format("2006-01-02"))
	}
	return nil
}

// tagged reads the role's tags.
func (a *invitation) tagged(t *invite.Terms) error {
	for _, tag := range a.tags {
		k, v, ok := strings.Cut(tag, "=")
		if _, twice := t.Tags[k]; !ok || k == "" || twice {
			return missing("--tag "+tag+" is not KEY=VALUE, or has a key a second time", "such as --tag Team=platform")
		}
		if t.Tags == nil {
			t.Tags = map[string]string{}
		}
		t.Tags[k] = v
	}
	return nil
}

// deployed says where the stack is.
func (a *invitation) deployed(now *roster.Roster, where locations, v *invited) error {
	t := v.terms
	t.Region = cmp.Or(a.region, now.Settings.Defaults.Region)
	if before, err := customer.Invitations(where.state, t.Customer); err == nil && len(before) > 0 && !v.anew && t.Region == "" {
		t.Region = before[0].Region // where the customer's other stacks are
	}
	if !roster.CanBeRegion(t.Region) {
		return missing("--region is needed: the region of the customer's stack, such as eu-west-1", "or set [defaults] region in credd.toml")
	}
	if c, err := now.FindCustomer(t.Customer); now.Settings.Defaults.Region == "" && (err != nil || c.Region == "") {
		v.role.Region = t.Region // a profile without a region is of no use to the AWS CLI
	}
	return nil
}

// quoted is a text of a person as a message shows it.
func quoted(text string) string {
	const most = 60
	if r := []rune(text); len(r) > most {
		text = string(r[:most]) + "…"
	}
	return fmt.Sprintf("%q", text)
}
