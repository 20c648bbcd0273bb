package cli

import (
	"bytes"
	_ "embed"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"credd/internal/ipc"
)

func newCompletionCmd(s *Streams) *cobra.Command {
	return &cobra.Command{
		Use: "completion bash|zsh|fish|powershell", Short: "Print a script that completes credd's commands and names in a shell", Args: cobra.ExactArgs(1),
		Long: `Print a script that makes a shell complete commands, flags, and the names of roles, customers and sources. The names come from the
daemon, or from the files if none runs.

  bash        in ~/.bashrc:  source <(credd completion bash)
  zsh         in ~/.zshrc, after compinit:  source <(credd completion zsh)
              or in a file named _credd in a directory of fpath
  fish        credd completion fish > ~/.config/fish/completions/credd.fish
  PowerShell  in $PROFILE:  credd completion powershell | Out-String | Invoke-Expression`,
		Example: "  source <(credd completion bash)\n  credd completion zsh > \"${fpath[1]}/_credd\"",
		RunE: func(cmd *cobra.Command, args []string) error {
			script, err := completionScript(cmd.Root(), args[0])
			if err != nil {
				return err
			}
			_, err = io.WriteString(s.Out, script)
			return err
		},
	}
}

// bashTail replaces functions of the script that it follows.
//
//go:embed completion.bash
var bashTail string

// completionScript is cobra's for a shell, except that it runs nothing which stands on the line: cobra's asks by eval.
func completionScript(root *cobra.Command, shell string) (string, error) {
	var b bytes.Buffer
	switch shell {
	case "bash":
		err := root.GenBashCompletionV2(&b, true)
		return b.String() + bashTail, err
	case "zsh":
		if err := root.GenZshCompletion(&b); err != nil {
			return "", err
		}
		return instead(b.String(), `out=$(eval ${requestComp} 2>/dev/null)`, `local program=${${(Q)words[1]}/#\~\//$HOME/}
    (( $+functions[$program] )) || whence -p -- $program >/dev/null || program=credd
    local -a typed=(${(Q)words[2,-1]})
    [ -n "${lastChar}" ] || typed+=("")
    out=$("$program" __complete "${typed[@]}" 2>/dev/null)`)
	case "fish":
		if err := root.GenFishCompletion(&b, true); err != nil {
			return "", err
		}
		return instead(b.String(), `set -l results (eval $requestComp 2> /dev/null)`, `set -l program $args[1]
    type -q -- $program; or set program credd
    set -l typed (commandline -ct)
    set -l results ($program __complete $args[2..-1] "$typed" 2> /dev/null)`)
	case "powershell":
		err := root.GenPowerShellCompletionWithDesc(&b)
		return b.String(), err
	}
	return "", &userError{ipc.Usage, "no completion for " + shell, "there is: bash, zsh, fish, powershell"}
}

// instead replaces the one place where a line stands.
func instead(script, line, by string) (string, error) {
	if n := strings.Count(script, line); n != 1 {
		return "", fmt.Errorf("the script has %d lines that read %s", n, line)
	}
	return strings.Replace(script, line, by, 1), nil
}
