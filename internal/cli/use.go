package cli

import (
	"cmp"
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"credd/internal/agent/roster"
	"credd/internal/awsconfig"
	"credd/internal/ipc"
)

func newUseCmd(s *Streams) *cobra.Command {
	var u use
	cmd := &cobra.Command{
		Use: "use [ROLE|CUSTOMER|PROFILE|-]", Short: "Switch this shell to a role", Args: cobra.MaximumNArgs(1),
		Long: `Switch this shell to a role: AWS_PROFILE and the region are set, and what would go before the profile is unset and told. A customer
stands for its default role, @source for a source's own session, - for the role before; without an argument there is a list to
choose from. Only this shell changes. It needs credd's shell function: see credd shell-init --help.`,
		Example: "  credd use acme/readonly\n  credd use acme\n  credd use -\n  credd use\n  credd use --off",
		RunE: func(cmd *cobra.Command, args []string) error {
			if u.shell == "" {
				return &userError{ipc.Usage, "credd use changes a shell, and this one has not loaded credd's function", "run: " + loading()}
			}
			sh, err := shellNamed(u.shell)
			if err != nil {
				return err
			}
			u.Streams, u.name = s, slices.Concat(args, []string{""})[0]
			all, err := u.changes(cmd.Context())
			if err != nil {
				return err
			}
			_, err = io.WriteString(s.Out, sh.commands(all))
			return err
		},
	}
	cmd.Flags().StringVar(&u.shell, "shell", "", "")
	cmd.Flags().MarkHidden("shell")
	cmd.Flags().BoolVar(&u.off, "off", false, "unset what use has set")
	cmd.Flags().BoolVar(&u.cold, "no-warm", false, "do not fetch the session ahead of its first use")
	cmd.SetHelpFunc(func(cmd *cobra.Command, args []string) {
		if u.shell != "" {
			cmd.SetOut(s.Err) // what is on stdout is evaluated
		}
		help(cmd, args)
	})
	return cmd
}

// use is one run of the command.
type use struct {
	*Streams
	shell, name string
	where       locations
	off, cold   bool
}

// changes does what is asked for, and returns what the shell has to do.
func (u *use) changes(ctx context.Context) ([]change, error) {
	if u.off {
		if u.name != "" {
			return nil, &userError{ipc.Usage, "credd use --off takes no role", ""}
		}
		return u.leave(), nil
	}
	where, err := u.locate()
	if err != nil {
		return nil, err
	}
	u.where = where
	r, err := u.roster(ctx, where)
	if err != nil {
		return nil, err
	}
	if where.guest && strings.HasPrefix(u.name, ownMark) {
		return nil, refuseSource(u.name)
	}
	files, err := awsconfig.Read(awsconfig.InEnvironment(where.aws))
	if err != nil {
		return nil, err
	}
	role, profile, err := u.resolve(ctx, r, files)
	if err != nil {
		return nil, err
	}
	if profile == "" {
		if profile, err = profileOf(files, role.Name); err != nil {
			return nil, err
		}
	}
	clear := shadows()
	u.announce(ctx, role, profile, clear)
	if u.name != "-" {
		remember(role.Name)
	}
	if !u.cold {
		warm(role.Name)
	}
	return enter(role, profile, clear, os.Getenv), nil
}

// resolve returns the role that is meant, and the profile if that was named instead.
func (u *use) resolve(ctx context.Context, r *roster.Roster, files *awsconfig.Files) (role *roster.Role, profile string, err error) {
	name := u.name
	switch name {
	case "":
		role, err = choose(ctx, r.Roles(), "", u.where)
		return role, "", err
	case "-":
		if name = os.Getenv("CREDD_PREVIOUS"); name == "" {
			return nil, "", &userError{ipc.Usage, "there is no role before this one", "name one: credd use ROLE"}
		}
	}
	role, err = usable(r, name)
	if err == nil {
		return role, "", nil
	}
	for of, profiles := range files.Leading() {
		if slices.Contains(profiles, name) {
			role, err := usable(r, of)
			return role, name, err
		}
	}
	if _, ok := r.Customer(name); !ok && files.Profiles()[name] != nil {
		return nil, "", &userError{ipc.UnknownRole, "profile " + name + " does not get its credentials from credd", "take it over: credd import; or use it as it is: set AWS_PROFILE"}
	}
	if c, ok := r.Customer(name); ok && c.DefaultRole == "" {
		var of []*roster.Role
		for _, role := range r.Roles() {
			if role.Customer.Key == name {
				of = append(of, role)
			}
		}
		if len(of) > 1 {
			chosen, cerr := choose(ctx, of, name, u.where)
			if !errors.Is(cerr, errNoTerminal) {
				return chosen, "", cerr
			}
		}
	}
	return nil, "", err
}

