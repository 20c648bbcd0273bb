package cli

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"credd/internal/agent/api"
	"credd/internal/agent/cred"
	"credd/internal/agent/roster"
	"credd/internal/agent/sts"
	"credd/internal/console"
	"credd/internal/ipc"
)

func newConsoleCmd(s *Streams) *cobra.Command {
	c := consoleRun{Streams: s}
	cmd := &cobra.Command{
		Use: "console ROLE", Short: "Open the AWS Management Console as a role", Args: cobra.ExactArgs(1),
		Long: `Open the AWS Management Console as a role, in the default browser. ROLE is customer/role, a customer for its default role, or @source
of a source whose session is a role's, as with IAM Identity Center.

The console session ends with the role's credentials. With --duration it may last longer, if an IAM user's key assumes the role;
for what is assumed from another session AWS takes no duration, so it is left out then.

The address that signs in is a secret until it was used, or for 15 minutes. credd hands it over where no other user sees it, and
writes it nowhere; --print puts it on stdout.`,
		Example: `  credd console acme/admin
  credd console acme --destination s3 --region us-east-1
  credd console acme --chromium
  credd console acme --firefox-container
  credd console acme --print | wl-copy`,
		RunE: func(cmd *cobra.Command, args []string) error { return c.run(cmd.Context(), args[0]) },
	}
	f := cmd.Flags()
	f.StringVar(&c.destination, "destination", "", "page to open: a service such as s3, a path such as /s3/home, or a URL of the console")
	f.StringVar(&c.region, "region", "", "region (default: that of the role)")
	f.DurationVar(&c.duration, "duration", 0, "how long the console session lasts, 15m to 12h")
	f.BoolVar(&c.print, "print", false, "print the address to stdout and open nothing")
	f.BoolVar(&c.firefox, "firefox-container", false, "open in Firefox, in a container of the customer")
	f.BoolVar(&c.chromium, "chromium", false, "open in Chromium, Chrome or Edge, in a profile of the customer")
	f.StringVar(&c.program, "program", "", "the program of that browser (default: the first that is found)")
	f.StringVar(&c.profiles, "profile-dir", "", "directory of the profiles of --chromium (default: in credd's state)")
	return cmd
}

// consoleRun is one run of the command.
type consoleRun struct {
	*Streams
	destination, region      string
	duration                 time.Duration
	print, firefox, chromium bool
	program, profiles        string
}

func (c *consoleRun) run(ctx context.Context, name string) error {
	if err := c.check(); err != nil {
		return err
	}
	where, err := c.locate()
	if err != nil {
		return err
	}
	r, err := c.roster(ctx, where)
	if err != nil {
		return err
	}
	if where.guest && strings.HasPrefix(name, ownMark) {
		return refuseSource(name)
	}
	who, err := c.signer(ctx, r, name)
	if err != nil {
		return err
	}
	site, err := console.At(who.partition, c.region, who.region, r.Settings.Network.EndpointURL)
	if err != nil {
		return refused(err)
	}
	page, err := site.Destination(c.destination)
	if err != nil {
		return refused(err)
	}
	open, err := c.browser(who)
	if err != nil {
		return err
	}
	token, until, err := c.token(ctx, r, who, site)
	if err != nil {
		return err
	}
	address := site.URL(page, token)
	if c.print {
		c.warnIfShown("the address is on the screen, and in what it scrolls back to: who opens it first is signed in", "pipe it to where it goes, or leave out --print")
		return c.say("%s", address.Reveal())
	}
	if err := c.open(ctx, open, address); err != nil {
		return err
	}
	return c.say("the console of %s is open in the browser until %s", who.role, clock(until, time.Now()))
}

// check looks at the flags alone.
func (c *consoleRun) check() error {
	switch {
	case c.print && (c.firefox || c.chromium), c.firefox && c.chromium:
		return &userError{ipc.Usage, "--print, --firefox-container and --chromium exclude each other", ""}
	case c.duration != 0 && (c.duration < console.MinDuration || c.duration > console.MaxDuration || c.duration%time.Second != 0):
		return &userError{ipc.Usage, "the duration is not 15m to 12h in whole seconds", "such as: --duration 4h"}
	case c.program != "" && !c.firefox && !c.chromium:
		return &userError{ipc.Usage, "--program is for --firefox-container and --chromium", "the default browser is what this desktop is set to"}
	case c.profiles != "" && !c.chromium:
		return &userError{ipc.Usage, "--profile-dir is for --chromium", ""}
	}
	return nil
}

// signer is what signs in: a session of a role.
type signer struct {
	role        string // customer/role, or @source
	owner       string // the customer's name, or that of the source
	environment string
	source      string
	region      string
	partition   string
	isOwn       bool          // the source's own session
	lasts       time.Duration // a session of the role
}

