package cli

import (
	"io"
	"os"
	"regexp"
	"strings"

	"credd/internal/ipc"
)

// envFormats are what credd env can print.
var envFormats = []string{"bash", "fish", "powershell", "dotenv", "json", "github"}

// shell is how a shell sets and removes a variable. The formats are these: bash is what all shells of its family take.
type shell struct {
	before, between, after string
	quotes                 *strings.Replacer // for within single quotes
	remove                 func(names []string) string
}

var shells = map[string]shell{
	"bash": {"export ", "='", "'\n", strings.NewReplacer(`'`, `'\''`), func(names []string) string {
		return "unset " + strings.Join(names, " ") + "\n"
	}},
	"fish": {"set -gx ", " '", "'\n", strings.NewReplacer(`\`, `\\`, `'`, `\'`), func(names []string) string {
		return "set -e " + strings.Join(names, "; set -e ") + "; true\n" // to remove what is not there is an error
	}},
	"powershell": {"$env:", " = '", "'\n", doubled, func(names []string) string {
		return "Remove-Item -ErrorAction SilentlyContinue -Path Env:" + strings.Join(names, ",Env:") + "\n"
	}},
}

// doubled are the marks that end a quoted text of PowerShell, the curly ones too.
var doubled = strings.NewReplacer("'", "''", "‘", "‘‘", "’", "’’", "‚", "‚‚", "‛", "‛‛")

// bare is what no reader of such files takes for anything else. Some take quotes for a part of the value, so that there are
// none where none are needed.
var bare = regexp.MustCompile(`^[A-Za-z0-9_./+=:@,-]*$`)

// assign is the line that sets a variable. Control characters, which no value of ours has, are replaced: a line stays one.
func assign(format string, v variable) string {
	value := printable(v.value)
	if sh, ok := shells[format]; ok {
		return sh.before + v.name + sh.between + sh.quotes.Replace(value) + sh.after
	}
	if !bare.MatchString(value) {
		value = "'" + shells["bash"].quotes.Replace(value) + "'"
	}
	return v.name + "=" + value + "\n"
}

// envGitHub sets variables for the steps that follow in a job of GitHub Actions. The secrets are masked first.
func (s *Streams) envGitHub(path string, set []variable) error {
	var text strings.Builder
	for _, v := range set {
		value := printable(v.value)
		if v.name == "AWS_SECRET_ACCESS_KEY" || v.name == "AWS_SESSION_TOKEN" {
			if _, err := io.WriteString(s.Out, "::add-mask::"+value+"\n"); err != nil {
				return err
			}
		}
		text.WriteString(v.name + "=" + value + "\n")
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return &userError{ipc.Usage, "GITHUB_ENV: " + err.Error(), "format github is for a step of GitHub Actions, which makes that file"}
	}
	lines := text.String()
	if st, err := f.Stat(); err == nil && st.Size() > 0 {
		lines = "\n" + lines // an earlier line may have no end; empty ones do not matter
	}
	_, err = io.WriteString(f, lines)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return err
}
