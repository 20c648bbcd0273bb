package cli

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"credd/internal/agent/api"
	"credd/internal/agent/roster"
	"credd/internal/awsconfig"
	"credd/internal/ipc"
)

// identity adds a source, unless there is one.
func (g *guide) identity(ctx context.Context) error {
	now := roster.Load(g.where.config, nil)
	if all := now.Sources(); len(all) > 0 && (g.Name == "" || slices.ContainsFunc(all, func(s *roster.Source) bool { return s.Name == g.Name })) {
		if g.Name == "" {
			g.Name = all[0].Name
		}
		if d := now.Settings.Defaults.Source; d != "" {
			g.Name = d
		}
		g.note("%s %s is there already", g.paint(green, "✓"), "source "+g.Name)
		return nil
	}
	for {
		if err := g.prepareIdentity(ctx); err != nil {
			return err
		}
		err := g.addSource(ctx, &g.sourceAdd)
		_, added := roster.Load(g.where.config, nil).Source(g.Name)
		if e := sorted(errOr(err)); err != nil && !added && g.form != nil && e.code == ipc.Usage && !errors.Is(err, errUnchanged) && !errors.Is(err, errInterrupted) {
			g.complain(e.message, e.hint)
			g.asksAgain = true
			continue
		}
		g.gap()
		return err
	}
}

// prepareIdentity asks, and sees to what has to be there before the source.
func (g *guide) prepareIdentity(ctx context.Context) error {
	if g.form != nil {
		if err := g.askIdentity(ctx); err != nil {
			return err
		}
	}
	if g.Name == "" {
		g.Name = usualSource
	}
	if g.Type != "profile" {
		if err := g.vault(ctx); err != nil {
			return err
		}
	}
	if g.service == "" {
		return nil
	}
	return g.set(ctx, "service", "name", g.service)
}

const (
	usualSource  = "work"
	usualService = "credd" // where nothing is set
)

// askIdentity asks for what no flag says.
func (g *guide) askIdentity(ctx context.Context) error {
	files, err := awsconfig.Read(awsconfig.InEnvironment(g.where.aws))
	if err != nil {
		return err
	}
	if g.Type == "" {
		picks := []pick{{"sso", "login page", "IAM Identity Center, https://….awsapps.com/start"}, {"keys", "access key", "of an IAM user (AKIA…); credd keeps it encrypted"}}
		if len(files.Names()) > 0 {
			picks = append(picks, pick{"profile", "profile", "one that I have in ~/.aws, as it is"})
		}
		picks = append(picks, pick{"other", "something else", "EC2, a web identity token, another program"})
		if err := g.form.page(ctx, &blank{title: "How do you log in to AWS?", about: "credd assumes your customers' roles as this identity of yours, which is called a source.", value: &g.Type, choices: picks}); err != nil {
			return err
		}
	}
	var blanks []*blank
	switch g.Type {
	case "sso":
		blanks = g.askSSO(files)
	case "keys":
		if err := g.askKeyPlace(ctx, files); err != nil {
			return err
		}
		blanks = g.askKey()
	case "profile":
		if g.Profile == "" || g.asksAgain {
			blanks = append(blanks, &blank{title: "Which profile?", about: "It is used as it is, and stays yours.", value: &g.Profile, choices: picksOf(files.Names())})
		}
	default:
		return &userError{ipc.Usage, "init knows the three usual sources", "add yours with credd source add, see its --help; then go on with: credd init"}
	}
	if g.service == "" && roster.Load(g.where.config, nil).Settings.Service.Name == usualService {
		blanks = append(blanks, &blank{title: "Your name to customers", about: "Your company or team, as their CloudTrail logs show it. Empty: credd.", value: &g.service, optional: true, check: likeService})
	}
	if g.Name == "" || g.asksAgain {
		g.Name = cmp.Or(g.Name, usualSource)
		blanks = append(blanks, &blank{title: "Name of this source", about: "For the case that you have more than one some day.", value: &g.Name, check: func(text string) error {
			if !roster.CanBeSource(text) {
				return errors.New("letters, digits and . _ @ + = , - only")
			}
			return nil
		}})
	}
	return g.form.page(ctx, blanks...)
}