// usable returns what a shell can be switched to by a name: a role, or with @ a source's own session, as a role of nobody.
func usable(r *roster.Roster, name string) (*roster.Role, error) {
	of, own := strings.CutPrefix(name, ownMark)
	if !own {
		return roleNamed(r, name)
	}
	src, err := r.FindSource(of)
	if err != nil {
		return nil, err
	}
	return &roster.Role{Name: name, Region: cmp.Or(src.Region, r.Settings.Defaults.Region), Customer: &roster.Customer{}}, nil
}

// canBeUsed says whether a text has the form of what usable takes as a whole name.
func canBeUsed(name string) bool {
	of, own := strings.CutPrefix(name, ownMark)
	return own && roster.CanBeSource(of) || !own && roster.CanBeRole(name)
}

// profileOf is the profile that leads to a role: of several the one with its name.
func profileOf(files *awsconfig.Files, role string) (string, error) {
	switch names := files.Leading()[role]; {
	case slices.Contains(names, role):
		return role, nil
	case len(names) > 0:
		return names[0], nil
	}
	if p := files.Profiles()[role]; p != nil && p.Get("aws_access_key_id") != "" {
		return "", &userError{ipc.Usage, "profile " + role + " has an access key of its own, which goes before credhelper",
			"take [" + role + "] out of " + files.Place.Credentials + ", then: credd profiles sync"}
	}
	how := "write it with: credd profiles sync"
	if helper, err := helperPath(); strings.HasPrefix(role, ownMark) && err == nil { // sync writes profiles of roles only
		how = "add a profile with this line there: credential_process = " + `"` + helper + `" ` + role + "; or: credd exec " + role + " -- COMMAND"
	}
	return "", &userError{ipc.Usage, "no profile in " + files.Place.Config + " leads to " + role, how}
}

// announce tells where the person is now.
func (u *use) announce(ctx context.Context, role *roster.Role, profile string, cleared []string) {
	color := &Streams{Color: u.errColor()}
	env := painted(printable(role.Customer.Environment))
	name := painted(role.Name)
	if isProduction(role.Customer.Environment) {
		name, env = color.paint(red, role.Name), color.paint(red, role.Customer.Environment)
	}
	u.note("%s", painted(strings.TrimRight(string(name)+"  "+printable(role.AccountID)+"  "+string(env), " ")))
	if profile != role.Name {
		u.note("by profile %s", profile)
	}
	if len(cleared) > 0 {
		u.note("unset, as it would go before the profile: %s", strings.Join(cleared, ", "))
	}
	const patience = 500 * time.Millisecond // a person waits for the prompt
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	st, _, _ := u.liveStatus(ctx)
	for _, f := range st.Failing {
		if f.Role == role.Name {
			u.warn(f.Message, f.Hint)
			return
		}
	}
	if strings.HasPrefix(role.Name, ownMark) {
		return
	}
	if s := recordsOf(u.where, u.warn).standing(role); fails(s) {
		u.warn(role.Name+": "+s.Sentence, s.Hint)
	}
}

// errColor reports whether stderr shows colours: stdout is evaluated by the shell.
func (u *use) errColor() bool {
	f, ok := u.Err.(*os.File)
	return ok && ShowsColor(f)
}

// isProduction reports whether an environment is one in which a mistake is felt.
func isProduction(environment string) bool {
	return slices.Contains([]string{"production", "prod", "live"}, strings.ToLower(strings.TrimSpace(environment)))
}
