package doctor

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// startup are the files in which each shell can load credd's function, below the home, with the line that does it.
var startup = map[string]struct {
	files []string
	load  string
}{
	"bash": {[]string{".bashrc", ".bash_profile", ".profile"}, `echo 'eval "$(credd shell-init bash --prompt)"' >> ~/.bashrc`},
	"zsh":  {[]string{".zshrc", ".zshenv", ".zprofile"}, `echo 'eval "$(credd shell-init zsh --prompt)"' >> ~/.zshrc`},
	"fish": {[]string{".config/fish/config.fish", ".config/fish/conf.d/credd.fish"}, `echo 'credd shell-init fish --prompt | source' >> ~/.config/fish/config.fish`},
}

// shell sees whether the shell can switch roles.
func (w *World) shell() {
	name := strings.TrimSuffix(base(w.Getenv("SHELL")), ".exe")
	s, known := startup[name]
	switch {
	case name == "":
		w.Skip(ShellUse, "the shell: SHELL is not set", "")
		return
	case name == "pwsh" || name == "powershell":
		w.Skip(ShellUse, "PowerShell's profile, whose place only PowerShell knows", "credd shell-init --help")
		return
	case !known:
		w.Warn(ShellUse, "credd use has no function for "+name, "credd exec ROLE -- "+name)
		return
	}
	home := filepath.Dir(w.AWS)
	var files []string
	for _, f := range s.files {
		files = append(files, filepath.Join(home, f))
	}
	if name == "zsh" && filepath.IsAbs(w.Getenv("ZDOTDIR")) {
		files = append(files, filepath.Join(w.Getenv("ZDOTDIR"), ".zshrc"))
	}
	if i := slices.IndexFunc(files, mentions("shell-init")); i >= 0 {
		w.OK(ShellUse, files[i]+" loads credd's function for credd use")
	} else {
		w.Skip(ShellUse, "credd use, which is not set up in "+files[0], s.load)
	}
	w.completion(name, home, files)
}

// completion sees whether credd's words complete, where that can be seen.
func (w *World) completion(name, home string, files []string) {
	i := slices.IndexFunc(files, mentions("completion"))
	own := filepath.Join(home, ".config/fish/completions/credd.fish")
	_, err := os.Stat(own)
	switch {
	case i >= 0:
		w.OK(ShellCompletion, files[i]+" loads completion")
	case name == "fish" && err == nil:
		w.OK(ShellCompletion, own+" is there")
	default:
		w.Skip(ShellCompletion, "completion, which is not set up in "+files[0], "credd completion --help")
	}
}

// mentions reports whether a file has a line that is no comment, with credd and a command of it.
func mentions(command string) func(path string) bool {
	return func(path string) bool {
		for line := range strings.Lines(string(small(path))) {
			line = strings.TrimSpace(line)
			if at := strings.Index(line, "credd"); !strings.HasPrefix(line, "#") && at >= 0 && strings.Contains(line[at:], command) {
				return true
			}
		}
		return false
	}
}
