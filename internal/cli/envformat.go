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
	hide                   func(names []string) string // nil: remove is enough
}

var shells = map[string]shell{
	"bash": { // with a backslash a word is no alias; of a name that is a function too, only the variable is meant
		before: `\export `, between: "='", after: "'\n", quotes: strings.NewReplacer(`'`, `'\''`),
		remove: func(names []string) string { return `\unset -v ` + strings.Join(names, " ") + "\n" },
	},
	"fish": {
		before: "set -gx ", between: " '", after: "'\n", quotes: strings.NewReplacer(`\`, `\\`, `'`, `\'`),
		remove: func(names []string) string {
			return "set -eg " + strings.Join(names, "; set -eg ") + "; true\n" // to remove what is not there is an error
		},
		hide: hideInFish,
	},
	"powershell": {
		before: "$env:", between: " = '", after: "'\n", quotes: doubled,
		remove: func(names []string) string {
			return "Remove-Item -ErrorAction SilentlyContinue -Path Env:" + strings.Join(names, ",Env:") + "\n"
		},
	},
}

// without is what makes programs that the shell starts see no variables of the names.
func (sh shell) without(names []string) string {
	if sh.hide != nil {
		return sh.hide(names)
	}
	return sh.remove(names)
}

// hideInFish removes variables of this fish. A universal one belongs to all of them, so it stays: an empty one of this fish hides
// it. For a profile's name that is not enough to the AWS CLI, which a person is told.
func hideInFish(names []string) string {
	var text strings.Builder
	for _, n := range names {
		text.WriteString("set -eg " + n + "; set -qU " + n + "; and set -gx " + n + " ''")
		if strings.HasSuffix(n, "_PROFILE") {
			text.WriteString("; and echo 'credd: warning: " + n + " is a universal variable, and the AWS CLI refuses the empty one that hides it here: set -eU " + n + "' >&2")
		}
		text.WriteString("\n")
	}
	return text.String() + "true\n"
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
