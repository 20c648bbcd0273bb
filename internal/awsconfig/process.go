package awsconfig

import (
	"path"
	"regexp"
	"strings"
)

// What runs another command, and those of its short options that take a value.
var runners = map[string]string{
	"exec": "a", "env": "uC", "sudo": "CDRTUghprtu", "doas": "Cu", "nice": "n", "nohup": "", "command": "", "time": "", "setsid": "",
	"builtin": "", "!": "", "{": "", "if": "", "then": "", "elif": "", "else": "", "while": "", "until": "", "do": "",
}

// Shells, and those of their short options that take a value beside -c.
var shells = map[string]string{"sh": "o", "bash": "oO", "dash": "o", "zsh": "o", "ksh": "o", "ash": "o", "busybox": "", "cmd": ""}

var assignment = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*=`)

// CallsUs reports whether a credential_process, which a shell reads, runs credhelper or credd. Only command words count: the
// name may be an argument of another program, such as the path of an entry in a password store.
func CallsUs(command string) bool {
	for _, words := range commands(command) {
		if RunsUs(words) {
			return true
		}
	}
	return false
}

// RunsUs is CallsUs for one command with its arguments.
func RunsUs(words []string) bool {
	for len(words) > 0 {
		word := words[0]
		words = words[1:]
		if assignment.MatchString(word) {
			continue
		}
		name := strings.TrimSuffix(base(word), ".exe")
		if name == "credhelper" || name == "credd" {
			return true
		}
		if valued, ok := runners[name]; ok {
			words, _ = operands(words, valued)
			continue
		}
		valued, ok := shells[name]
		if !ok {
			return false
		}
		var script bool
		if words, script = operands(words, valued); script {
			if name == "cmd" { // the rest is one line
				return CallsUs(strings.Join(words, " "))
			}
			return len(words) > 0 && CallsUs(words[0])
		}
	}
	return false
}

// operands drops options, and reports whether one of them was -c, after which a shell reads the first operand.
func operands(words []string, valued string) (rest []string, script bool) {
	for len(words) > 0 {
		word := words[0]
		long := strings.HasPrefix(word, "--")
		if word == "/c" || word == "/C" {
			return words[1:], true
		}
		if len(word) < 2 || word[0] != '-' && word[0] != '+' {
			break
		}
		words = words[1:]
		if word == "--" {
			break
		}
		script = script || !long && strings.Contains(word, "c")
		if !long && strings.ContainsRune(valued, rune(word[len(word)-1])) && len(words) > 0 {
			words = words[1:]
		}
	}
	return words, script
}

// shellText cuts a shell's text into words.
type shellText struct {
	text  string
	at    int
	word  strings.Builder
	begun bool // word, which may be ""
	skip  bool // it is where a redirection leads
	words []string
	all   [][]string
}

// commands returns the simple commands of a shell's text with their words, as far as that matters here: quotes, pipelines,
// lists and substitutions are known; variables are left as they are. What is not closed ends with the text.
func commands(text string) [][]string {
	s := &shellText{text: text}
	for s.at < len(s.text) {
		c := s.text[s.at]
		s.at++
		switch c {
		case ' ', '\t', '\r':
			s.endWord()
		case '\n', ';', '|', '&', '(', ')':
			s.endCommand()
		case '<', '>':
			s.redirect()
		case '#':
			if s.begun {
				s.add(c)
				break
			}
			_, rest, _ := strings.Cut(s.text[s.at:], "\n")
			s.at = len(s.text) - len(rest)
			s.endCommand()
		case '\'':
			s.add([]byte(s.until("'"))...)
		case '"':
			s.quoted()
		default:
			s.expand(c)
		}
	}
	s.endCommand()
	return s.all
}

func (s *shellText) add(b ...byte) {
	s.word.Write(b)
	s.begun = true
}

func (s *shellText) endWord() {
	if s.begun && !s.skip {
		s.words = append(s.words, s.word.String())
	}
	if s.begun {
		s.skip = false
	}
	s.word.Reset()
	s.begun = false
}

func (s *shellText) endCommand() {
	s.endWord()
	if len(s.words) > 0 {
		s.all = append(s.all, s.words)
	}
	s.words, s.skip = nil, false
}

// redirect is what follows < or >, such as in 2>&1. The word after it is no argument.
func (s *shellText) redirect() {
	if strings.Trim(s.word.String(), "0123456789") == "" {
		s.word.Reset() // a descriptor
		s.begun = false
	}
	s.endWord()
	for s.at < len(s.text) && strings.ContainsRune("<>&|", rune(s.text[s.at])) {
		s.at++
	}
	s.skip = true
}

// until returns the text before an end, and goes behind it.
func (s *shellText) until(end string) string {
	inside, rest, _ := strings.Cut(s.text[s.at:], end)
	s.at = len(s.text) - len(rest)
	return inside
}

func (s *shellText) quoted() {
	s.begun = true
	for s.at < len(s.text) && s.text[s.at] != '"' {
		c := s.text[s.at]
		s.at++
		if c == '\\' && s.at < len(s.text) && !strings.ContainsRune("\"$`\\", rune(s.text[s.at])) {
			s.add(c)
			continue
		}
		s.expand(c)
	}
	s.at++
}

// expand adds c to the word, with what it begins: an escape or a substitution, whose commands are others.
func (s *shellText) expand(c byte) {
	switch {
	case c == '\\' && s.at < len(s.text):
		if next := s.text[s.at]; 'a' <= next && next <= 'z' || 'A' <= next && next <= 'Z' {
			s.add(c) // more likely part of a path of Windows
		}
		s.add(s.text[s.at])
		s.at++
	case c == '`':
		s.all = append(s.all, commands(s.until("`"))...)
		s.add('$')
	case c == '$' && strings.HasPrefix(s.text[s.at:], "("):
		s.all = append(s.all, commands(s.parenthesis())...)
		s.add('$')
	default:
		s.add(c)
	}
}

// parenthesis returns the text of a substitution that begins here, and goes behind it.
func (s *shellText) parenthesis() string {
	begin, depth := s.at+1, 0
	for s.at < len(s.text) {
		c := s.text[s.at]
		s.at++
		switch c {
		case '\'':
			s.until("'")
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return s.text[begin : s.at-1]
			}
		}
	}
	return s.text[min(begin, len(s.text)):]
}

// Asks returns what a credential_process asks credhelper for: a role, or @SOURCE. It is false of any other command, and of
// one in which credhelper is only a part.
func Asks(command string) (role string, ok bool) {
	all := commands(command)
	if len(all) != 1 || len(all[0]) != 2 {
		return "", false
	}
	if name := strings.TrimSuffix(base(all[0][0]), ".exe"); name != "credhelper" {
		return "", false
	}
	return all[0][1], true
}

// base is the last part of a path of any system.
func base(word string) string { return path.Base(strings.ReplaceAll(word, `\`, "/")) }
