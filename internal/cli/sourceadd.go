package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"credd/internal/agent/api"
	"credd/internal/agent/roster"
	"credd/internal/ipc"
)

// sourceAdd are the flags of credd source add.
type sourceAdd struct {
	roster.Source
	fromStdin, fromEnv bool
	fromProfile        string
	key                *api.NewKey // that was asked for already, or nil
	replace            bool
	noTest             bool
	given              []string // those of sourceFlags that were given, as they are written
}

// sourceFlags are what goes into credd.toml beside the type: a source that is there already keeps its own.
var sourceFlags = []string{
	"profile", "mfa-serial", "mfa", "mfa-command", "start-url", "sso-region", "sso-session", "account-id", "role-name", "token-file",
	"role-arn", "region", "sts-region", "endpoint-url",
}

func newSourceAddCmd(s *Streams) *cobra.Command {
	var a sourceAdd
	cmd := &cobra.Command{
		Use: "add SOURCE --type TYPE [-- COMMAND ARGUMENT…]", Short: "Add a source: an identity that assumes roles",
		Long: `Add a source to credd.toml and try it. The types:

  keys          an IAM user's access key, put into the vault: asked for, or --from-stdin (two lines: ID and secret; or what
                aws iam create-access-key prints), --from-profile or --from-env. It is stored only if AWS accepts it.
  sso           IAM Identity Center: --start-url and --sso-region, or --sso-session. Without --account-id and --role-name it
                logs in and shows what there is to choose from.
  profile       whatever a profile of ~/.aws is (--profile)
  login         a profile with aws login (--profile)
  web-identity  --token-file and --role-arn
  imds          this EC2 instance          container  this ECS task or EKS pod
  process       another program: -- COMMAND ARGUMENT…`,
		Example: `  credd source add work --type keys --mfa-serial arn:aws:iam::210987654321:mfa/ana
  credd source add work --type keys --from-profile default
  credd source add work --type sso --start-url https://nw.awsapps.com/start --sso-region eu-west-1
  credd source add own --type process -- /opt/get-credentials --json`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			a.Name = args[0]
			if len(args) > 1 {
				a.Command = args[1:]
				if path := a.Command[0]; strings.ContainsRune(path, filepath.Separator) { // the daemon's directory is another
					abs, err := filepath.Abs(path)
					if err != nil {
						return err
					}
					a.Command[0] = abs
				}
			}
			for _, name := range sourceFlags {
				if cmd.Flags().Changed(name) {
					a.given = append(a.given, "--"+name)
				}
			}
			if len(a.Command) > 0 {
				a.given = append(a.given, "-- "+a.Command[0])
			}
			return s.addSource(cmd.Context(), &a)
		},
	}
	f := cmd.Flags()
	f.StringVar(&a.Type, "type", "", "type of the source; needed")
	f.StringVar(&a.Profile, "profile", "", "profile of ~/.aws")
	f.StringVar(&a.MFASerial, "mfa-serial", "", "ARN or serial number of the MFA device")
	f.StringVar(&a.MFA, "mfa", "", "where codes come from: prompt, totp or command")
	f.StringArrayVar(&a.MFACommand, "mfa-command", nil, "program, and once more for each argument, that prints a code")
	f.StringVar(&a.StartURL, "start-url", "", "start URL of IAM Identity Center")
	f.StringVar(&a.SSORegion, "sso-region", "", "region of IAM Identity Center")
	f.StringVar(&a.SSOSession, "sso-session", "", "an [sso-session] of ~/.aws/config")
	f.StringVar(&a.AccountID, "account-id", "", "account to use through IAM Identity Center")
	f.StringVar(&a.RoleName, "role-name", "", "permission set to use through IAM Identity Center")
	f.StringVar(&a.TokenFile, "token-file", "", "file of the web identity token")
	f.StringVar(&a.RoleARN, "role-arn", "", "role of the web identity")
	f.StringVar(&a.Region, "region", "", "region of the source")
	f.StringVar(&a.STSRegion, "sts-region", "", "region whose STS is asked")
	f.StringVar(&a.EndpointURL, "endpoint-url", "", "URL of STS, such as a VPC endpoint")
	f.BoolVar(&a.fromStdin, "from-stdin", false, "read the access key from stdin")
	f.BoolVar(&a.fromEnv, "from-env", false, "take the access key from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
	f.StringVar(&a.fromProfile, "from-profile", "", "take the access key from a profile of ~/.aws")
	f.BoolVar(&a.replace, "replace", false, "put another key in the place of the one in the vault")
	f.BoolVar(&a.noTest, "no-test", false, "do not ask AWS who the source is")
	return cmd
}

