package cli

import (
	"embed"
	"io"
	"os"
	"path"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"credd/internal/ipc"
)

//go:embed shell
var shellFiles embed.FS

func newShellInitCmd(s *Streams) *cobra.Command {
	var prompt bool
	cmd := &cobra.Command{
		Use: "shell-init bash|zsh|fish|powershell", Short: "Print what makes credd use change the shell", Args: cobra.ExactArgs(1), ValidArgs: shellNames,
		Long: `Print a function for the shell's startup file, through which credd use changes the shell that it is typed in. With --prompt the
prompt begins with the role in use, red in production; it reads variables and runs no program.`,
		Example: `  eval "$(credd shell-init bash)"           in ~/.bashrc
  eval "$(credd shell-init zsh --prompt)"   in ~/.zshrc
  credd shell-init fish | source            in ~/.config/fish/config.fish
  credd shell-init powershell | Out-String | Invoke-Expression`,
		RunE: func(_ *cobra.Command, args []string) error {
			sh, err := shellNamed(args[0])
			if err != nil {
				return err
			}
			exe, err := os.Executable()
			if err != nil {
				return err
			}
			text, err := sh.init(exe, prompt)
			if err != nil {
				return err
			}
			_, err = io.WriteString(s.Out, text)
			return err
		},
	}
	cmd.Flags().BoolVar(&prompt, "prompt", false, "show the role in use before the prompt")
	return cmd
}

var shellNames = []string{"bash", "zsh", "fish", "powershell"}

func shellNamed(name string) (dialect, error) {
	if !slices.Contains(shellNames, name) {
		return dialect{}, &userError{ipc.Usage, "no such shell here: " + name, "there are: " + strings.Join(shellNames, ", ")}
	}
	return dialects[name], nil
}

// init is the shell's function, which calls the program at exe, and the prompt's segment if it is wanted.
func (sh dialect) init(exe string, prompt bool) (string, error) {
	text, err := shellFiles.ReadFile(path.Join("shell", sh.script))
	if err != nil {
		return "", err
	}
	out := strings.ReplaceAll(string(text), "@credd@", sh.quote(exe))
	if prompt {
		ext := path.Ext(sh.script)
		text, err := shellFiles.ReadFile(path.Join("shell", strings.TrimSuffix(sh.script, ext)+"_prompt"+ext))
		if err != nil {
			return "", err
		}
		out += string(text)
	}
	return out, nil
}

// startupFile is where the shell that a person uses, as SHELL tells, loads credd's function, and how. Of a shell that credd has none
// for, both are empty.
func startupFile() (file, line string) {
	name := strings.TrimSuffix(path.Base(strings.ReplaceAll(os.Getenv("SHELL"), `\`, "/")), ".exe")
	if name == "." && runtime.GOOS == "windows" { // which has no SHELL
		name = "powershell"
	}
	switch name {
	case "bash", "zsh":
		return "~/." + name + "rc", `eval "$(credd shell-init ` + name + `)"`
	case "fish":
		return "~/.config/fish/config.fish", "credd shell-init fish | source"
	case "pwsh", "powershell":
		return "$PROFILE", "credd shell-init powershell | Out-String | Invoke-Expression"
	}
	return "", ""
}

// loading is what loads credd's function.
func loading() string {
	if file, line := startupFile(); line != "" {
		return line + ", and put that into " + file
	}
	return `eval "$(credd shell-init bash)"; see: credd shell-init --help`
}
