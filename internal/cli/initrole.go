package cli

import (
	"context"
	"errors"
	"slices"
	"strings"

	"credd/internal/agent/api"
	"credd/internal/agent/cred"
	"credd/internal/agent/roster"
	"credd/internal/awsconfig"
	"credd/internal/doctor"
	"credd/internal/ipc"
)

// firstRole adds a role, unless there is one.
func (g *guide) firstRole(ctx context.Context) error {
	now := roster.Load(g.where.config, nil)
	if n := len(now.Roles()); n > 0 && !g.fromSSO && (g.first.Name == "" || known(now, g.first.Name)) {
		g.note("%s %s there already", g.paint(green, "✓"), count(n, "role")+map[bool]string{true: " is", false: " are"}[n == 1])
		return nil
	}
	src, _ := now.Source(g.Name)
	if g.form != nil && g.first.Name == "" && !g.fromSSO && src != nil && src.Type == "sso" {
		what := ""
		if err := g.form.page(ctx, &blank{title: "What do you want to reach?", value: &what, choices: []pick{
			{"sso", "accounts", "those that this login shows"}, {"arn", "a role", "in a customer's account; I have its ARN"}}}); err != nil {
			return err
		}
		g.fromSSO = what == "sso"
	}
	if g.fromSSO {
		if g.form != nil && g.first.Region == "" && now.Settings.Defaults.Region == "" {
			if err := g.form.page(ctx, &blank{title: "Region", about: "Where you mostly work, such as eu-west-1. Empty: none.", value: &g.first.Region, optional: true, check: likeRegion}); err != nil {
				return err
			}
		}
		return g.addCustomers(ctx, &customerAdd{from: g.Name, accounts: g.only, all: g.yes || g.form == nil, region: g.first.Region, guided: true})
	}
	for {
		if err := g.askRole(ctx); err != nil {
			return err
		}
		file, err := roster.AddRole(g.where.config, g.first)
		if err == nil {
			g.say("added %s to %s", g.first.Name, file)
			g.gap()
			g.reload(ctx)
			return nil
		}
		e := sorted(asUsage(err))
		if g.form == nil || e.code != ipc.Usage {
			return e
		}
		g.complain(e.message, e.hint)
		g.asksAgain = true
	}
}

// askRole asks for what no flag says, or for all that was refused.
func (g *guide) askRole(ctx context.Context) error {
	if g.form == nil || g.first.Name != "" && g.first.ARN != "" && !g.asksAgain {
		return nil
	}
	id := g.first.ExternalID.Reveal()
	blanks := []*blank{
		{title: "Role", about: "CUSTOMER/ROLE, such as acme/admin. None yet? ^C, and: credd init --no-role", value: &g.first.Name, check: func(text string) error {
			if !roster.CanBeRole(text) {
				return errors.New("two names with a / between them, such as acme/admin")
			}
			return nil
		}},
		{title: "ARN", about: "As the customer told you: arn:aws:iam::012345678901:role/NAME.", value: &g.first.ARN, check: likeRoleARN},
		{title: "External ID", about: "What you and the customer agreed on. Empty: the role asks for none.", value: &id, optional: true, quiet: true, check: likeExternalID},
		{title: "Region", about: "Where you work in that account, such as eu-west-1. Empty: none.", value: &g.first.Region, optional: true, check: likeRegion},
		{title: "Environment", about: "production shows in red in prompts and lists. Empty: none.", value: &g.first.Environment, optional: true},
	}
	err := g.form.page(ctx, blanks...)
	g.first.ExternalID = cred.NewSecret(id)
	return err
}

// thenInvite is the end where customers have no role for us yet.
func (g *guide) thenInvite(context.Context) error {
	invite := "credd customer invite acme --account 012345678901 --permissions readonly --region eu-west-1"
	if !roster.Load(g.where.config, nil).IsNamed() {
		invite += " --service-name northwind"
	}
	g.say("")
	return facts(g.Out, "a customer", invite,
		"more about it", "credd customer invite --help", "any trouble", "credd doctor")
}

