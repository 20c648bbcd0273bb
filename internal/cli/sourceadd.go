package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"credd/internal/agent/api"
	"credd/internal/agent/roster"
	"credd/internal/agent/source"
	"credd/internal/ipc"
)

// sourceAdd are the flags of credd source add.
type sourceAdd struct {
	roster.Source
	fromStdin, fromEnv bool
	fromProfile        string
	replace            bool
	noTest             bool
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
	where, err := locate()
	if err != nil {
		return err
	}
	have, known := roster.Load(where.config, nil).Source(a.Name)
	switch {
	case a.Type == "":
		return &userError{ipc.Usage, "--type is needed", "see: credd source add --help"}
	case known && !(a.Type == "keys" && a.replace && have.Type == "keys"):
		return fmt.Errorf("%w: %s:%d", roster.ErrSourceExists, have.File, have.Line)
	case a.Type == "sso" && a.AccountID == "" && a.RoleName == "":
		if err := s.chooseRole(ctx, a); err != nil {
			return err
		}
	case a.Type == "keys":
		if known {
			a.Region, a.STSRegion, a.EndpointURL, a.MFA = have.Region, have.STSRegion, have.EndpointURL, have.MFA
		}
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
		if e.code == ipc.Login && strings.Contains(e.hint, "credd login "+a.Name) {
			return s.say("before its first use: credd login %s", a.Name)
		}
		s.warn("it does not work yet: "+e.message, e.hint)
		return &userError{e.code, "source " + a.Name + " was added and does not work yet", "when that is mended: credd source test " + a.Name}
	}
	return s.say("it is %s", id.ARN)
}

// addKey has a key proved and stored by the daemon.
func (s *Streams) addKey(ctx context.Context, where locations, a *sourceAdd) error {
	key, err := s.readKey(ctx, where, a)
	if err != nil {
		return err
	}
	key.Replace, key.Region, key.STSRegion, key.EndpointURL = a.replace, a.Region, a.STSRegion, a.EndpointURL
	var id api.Identity
	if err := s.talk(ctx, api.Request{Do: api.DoStoreKey, Name: a.Name, Key: key}, &id, nil); err != nil {
		return err
	}
	s.say("the key of %s is in the vault", id.ARN)
	if a.fromProfile != "" {
		s.say("it is still in ~/.aws too: remove it there when all works")
	}
	return nil
}

// readKey gets the access key from where the flags say.
func (s *Streams) readKey(ctx context.Context, where locations, a *sourceAdd) (*api.NewKey, error) {
	from := 0
	for _, set := range []bool{a.fromStdin, a.fromEnv, a.fromProfile != ""} {
		if set {
			from++
		}
	}
	if from > 1 {
		return nil, &userError{ipc.Usage, "--from-stdin, --from-env and --from-profile exclude each other", ""}
	}
	key := &api.NewKey{}
	var err error
	switch {
	case a.fromStdin:
		key, err = readKeyLines(s.In)
	case a.fromEnv:
		key.ID, key.Secret = os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY")
		if os.Getenv("AWS_SESSION_TOKEN") != "" {
			err = &userError{ipc.Usage, "AWS_SESSION_TOKEN is set: the key in the environment is a session's, which ends", "use the access key of an IAM user"}
		}
	case a.fromProfile != "":
		var id, secret string
		id, secret, err = source.ProfileKey(ctx, where.aws, a.fromProfile)
		key.ID, key.Secret = id, secret
	default:
		const without = "use --from-stdin, --from-env or --from-profile"
		if key.ID, err = s.prompt("access key ID", false, without); err == nil {
			key.Secret, err = s.prompt("secret access key (not shown)", true, without)
		}
	}
	if err != nil {
		return nil, err
	}
	key.ID, key.Secret = strings.TrimSpace(key.ID), strings.TrimSpace(key.Secret)
	if key.ID == "" || key.Secret == "" {
		return nil, &userError{ipc.Usage, "there is no access key and secret where they were to be read", "see: credd source add --help"}
	}
	if a.MFA == source.TOTP && key.Seed == "" {
		key.Seed, err = s.prompt("seed of the MFA device, as AWS shows it where the device is made (not shown)", true, "give it as the third line with --from-stdin")
	}
	return key, err
}

