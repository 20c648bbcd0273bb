package cli

import (
	"context"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"credd/internal/ipc"
)

func newEnvCmd(s *Streams) *cobra.Command {
	var format, region string
	var unset bool
	cmd := &cobra.Command{
		Use: "env ROLE", Short: "Print a role's credentials as environment variables", Args: cobra.MaximumNArgs(1),
		Long: `Print a role's credentials as environment variables, for a shell to evaluate or a file to hold. ROLE is customer/role, a customer
for its default role, or @source. Unlike a profile they are not renewed: they end at AWS_CREDENTIAL_EXPIRATION. For one command
prefer: credd exec ROLE -- COMMAND

Format bash suits sh and zsh too. Those for shells also remove the variables that name another identity, such as AWS_PROFILE.
github masks the secrets in the log and writes to the file that GITHUB_ENV names, for the steps that follow.`,
		Example: `  eval "$(credd env acme/admin)"
  credd env acme/admin --format fish | source
  credd env acme/admin --format powershell | Out-String | Invoke-Expression
  credd env acme/admin --format dotenv > .env
  eval "$(credd env --unset)"`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains(envFormats, format) {
				return &userError{ipc.Usage, "unknown format: " + format, "one of: " + strings.Join(envFormats, ", ")}
			}
			if unset {
				return s.unset(format)
			}
			if len(args) == 0 {
				return &userError{ipc.Usage, "name a role, or give --unset", "see: credd env --help"}
			}
			if format == "github" && os.Getenv("GITHUB_ENV") == "" {
				return &userError{ipc.Usage, "GITHUB_ENV is not set", "format github is for a step of GitHub Actions, which sets it"}
			}
			set, err := s.variables(cmd.Context(), args[0], region)
			if err != nil {
				return err
			}
			s.warnIfShown("the secrets are on the screen, and in what it scrolls back to", `evaluate them instead: eval "$(credd env …)", or use credd exec`)
			return s.env(format, set)
		},
	}
	cmd.Flags().StringVar(&format, "format", "bash", strings.Join(envFormats, ", "))
	cmd.Flags().StringVar(&region, "region", "", "region (default: that of the role)")
	cmd.Flags().BoolVar(&unset, "unset", false, "print what removes the variables again, regions included")
	return cmd
}

// variable is one of an environment.
type variable struct{ name, value string }

// granted are the variables that credd env and credd exec set, if they are known.
var granted = []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CREDENTIAL_EXPIRATION", "AWS_ACCOUNT_ID",
	"AWS_REGION", "AWS_DEFAULT_REGION", "CREDD_ROLE", "CREDD_ENVIRONMENT", "CREDD_PRODUCTION"}

// foreign returns the variables that must not stay beside those that are set: an earlier role's, and other identities. Without a
// region of the role's the caller's stays.
func foreign(set []variable) []string {
	var out []string
	for _, name := range slices.Concat(granted, shadowing, misleading) {
		isSet := slices.ContainsFunc(set, func(v variable) bool { return v.name == name })
		if !isSet && !isRegion(name) && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

func isRegion(name string) bool { return name == "AWS_REGION" || name == "AWS_DEFAULT_REGION" }

// variables are what an environment needs to be a role's. region goes before the role's own.
func (s *Streams) variables(ctx context.Context, name, region string) ([]variable, error) {
	to, err := s.targetNamed(ctx, name, region)
	if err != nil {
		return nil, err
	}
	c, err := s.credentials(ctx, to.role)
	if err != nil {
		return nil, err
	}
	values := []string{c.AccessKeyID, c.SecretAccessKey.Reveal(), c.SessionToken.Reveal(), c.Expires.UTC().Format(time.RFC3339), c.AccountID,
		to.region, to.region, to.role, to.environment, productionOf(to.role, to.environment)}
	var set []variable
	for i, v := range values {
		if v != "" {
			set = append(set, variable{granted[i], v})
		}
	}
	return set, nil
}

// target is what credentials are asked for, and where they are to be used.
type target struct{ role, region, environment string }

func (s *Streams) targetNamed(ctx context.Context, name, region string) (target, error) {
	where, err := s.locate()
	if err != nil {
		return target{}, err
	}
	r, err := s.roster(ctx, where)
	if err != nil {
		return target{}, err
	}
	to := target{role: name, region: r.Settings.Defaults.Region}
	if where.guest && strings.HasPrefix(name, ownMark) {
		return target{}, refuseSource(name)
	}
	if !strings.HasPrefix(name, ownMark) {
		role, err := roleNamed(r, name)
		if err != nil {
			return target{}, err
		}
		to = target{role.Name, role.Region, role.Customer.Environment}
	}
	if region != "" {
		to.region = region
	}
	return to, nil
}

// env prints variables in a format.
func (s *Streams) env(format string, set []variable) error {
	switch format {
	case "json":
		all := map[string]string{}
		for _, v := range set {
			all[v.name] = v.value
		}
		return printJSON(s.Out, all)
	case "github":
		return s.envGitHub(os.Getenv("GITHUB_ENV"), set)
	}
	var text strings.Builder
	if sh, ok := shells[format]; ok {
		text.WriteString(sh.without(foreign(set)))
	}
	for _, v := range set {
		text.WriteString(assign(format, v))
	}
	_, err := io.WriteString(s.Out, text.String())
	return err
}

// unset prints what removes all variables that env sets.
func (s *Streams) unset(format string) error {
	sh, ok := shells[format]
	if !ok {
		return &userError{ipc.Usage, "--unset has no meaning for format " + format, "it is for bash, fish and powershell"}
	}
	_, err := io.WriteString(s.Out, sh.remove(granted))
	return err
}
