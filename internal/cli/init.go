package cli

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"strings"

	"github.com/spf13/cobra"

	"credd/internal/agent/cred"
	"credd/internal/agent/roster"
	"credd/internal/ipc"
)

// initial are the answers that flags give to credd init.
type initial struct {
	sourceAdd
	first                      roster.NewRole
	id                         string
	idFromStdin                bool
	fromSSO, noRole            bool
	only                       []string
	vaultKey, service, network string
	takesOver, keys            bool // import, its keys too
	noImport, noProfiles, yes  bool
	wantsService, noService    bool
	asksAgain                  bool // for what was refused
}

func newInitCmd(s *Streams) *cobra.Command {
	var a initial
	cmd := &cobra.Command{
		Use: "init", Short: "Set credd up, from nothing to a profile that works", Args: cobra.NoArgs,
		Long: `Set credd up step by step: take over the profiles that you have, say which identity assumes roles (a source), add a first role, write
its profile into ~/.aws/config, and try it; credd can then be made a service. What is there already is left as it is, so it can be run
again at any time.

It asks at a terminal. Every answer has a flag, and what a flag says is not asked; without a terminal all that is needed has to be said.`,
		Example: `  credd init
  credd init --type profile --profile work --role acme/admin --arn arn:aws:iam::012345678901:role/Admin --external-id-stdin < id
  credd init --type sso --start-url https://nw.awsapps.com/start --sso-region eu-west-1 --from-sso
  credd init --type keys --from-profile default --service-name northwind --no-role
  credd init --import --yes`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			where, err := s.locate()
			if err != nil {
				return err
			}
			if err := s.answers(cmd, &a); err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt)
			defer stop()
			g := &guide{Streams: s, initial: &a, where: where, form: s.newForm()}
			err = g.run(ctx)
			if err != nil && ctx.Err() != nil || errors.Is(err, errUnchanged) || errors.Is(err, errInterrupted) { // a question, or a wait for a login, that was left
				return errStopped
			}
			return err
		},
	}
	a.flags(cmd)
	return cmd
}

func (a *initial) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&a.takesOver, "import", false, "take over the profiles of ~/.aws, as credd import does")
	f.BoolVar(&a.noImport, "no-import", false, "do not, and do not ask")
	f.BoolVar(&a.keys, "keys", false, "with --import, move access keys into the vault")
	f.StringVar(&a.vaultKey, "vault-key", "", "where the key of the vault is, if not in a keyring: passphrase or file")
	f.StringVar(&a.Name, "source", "", "name of the source (default work)")
	f.StringVar(&a.Type, "type", "", "type of the source: sso, keys or profile; for others see credd source add")
	f.StringVar(&a.StartURL, "start-url", "", "start URL of IAM Identity Center")
	f.StringVar(&a.SSORegion, "sso-region", "", "region of IAM Identity Center")
	f.StringVar(&a.SSOSession, "sso-session", "", "an [sso-session] of ~/.aws/config, instead of these two")
	f.StringVar(&a.AccountID, "sso-account", "", "account to use through IAM Identity Center")
	f.StringVar(&a.RoleName, "sso-role", "", "permission set to use through IAM Identity Center")
	f.StringVar(&a.Profile, "profile", "", "profile of ~/.aws, with --type profile")
	f.StringVar(&a.fromProfile, "from-profile", "", "take the access key from a profile of ~/.aws, with --type keys")
	f.BoolVar(&a.fromEnv, "from-env", false, "take it from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
	f.BoolVar(&a.fromStdin, "from-stdin", false, "read it from stdin")
	f.StringVar(&a.MFASerial, "mfa-serial", "", "ARN or serial number of the MFA device of the key's user")
	f.StringVar(&a.service, "service-name", "", "your name to customers: their CloudTrail shows it")
	f.StringVar(&a.first.Name, "role", "", "the first role, as CUSTOMER/ROLE")
	f.BoolVar(&a.noRole, "no-role", false, "no role yet: customers are invited later")
	f.StringVar(&a.first.ARN, "arn", "", "ARN of the role")
	f.StringVar(&a.id, "external-id", "", "external ID of the role (other users see it in the process list while this runs: prefer --external-id-stdin)")
	f.BoolVar(&a.idFromStdin, "external-id-stdin", false, "read the external ID from stdin")
	f.StringVar(&a.first.Region, "region", "", "region of the role's profile")
	f.StringVar(&a.first.Environment, "environment", "", "environment of the customer, such as production")
	f.BoolVar(&a.fromSSO, "from-sso", false, "add the accounts of the login as customers")
	f.StringArrayVar(&a.only, "account", nil, "with --from-sso, only this account (more than once for more)")
	f.BoolVar(&a.noProfiles, "no-profiles", false, "do not write profiles into ~/.aws/config")
	f.BoolVar(&a.wantsService, "service", false, "make credd a service of yours, as credd service install does")
	f.BoolVar(&a.noService, "no-service", false, "do not, and do not ask")
	f.StringVar(&a.network, "endpoint-url", "", "URL where all AWS services answer, such as a simulator's")
	f.BoolVar(&a.yes, "yes", false, "do not ask before something is done, nor for what can be left out")
}