func picksOf(names []string) (picks []pick) {
	for _, name := range names {
		picks = append(picks, pick{name, printable(name), ""})
	}
	return picks
}

func (g *guide) askSSO(files *awsconfig.Files) (blanks []*blank) {
	if g.SSOSession != "" {
		return nil
	}
	if g.StartURL == "" || g.asksAgain {
		blanks = append(blanks, &blank{title: "Start URL", about: "The address of the login page, as your company gave it to you.", value: &g.StartURL, check: func(text string) error {
			if !strings.HasPrefix(text, "https://") {
				return errors.New("it begins with https://, such as https://nw.awsapps.com/start")
			}
			return nil
		}})
	}
	if g.SSORegion == "" || g.asksAgain {
		blanks = append(blanks, &blank{title: "Region of the login page", about: "Where IAM Identity Center is, such as eu-west-1. You may work in another.", value: &g.SSORegion, check: likeRegion})
	}
	for _, s := range files.Config { // what the AWS CLI knows is the answer to begin with
		if s.Kind == awsconfig.SSOSession && g.StartURL == "" && g.SSORegion == "" {
			g.StartURL, g.SSORegion = printable(s.Get("sso_start_url")), printable(s.Get("sso_region"))
		}
	}
	return blanks
}

func likeRegion(text string) error {
	if !roster.CanBeRegion(text) {
		return errors.New("such as eu-west-1")
	}
	return nil
}

func likeService(text string) error {
	if !roster.CanBeService(text) {
		return errors.New("2 to 64 letters, digits and _ + = , . @ - only, no blanks: it is part of session names")
	}
	return nil
}

// askKeyPlace asks where the access key is, if a profile has one.
func (g *guide) askKeyPlace(ctx context.Context, files *awsconfig.Files) error {
	if g.fromStdin || g.fromEnv || g.fromProfile != "" && !g.asksAgain {
		return nil
	}
	var picks []pick
	for name, p := range files.Profiles() {
		if p.Get("aws_access_key_id") != "" && p.Get("aws_secret_access_key") != "" {
			picks = append(picks, pick{name, "of profile " + printable(name), "in ~/.aws; a copy goes into the vault"})
		}
	}
	if len(picks) == 0 {
		return nil
	}
	slices.SortFunc(picks, func(a, b pick) int { return strings.Compare(a.value, b.value) })
	picks = append(picks, pick{"", "another one", "I type it"})
	g.fromProfile = picks[0].value
	return g.form.page(ctx, &blank{title: "Which access key?", value: &g.fromProfile, choices: picks, optional: true})
}

// askKey asks for the key itself, and for the MFA device of its user.
func (g *guide) askKey() (blanks []*blank) {
	if !g.fromStdin && !g.fromEnv && g.fromProfile == "" {
		g.key = &api.NewKey{}
		blanks = append(blanks, &blank{title: "Access key ID", about: "It begins with AKIA.", value: &g.key.ID, check: likeKeyID},
			&blank{title: "Secret access key", about: "Not shown. It goes into the vault, and nowhere else.", value: &g.key.Secret, secret: true, check: likeSecret})
	}
	if g.MFASerial == "" || g.asksAgain {
		blanks = append(blanks, &blank{title: "MFA device", about: "Its ARN; credd then asks for one code a day. Empty: none.", value: &g.MFASerial, optional: true, check: func(text string) error {
			if !strings.HasPrefix(text, "arn:") || !strings.Contains(text, ":mfa/") {
				return errors.New("such as arn:aws:iam::210987654321:mfa/you")
			}
			return nil
		}})
	}
	return blanks
}

func likeKeyID(text string) error {
	switch {
	case strings.HasPrefix(text, "ASIA"):
		return errors.New("that is a temporary key; one of an IAM user begins with AKIA")
	case len(text) < 16 || strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "" || !strings.HasPrefix(text, "AKIA"):
		return errors.New("capital letters and digits that begin with AKIA")
	}
	return nil
}

func likeSecret(text string) error {
	if likeKeyID(text) == nil {
		return errors.New("that is an access key ID; the secret is the other one")
	}
	return nil
}
