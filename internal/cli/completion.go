package cli

import (
	"bytes"
	"embed"
	"fmt"
	"io"
	"path"
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
  PowerShell  in $PROFILE:  the last of the examples below`,
		Example: "  source <(credd completion bash)\n  credd completion zsh > \"${fpath[1]}/_credd\"\n  credd completion powershell | Out-String | Invoke-Expression",
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

//go:embed completion
var completionFiles embed.FS

// completionScript is our own, and for fish cobra's: what cobra has for other shells evaluates what stands on the line.
func completionScript(root *cobra.Command, shell string) (string, error) {
	file := map[string]string{"bash": "credd.bash", "zsh": "credd.zsh", "powershell": "credd.ps1"}[shell]
	switch {
	case file != "":
		text, err := completionFiles.ReadFile(path.Join("completion", file))
		return string(text), err
	case shell == "fish":
		return fishCompletion(root)
	}
	return "", &userError{ipc.Usage, "no completion for " + shell, "there is: bash, zsh, fish, powershell"}
}

// fishCompletion is cobra's, but for the line that asks by eval.
func fishCompletion(root *cobra.Command) (string, error) {
	const eval = `set -l results (eval $requestComp 2> /dev/null)`
	const ask = `set -l program $args[1]
    type -q -- $program; or set program credd
    set -l typed (commandline -ct | string replace -ra '["\'\\\\]' '')
    set -l results ($program __complete $args[2..-1] "$typed" 2> /dev/null)`
	var b bytes.Buffer
	if err := root.GenFishCompletion(&b, true); err != nil {
		return "", err
	}
	if n := strings.Count(b.String(), eval); n != 1 {
		return "", fmt.Errorf("the script has %d lines that read %s", n, eval)
	}
	return strings.Replace(b.String(), eval, ask, 1), nil
}