func likeRoleARN(text string) error {
	switch {
	case strings.Contains(text, ":assumed-role/"):
		return errors.New("that is a session; of the role it is arn:aws:iam::012345678901:role/NAME")
	case strings.HasPrefix(text, "arn:") && strings.Contains(text, ":user/"):
		return errors.New("that is a user, and a role is needed: arn:aws:iam::012345678901:role/NAME")
	case !strings.HasPrefix(text, "arn:") || !strings.Contains(text, ":role/"):
		return errors.New("such as arn:aws:iam::012345678901:role/NAME")
	}
	return nil
}

func likeExternalID(text string) error {
	if !roster.CanBeExternalID(text) {
		return errors.New("2 to 1224 letters, digits and _ + = , . @ : / - only, no blanks")
	}
	return nil
}

// profile writes the profiles of all roles.
func (g *guide) profile(ctx context.Context) error {
	w, f, err := g.Streams.profiles(ctx, g.where)
	if err != nil {
		return err
	}
	p, err := w.Sync(f)
	if err != nil {
		return err
	}
	fresh := slices.Concat(p.Added, p.Changed)
	leading := f.Leading()
	all := !slices.ContainsFunc(w.Profiles, func(m awsconfig.Managed) bool { return len(leading[m.Role]) == 0 })
	if g.noProfiles || len(fresh) == 0 || all && len(p.Changed) == 0 { // after an import each role has a profile already
		return nil
	}
	if g.form != nil && !g.yes {
		write, err := g.form.yes(ctx, "Write "+count(len(fresh), "profile")+" into "+printable(f.Place.Config)+"?",
			printable(few(fresh))+".\nProfiles of credd stand in a block; nothing else in the file changes.")
		if err != nil {
			return err
		}
		if !write {
			g.note("at another time: credd profiles sync\n")
			return nil
		}
	}
	return g.syncProfiles(ctx, g.where)
}

// prove gets a session of a role and tells what to do with it.
func (g *guide) prove(ctx context.Context) error {
	now := roster.Load(g.where.config, nil)
	role := g.proven(now)
	if role == nil {
		return &userError{ipc.UnknownRole, "no role can be used yet", "see: credd role list"}
	}
	var id api.Identity
	test := func() error {
		return g.talk(ctx, api.Request{Do: api.DoTest, Name: role.Name}, &id, nil)
	}
	err := test()
	if e := sorted(errOr(err)); err != nil && g.form != nil && needsLogin(e.code, e.hint, role.Source) {
		login := api.Request{Do: api.DoLogin, Name: role.Source, Device: remote()}
		if err = g.talk(ctx, login, &api.Login{}, func(e api.Event) { g.step(e, !login.Device) }); err == nil {
			err = test()
		}
	}
	if err != nil {
		e := sorted(err)
		g.warn(e.message, e.hint)
		return &userError{e.code, "all is set up, and " + role.Name + " does not work yet", "when that is mended: credd source test " + role.Name}
	}
	g.say("\n%s %s works: account %s\n  %s", g.paint(green, "✓"), role.Name, id.AccountID, id.ARN)
	return g.next(role)
}

// errOr is the error, or one to look at where there is none.
func errOr(err error) error {
	if err == nil {
		return &userError{}
	}
	return err
}

// proven is the role that was asked for, or else the first.
func (g *guide) proven(now *roster.Roster) *roster.Role {
	if role, err := now.Role(g.first.Name); err == nil {
		return role
	}
	if all := now.Roles(); len(all) > 0 {
		return all[0]
	}
	return nil
}

// next tells what can be done now.
func (g *guide) next(role *roster.Role) error {
	files, err := awsconfig.Read(awsconfig.InEnvironment(g.where.aws))
	if err != nil {
		return err
	}
	profile, err := profileOf(files, role.Name)
	if err != nil {
		return g.say("its profile: credd profiles sync")
	}
	tips := []string{"with any tool", "aws sts get-caller-identity --profile " + doctor.Quote(profile)}
	if rc, load := startupFile(); load != "" {
		tips = append(tips, "in "+rc, load, "then", "credd use "+role.Name)
	}
	tips = append(tips, "more roles", "credd role add, or credd import", "any trouble", "credd doctor")
	g.say("")
	return facts(g.Out, tips...)
}