// answers checks what flags say, and reads what they say to read.
func (s *Streams) answers(cmd *cobra.Command, a *initial) error {
	given := cmd.Flags().Changed
	for _, two := range [][2]string{{"import", "no-import"}, {"service", "no-service"}, {"external-id", "external-id-stdin"}, {"from-stdin", "external-id-stdin"}, {"from-sso", "arn"}, {"from-sso", "role"}, {"no-role", "role"}, {"no-role", "from-sso"}} {
		if given(two[0]) && given(two[1]) {
			return &userError{ipc.Usage, "--" + two[0] + " and --" + two[1] + " exclude each other", ""}
		}
	}
	if a.Type != "" && a.Type != "sso" && a.Type != "keys" && a.Type != "profile" {
		return &userError{ipc.Usage, "init asks for no source of type " + a.Type, "add it first: credd source add --help; then go on with: credd init"}
	}
	if a.vaultKey != "" && a.vaultKey != "file" && a.vaultKey != "passphrase" {
		return &userError{ipc.Usage, "--vault-key is passphrase or file", "for others see [vault] in docs/configuration.md"}
	}
	if a.first.Name != "" && !roster.CanBeRole(a.first.Name) {
		return &userError{ipc.Usage, "--role " + a.first.Name + " is not CUSTOMER/ROLE", "such as: --role acme/admin"}
	}
	if a.idFromStdin {
		id, err := s.readID()
		if err != nil {
			return err
		}
		a.id = id
	}
	a.first.ExternalID = cred.NewSecret(a.id)
	if len(a.only) > 0 {
		a.fromSSO = true
	}
	return nil
}

// guide is one run of credd init.
type guide struct {
	*Streams
	*initial
	where locations
	form  *form // nil: there is nobody to ask
}

// run does what is not done yet, step by step. Each step asks before it changes something, and can be the last: what was done
// stays, and the next run goes on there.
func (g *guide) run(ctx context.Context) error {
	now := roster.Load(g.where.config, nil)
	if err := now.Broken(); err != nil {
		return err
	}
	missing := g.missing(now)
	if g.yes && len(missing) == 0 {
		g.form = nil // all that is needed was said
	}
	if g.form != nil {
		what := "who you are to AWS, a first role, and its profile."
		if g.noRole {
			what = "who you are to AWS."
		}
		g.note("%s", g.paint(bold, "This sets credd up: "+what))
		g.note("^C ends it at any time; what is done stays, and credd init goes on there.\n")
	} else if len(missing) > 0 {
		return &userError{ipc.Usage, "there is no terminal to ask at, and this is missing: " + strings.Join(missing, ", "), "see: credd init --help"}
	}
	if g.network != "" {
		if err := g.set(ctx, "network", "endpoint_url", g.network); err != nil {
			return err
		}
	}
	steps := []func(context.Context) error{g.takeOver, g.identity, g.firstRole, g.profile, g.prove}
	if g.noRole {
		steps = append(steps[:2], g.thenInvite)
	}
	steps = append(steps, g.asService)
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// missing are the flags without which there is something to ask for. An import may answer all.
func (g *guide) missing(now *roster.Roster) (flags []string) {
	need := func(is bool, flag string) {
		if is {
			flags = append(flags, flag)
		}
	}
	if g.takesOver {
		need(!g.yes, "--yes")
		return flags
	}
	if len(now.Sources()) == 0 {
		need(g.Type == "", "--type")
		switch g.Type {
		case "sso":
			need(g.SSOSession == "" && g.StartURL == "", "--start-url")
			need(g.SSOSession == "" && g.SSORegion == "", "--sso-region")
			need(g.AccountID == "", "--sso-account")
			need(g.RoleName == "", "--sso-role")
		case "keys":
			need(!g.fromStdin && !g.fromEnv && g.fromProfile == "", "--from-stdin, --from-env or --from-profile")
		case "profile":
			need(g.Profile == "", "--profile")
		}
	}
	if len(now.Roles()) == 0 && !g.fromSSO && !g.noRole || g.first.Name != "" && !known(now, g.first.Name) {
		need(g.first.Name == "", "--role")
		need(g.first.ARN == "", "--arn")
	}
	return flags
}

// known reports whether a role is there, be it one that cannot be used.
func known(now *roster.Roster, role string) bool {
	_, err := now.Role(role)
	return !errors.Is(err, roster.ErrUnknownRole)
}

// set gives credd.toml a setting, for the daemon too.
func (g *guide) set(ctx context.Context, table, key, value string) error {
	if _, err := roster.AddSetting(g.where.config, table, key, value); err != nil {
		return asUsage(err)
	}
	g.reload(ctx)
	return nil
}

// gap is an empty line between steps, for a person.
func (g *guide) gap() {
	if g.form != nil {
		g.note("")
	}
}

func (g *guide) reload(ctx context.Context) {
	if err := g.reloadIfRunning(ctx); err != nil {
		e := sorted(err)
		g.warn("the daemon did not take it: "+e.message, e.hint)
	}
}