// signer looks at a role before AWS is asked for a session. Only a role's session can sign in; that of an IAM user could with
// GetFederationToken, which customers' alarms take for an intruder.
func (c *consoleRun) signer(ctx context.Context, r *roster.Roster, name string) (signer, error) {
	who := signer{role: name, owner: name, source: strings.TrimPrefix(name, ownMark), region: r.Settings.Defaults.Region, isOwn: true}
	if !strings.HasPrefix(name, ownMark) {
		role, err := roleNamed(r, name)
		if err != nil {
			return who, err
		}
		who = signer{role.Name, role.Customer.Key, role.Customer.Environment, role.Source, role.Region, role.Partition, role.ARN == "", role.Duration}
	}
	if !who.isOwn {
		return who, nil
	}
	tested := who.source
	if tested == "" { // which a guest is not told
		tested = who.role
	} else if src, err := r.FindSource(tested); err != nil {
		return who, err
	} else if src.Type == "keys" {
		return who, cannotSignIn(who)
	}
	var id api.Identity
	if err := c.talk(ctx, api.Request{Do: api.DoTest, Name: tested}, &id, nil); err != nil {
		return who, err
	}
	of := strings.SplitN(id.ARN, ":", 6)
	if len(of) < 6 || of[2] != "sts" || !strings.HasPrefix(of[5], "assumed-role/") {
		return who, cannotSignIn(who)
	}
	who.partition = of[1]
	return who, nil
}

func cannotSignIn(who signer) error {
	return &userError{ipc.Usage, who.role + " is the session of an IAM user, not of a role, and cannot sign in to the console",
		"name a role that is assumed from it: credd role list"}
}

// token gets the role's credentials, as credd exec does, and a sign-in token for them. until is when the console session ends.
func (c *consoleRun) token(ctx context.Context, r *roster.Roster, who signer, site console.Site) (token cred.Secret, until time.Time, err error) {
	have, err := c.fresh(ctx, who)
	if err != nil {
		return token, until, err
	}
	until = have.Expires
	session := console.Session{KeyID: have.AccessKeyID, Secret: have.SecretAccessKey, Token: have.SessionToken}
	if c.duration != 0 {
		chained, err := c.isChained(ctx, who)
		switch {
		case err != nil:
			return token, until, err
		case chained:
			c.warn("--duration is left out: AWS takes none for a role that is assumed from another session", "")
		default:
			session.Duration, until = c.duration, time.Now().Add(c.duration)
		}
	}
	client := sts.NewHTTP()
	defer client.Close()
	if err := client.Configure(r.Settings.Network.Proxy, r.Settings.Network.CABundle); err != nil {
		return token, until, &userError{ipc.Usage, err.Error(), "correct [network] in credd.toml"}
	}
	token, err = site.Token(ctx, client, session)
	return token, until, notSignedIn(who, session, err)
}

// fresh are the role's credentials, renewed where half of their life is over: nothing renews them in the browser.
func (c *consoleRun) fresh(ctx context.Context, who signer) (credentials, error) {
	have, err := c.credentials(ctx, who.role)
	if err != nil || who.isOwn || time.Until(have.Expires) > min(who.lasts, sts.ChainedMax)/2 {
		return have, err
	}
	if c.talk(ctx, api.Request{Do: api.DoRefresh, Name: who.role}, &api.Session{}, nil) != nil {
		return have, nil // they are good for a while
	}
	return c.credentials(ctx, who.role)
}

// isChained reports whether a role is assumed from temporary credentials, or may be.
func (c *consoleRun) isChained(ctx context.Context, who signer) (bool, error) {
	if who.isOwn || who.source == "" || strings.Contains(who.source, "/") {
		return true, nil
	}
	var id api.Identity
	err := c.talk(ctx, api.Request{Do: api.DoTest, Name: who.source}, &id, nil)
	return id.Temporary, err
}

// notSignedIn is the error for a sign-in token that AWS did not give.
func notSignedIn(who signer, session console.Session, err error) error {
	var e *sts.Error
	if !errors.As(err, &e) {
		return err
	}
	switch {
	case e.Reason == sts.Denied && session.Duration != 0:
		return &userError{ipc.Denied, who.role + ": " + e.Message, "the duration may be above the role's maximum: try again without --duration"}
	case e.Reason == sts.Denied:
		return &userError{ipc.Denied, who.role + ": " + e.Message, "AWS does not say why; whether the session is good shows: credd exec " + who.role + " -- aws sts get-caller-identity"}
	case e.Reason == sts.Throttled:
		return &userError{ipc.Unreachable, who.role + ": " + e.Message, "try again in a moment"}
	case e.Reason == sts.Broken:
		return &userError{ipc.Unreachable, who.role + ": " + e.Message, "see what answers in AWS's place: [network] in credd.toml"}
	}
	return &userError{ipc.Unreachable, who.role + ": " + e.Message, "the session itself is there; check the network, or [network] in credd.toml, and try again"}
}

// refused is an error of package console for the user.
func refused(err error) error {
	var e *console.Error
	if errors.As(err, &e) {
		return &userError{ipc.Usage, e.Message, e.Hint}
	}
	return err
}
