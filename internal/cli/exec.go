package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"credd/internal/ipc"
)

// What a shell ends with for a command that it cannot run.
const (
	cannotRun ipc.Code = 126
	notFound  ipc.Code = 127
)

// exitStatus is that of a command that was run, which has said itself what is wrong.
type exitStatus int

func (e exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

func newExecCmd(s *Streams) *cobra.Command {
	var region string
	cmd := &cobra.Command{
		Use: "exec [--region REGION] ROLE -- COMMAND [ARGUMENT…]", Short: "Run a command with a role's credentials", Args: cobra.ArbitraryArgs,
		DisableFlagsInUseLine: true,
		Long: `Run a command with a role's credentials in its environment. ROLE is customer/role, a customer for its default role, or @source.
The credentials are not renewed while it runs: they end at AWS_CREDENTIAL_EXPIRATION. What lasts longer is better served by a
profile.

On Unix credd becomes the command, so that its terminal, its signals and its exit code are its own. credd exits with 127 for a
command that is not found, 126 for one that cannot be run, and its usual codes where it got no credentials; then nothing was run.

Other identities are removed from the environment: AWS_PROFILE, keys and tokens, roles of containers. CREDD_ROLE and
CREDD_ENVIRONMENT say what it is, and CREDD_PRODUCTION that it is production, to prompts too.`,
		Example: `  credd exec acme/admin -- terraform plan
  credd exec acme --region us-east-1 -- aws s3 ls
  credd exec @work -- bash`,
		RunE: func(cmd *cobra.Command, args []string) error {
			given := descriptors()
			if n := cmd.ArgsLenAtDash(); n != 1 || len(args) < 2 {
				return &userError{ipc.Usage, "a role and a command are needed, with -- between them", "such as: credd exec acme/admin -- aws s3 ls"}
			}
			path, err := lookUp(args[1])
			if err != nil {
				return err
			}
			set, err := s.variables(cmd.Context(), args[0], region)
			if err != nil {
				return err
			}
			return s.become(path, args[1:], environment(os.Environ(), set), given)
		},
	}
	cmd.Flags().StringVar(&region, "region", "", "region (default: that of the role)")
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		return &userError{ipc.Usage, err.Error(), "a command's own flags come after --, such as: credd exec acme/admin -- aws s3 ls --recursive"}
	})
	return cmd
}

// environment is env with a role's variables, and without those that say another identity.
func environment(env []string, set []variable) []string {
	names := foreign(set)
	for _, v := range set {
		names = append(names, v.name)
	}
	env = without(env, names...)
	for _, v := range set {
		env = append(env, v.name+"="+v.value)
	}
	return env
}

// lookUp finds a command as a shell does. PATH may name the working directory: that is the user's word.
func lookUp(name string) (string, error) {
	path, err := exec.LookPath(name)
	switch {
	case err == nil, errors.Is(err, exec.ErrDot):
		return path, nil
	case errors.Is(err, exec.ErrNotFound) && inPath(name):
		return "", notRun(name, fs.ErrPermission)
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		return "", &userError{notFound, "no such command: " + name, "nothing was run"}
	}
	return "", notRun(name, err)
}

// inPath reports whether a directory of PATH has a file of that name, which then is not executable.
func inPath(name string) bool {
	return name != "" && slices.ContainsFunc(filepath.SplitList(os.Getenv("PATH")), func(dir string) bool {
		st, err := os.Stat(filepath.Join(dir, name))
		return err == nil && st.Mode().IsRegular()
	})
}

// notRun is the error for a command that is there.
func notRun(name string, err error) error {
	var part *exec.Error
	var file *fs.PathError
	switch {
	case errors.As(err, &part):
		err = part.Err
	case errors.As(err, &file):
		err = file.Err
	}
	return &userError{cannotRun, name + " cannot be run: " + err.Error(), ""}
}
