package source

import (
	"strings"
	"unicode"
)

// word is a profile's name as one word of a command that a person is to run: it may be any text.
func word(name string) string {
	odd := func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("/._-+=:,@%", r)
	}
	if name != "" && !strings.ContainsFunc(name, odd) {
		return name
	}
	return "'" + strings.ReplaceAll(name, "'", `'\''`) + "'"
}