// readKeyLines reads an ID, a secret and perhaps a seed, a line each, or what aws iam create-access-key prints.
func readKeyLines(r io.Reader) (*api.NewKey, error) {
	const most = 16 << 10
	data, err := io.ReadAll(io.LimitReader(r, most))
	if err != nil {
		return nil, fmt.Errorf("read the access key: %w", err)
	}
	var made struct {
		AccessKey struct{ AccessKeyID, SecretAccessKey string } `json:"AccessKey"`
	}
	if json.Unmarshal(data, &made) == nil {
		return &api.NewKey{ID: made.AccessKey.AccessKeyID, Secret: made.AccessKey.SecretAccessKey}, nil
	}
	var lines [3]string
	in := bufio.NewScanner(strings.NewReader(string(data)))
	for i := 0; i < len(lines) && in.Scan(); {
		if text := strings.TrimSpace(in.Text()); text != "" {
			lines[i] = text
			i++
		}
	}
	return &api.NewKey{ID: lines[0], Secret: lines[1], Seed: lines[2]}, nil
}

// chooseRole logs in, unless that was done, and lets the person choose an account and a role.
func (s *Streams) chooseRole(ctx context.Context, a *sourceAdd) error {
	const without = "give --account-id and --role-name"
	req := api.Request{Do: api.DoAccounts, Name: a.Name, SSO: &api.SSO{StartURL: a.StartURL, Region: a.SSORegion, Session: a.SSOSession}}
	if a.SSOSession == "" && (a.StartURL == "" || a.SSORegion == "") {
		return &userError{ipc.Usage, "--start-url and --sso-region are needed, or --sso-session", "see: credd source add --help"}
	}
	all, err := s.accounts(ctx, req)
	if err != nil {
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
	text, err := s.prompt("which one assumes your customers' roles (number)", false, without)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil || n < 1 || n > len(choices) {
		return &userError{ipc.Usage, "that is not one of the numbers", without}
	}
	choices[n-1]()
	return nil
}

// accounts lists what a login may use, after logging in if need be.
func (s *Streams) accounts(ctx context.Context, req api.Request) (api.Accounts, error) {
	var all api.Accounts
	err := s.talk(ctx, req, &all, nil)
	var remoteErr *ipc.Error
	if !errors.As(err, &remoteErr) || remoteErr.Code != ipc.Login {
		return all, err
	}
	login := req
	login.Do, login.Device = api.DoLogin, remote()
	if err := s.talk(ctx, login, &api.Login{}, func(e api.Event) { s.step(e, !login.Device) }); err != nil {
		return all, err
	}
	return all, s.talk(ctx, req, &all, nil)
}

func newSourceRemoveCmd(s *Streams) *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use: "remove SOURCE", Short: "Remove a source, and its key from the vault", Args: cobra.ExactArgs(1),
		Long:    "Remove a source from credd.toml, and for type keys its access key from the vault. The key itself stays at AWS.",
		Example: "  credd source remove old",
		RunE: func(cmd *cobra.Command, args []string) error {
			where, err := locate()
			if err != nil {
				return err
			}
			src, ok := roster.Load(where.config, nil).Source(args[0])
			if ok && src.Type == "keys" && !yes {
				text, err := s.prompt("the key in the vault cannot be brought back; remove it (yes/no)", false, "say --yes")
				if err != nil {
					return err
				}
				if t := strings.ToLower(strings.TrimSpace(text)); t != "yes" && t != "y" {
					return &userError{ipc.Usage, "nothing was changed", ""}
				}
			}
			path, err := roster.RemoveSource(where.config, args[0])
			if err != nil {
				return asUsage(err)
			}
			s.say("removed source %s from %s", args[0], path)
			if ok && src.Type == "keys" {
				if err := s.talk(cmd.Context(), api.Request{Do: api.DoDropKey, Name: args[0]}, &api.Done{}, nil); err != nil {
					return err
				}
				s.say("removed its key from the vault; at AWS it still works: delete it there if nothing else uses it")
			}
			return s.reloadIfRunning(cmd.Context())
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return cmd
}

func newSourceRotateCmd(s *Streams) *cobra.Command {
	return &cobra.Command{
		Use: "rotate SOURCE", Short: "Change the access key of a source", Args: cobra.ExactArgs(1),
		Long: `Change the access key of a source of type keys: create a second one, prove it, store it, disable the old one, prove again, delete
the old one. Should that be interrupted, run it again: a key that works is stored at every moment.

The user needs iam:ListAccessKeys, iam:CreateAccessKey, iam:UpdateAccessKey and iam:DeleteAccessKey for itself.`,
		Example: "  credd source rotate work",
		RunE: func(cmd *cobra.Command, args []string) error {
			err := s.talk(cmd.Context(), api.Request{Do: api.DoRotate, Name: args[0]}, &api.Done{}, func(e api.Event) { s.step(e, false) })
			if err != nil {
				return err
			}
			return s.say("the access key of %s is a new one", args[0])
		},
	}
}
