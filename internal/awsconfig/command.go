package awsconfig

import (
	"runtime"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Command is the credential_process that asks a helper for a role, quoted so that every SDK runs it: botocore cuts the text into
// words by itself, the JavaScript and the Go SDK give it to sh or cmd.exe.
func Command(helper, role string) (string, error) {
	if runtime.GOOS == "windows" {
		return windowsCommand(helper, role, shortPath)
	}
	return unixCommand(helper, role)
}

func unixCommand(helper, role string) (string, error) {
	if err := carried(helper, role); err != nil {
		return "", err
	}
	return quoteUnix(helper) + " " + role, nil
}

// quoteUnix quotes a path for sh and for Python's shlex, which agree on no backslash within double quotes. No comment may seem to
// begin in it, as in a directory's name with " #": readers of the file look for that and know of no quotes.
func quoteUnix(path string) string {
	if !strings.ContainsAny(path, "\"$`\\") && !seemsComment(path) {
		return `"` + path + `"`
	}
	var b strings.Builder
	in := rune(0) // the quote that is open
	open := func(q rune) {
		if in != q && in != 0 {
			b.WriteRune(in)
		}
		if in != q && q != 0 {
			b.WriteRune(q)
		}
		in = q
	}
	last := 'x'
	for _, r := range path {
		switch {
		case r == '\'':
			open('"')
		case isMark(last, r):
			open(0)
			open('\'')
		default:
			open('\'')
		}
		b.WriteRune(r)
		last = r
	}
	open(0)
	return b.String()
}

// windowsCommand uses no quotes if it can: the Go SDK gives the text to cmd.exe as one argument, whose own quotes are then no longer
// those that cmd.exe looks for. A path that needs them is named by its short name, which short returns, if it has one.
func windowsCommand(helper, role string, short func(string) string) (string, error) {
	if err := carried(helper, role); err != nil {
		return "", err
	}
	for _, path := range []string{helper, short(helper)} {
		if path != "" && !strings.ContainsFunc(path, needsQuotes) {
			return path + " " + role, nil
		}
	}
	if strings.ContainsAny(helper, "\"%$`") || seemsComment(helper) {
		return "", uncarried(helper, "its path holds one of \" % $ ` # ;")
	}
	return `"` + helper + `" ` + role, nil
}

// needsQuotes is true of what is more than a letter to cmd.exe, and of what Python reads in another encoding there.
func needsQuotes(r rune) bool {
	return r >= utf8.RuneSelf || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(`:\/._-~+@`, r)
}

// carried checks what no quoting helps against.
func carried(helper, role string) error {
	switch {
	case !utf8.ValidString(helper):
		return uncarried(helper, "its path is not UTF-8, which the SDKs read")
	case strings.ContainsFunc(helper, unicode.IsControl):
		return uncarried(helper, "its path holds a control character, such as the end of a line")
	case helper == "" || role == "" || strings.ContainsFunc(role, outsideNames):
		return &Error{Path: helper, Message: "it cannot be asked for this role", Hint: "names of roles are letters, digits and . _ @ + = , - /"}
	}
	return nil
}

func uncarried(helper, why string) error {
	return &Error{Path: helper, Message: "no profile can name this credhelper: " + why, Hint: "install credd in a directory with a plain name, such as /usr/local/bin"}
}

// outsideNames is true of what no role's name has. What names have needs no quotes.
func outsideNames(r rune) bool {
	return r >= utf8.RuneSelf || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("._@+=,-/", r)
}

func seemsComment(text string) bool {
	last := 'x'
	for _, r := range text {
		if isMark(last, r) {
			return true
		}
		last = r
	}
	return false
}

// isMark reports whether a comment begins with r: JavaScript's reader takes any space before it.
func isMark(last, r rune) bool {
	return (r == '#' || r == ';') && (unicode.IsSpace(last) || last == '\ufeff')
}