func (s *Streams) addSource(ctx context.Context, a *sourceAdd) error {
	where, err := s.locate()
	if err != nil {
		return err
	}
	known, err := a.check(where)
	if err != nil {
		return err
	}
	switch {
	case a.toChoose():
		if err := s.chooseRole(ctx, a); err != nil {
			return err
		}
	case a.Type == "keys":
		if err := s.addKey(ctx, where, a); err != nil {
			return err
		}
	}
	if !known {
		path, err := roster.AddSources(where.config, a.Source)
		if err != nil {
			return asUsage(err)
		}
		s.say("added source %s to %s", a.Name, path)
		if now := roster.Load(where.config, nil); now.Settings.Defaults.Source == a.Name {
			s.say("roles use it unless they name another: it is [defaults] source")
		}
		if now := roster.Load(where.config, nil); now.Settings.Defaults.Source == "" {
			s.say("roles use it where they, or [defaults] in credd.toml, say: source = \"%s\"", a.Name)
		}
	}
	if err := s.reloadIfRunning(ctx); err != nil {
		s.warn("the daemon did not take it: "+sorted(err).message, sorted(err).hint)
	}
	if a.noTest {
		return nil
	}
	var id api.Identity
	if err := s.talk(ctx, api.Request{Do: api.DoTest, Name: a.Name}, &id, nil); err != nil {
		e := sorted(err)
		if needsLogin(e.code, e.hint, a.Name) {
			return s.say("before its first use: %s", s.mine("credd login "+a.Name))
		}
		if ctx.Err() != nil {
			return err
		}
		s.warn("it does not work yet: "+e.message, e.hint)
		return &userError{e.code, "source " + a.Name + " was added and does not work yet", "when that is mended: credd source test " + a.Name}
	}
	return s.say("it is %s", id.ARN)
}

// toChoose says whether account and role are still to be chosen.
func (a *sourceAdd) toChoose() bool { return a.Type == "sso" && a.AccountID == "" && a.RoleName == "" }

// check refuses what could not be added, before anything is asked for or stored. A source that is known only gets another
// key, so that it is taken as it is.
func (a *sourceAdd) check(where locations) (known bool, err error) {
	if a.Type == "" {
		return false, &userError{ipc.Usage, "--type is needed", "see: credd source add --help"}
	}
	have, known := roster.Load(where.config, nil).Source(a.Name)
	if !known || a.Type != "keys" || !a.replace || have.Type != "keys" {
		src := a.Source
		if a.toChoose() {
			src.AccountID, src.RoleName = strings.Repeat("0", 12), "role" // as they may be chosen
		}
		if err := roster.CheckSources(where.config, src); err != nil {
			return known, asUsage(err)
		}
		return false, nil
	}
	if len(a.given) > 0 {
		return true, &userError{
			ipc.Usage, fmt.Sprintf("source %s is there already, and --replace changes nothing but its key: %s would be ignored", a.Name, strings.Join(a.given, ", ")),
			fmt.Sprintf("leave that out; the rest of the source is in %s:%d", have.File, have.Line),
		}
	}
	a.Region, a.STSRegion, a.EndpointURL, a.MFA = have.Region, have.STSRegion, have.EndpointURL, have.MFA
	return true, nil
}

// chooseRole logs in, unless that was done, and lets the person choose an account and a role.
func (s *Streams) chooseRole(ctx context.Context, a *sourceAdd) error {
	const without = "give --account-id and --role-name"
	req := api.Request{Do: api.DoAccounts, Name: a.Name, SSO: &api.SSO{StartURL: a.StartURL, Region: a.SSORegion, Session: a.SSOSession}}
	if a.SSOSession == "" && (a.StartURL == "" || a.SSORegion == "") {
		return &userError{ipc.Usage, "--start-url and --sso-region are needed, or --sso-session", "see: credd source add --help"}
	}
	all, err := s.accounts(ctx, req)
	if e := sorted(errOr(err)); err != nil && e.code == ipc.Login && strings.HasSuffix(e.hint, "credd login "+a.Name) {
		return &userError{e.code, e.message, "nothing was added; try it again with the same command"}
	} else if err != nil {
		return err
	}
	var rows [][]string
	var choices []func()
	for _, acc := range all.Accounts {
		for _, role := range acc.Roles {
			rows = append(rows, []string{strconv.Itoa(len(rows) + 1), acc.ID, acc.Name, role})
			choices = append(choices, func() { a.AccountID, a.RoleName = acc.ID, role })
		}
	}
	switch len(rows) {
	case 0:
		return &userError{ipc.Denied, "this login has no role in any account", "ask the administrator of IAM Identity Center"}
	case 1:
		choices[0]()
		return nil
	}
	if err := table(s.Err, []string{"", "ACCOUNT", "NAME", "ROLE"}, rows); err != nil {
		return err
	}
	for {
		text, err := s.prompt("which one assumes your customers' roles (number)", false, without)
		if err != nil {
			return err
		}
		if n, err := strconv.Atoi(strings.TrimSpace(text)); err == nil && n >= 1 && n <= len(choices) {
			choices[n-1]()
			return nil
		}
		s.note("that is not one of the numbers; ^D ends it")
	}
}

// accounts lists what a login may use, after logging in if need be. Another login than the source's own may be missing: a
// locked vault has the same code.
func (s *Streams) accounts(ctx context.Context, req api.Request) (api.Accounts, error) {
	var all api.Accounts
	err := s.talk(ctx, req, &all, nil)
	var remoteErr *ipc.Error
	if !errors.As(err, &remoteErr) || !needsLogin(remoteErr.Code, remoteErr.Hint, req.Name) {
		return all, err
	}
	login := req
	login.Do, login.Device = api.DoLogin, remote()
	if err := s.talk(ctx, login, &api.Login{}, func(e api.Event) { s.step(e, !login.Device) }); err != nil {
		return all, err
	}
	return all, s.talk(ctx, req, &all, nil)
}

// needsLogin says whether a login to the source is what a refusal asks for.
func needsLogin(code ipc.Code, hint, source string) bool {
	return code == ipc.Login && strings.Contains(hint, "credd login "+source)
}
