package source

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// ssoBlock is an [sso-session NAME] of ~/.aws/config. The file is read again when it has changed.
type ssoBlock struct {
	dir, name string

	mu     sync.Mutex
	seen   fileFacts
	isRead bool
	values map[string]string // nil if the block is not there
	err    error
}

// read returns what the block says.
func (b *ssoBlock) read() (startURL, region string, err error) {
	file := filepath.Join(b.dir, "config")
	b.mu.Lock()
	defer b.mu.Unlock()
	if now := factsOf(file); !b.isRead || now != b.seen {
		data, err := os.ReadFile(file)
		b.seen, b.isRead = now, true
		b.values, b.err = ssoSession(string(data), b.name), err
	}
	if b.err != nil && !errors.Is(b.err, fs.ErrNotExist) {
		return "", "", &Error{Kind: Config, Message: fmt.Sprintf("[sso-session %s] cannot be read: %v", b.name, b.err), Err: b.err}
	}
	if b.values == nil {
		return "", "", &Error{
			Kind: Config, Message: fmt.Sprintf("there is no [sso-session %s] in %s", b.name, file),
			Hint: "write it with: aws configure sso-session", Err: b.err,
		}
	}
	for _, name := range []string{"sso_start_url", "sso_region"} {
		if b.values[name] == "" {
			return "", "", &Error{
				Kind: Config, Message: fmt.Sprintf("[sso-session %s] in %s has no %s", b.name, file, name),
				Hint: "write it with: aws configure sso-session",
			}
		}
	}
	return b.values["sso_start_url"], b.values["sso_region"], nil
}

// ssoSession returns the settings of a block of a file of the AWS CLI's form, nil if it has none of that name. Of blocks
// of one name the later goes before, setting by setting.
func ssoSession(text, name string) map[string]string {
	var values map[string]string
	within, indent := false, -1 // indent is that of the setting above, -1 for none
	for line := range strings.Lines(strings.TrimPrefix(text, "\ufeff")) {
		body := strings.TrimSpace(line)
		if body == "" || body[0] == '#' || body[0] == ';' {
			continue
		}
		margin := len(line) - len(strings.TrimLeft(line, " \t"))
		if indent >= 0 && margin > indent {
			continue // belongs to the setting above, such as those of a service
		}
		if body[0] == '[' {
			within, indent = blockName(body) == name, -1
			if within && values == nil {
				values = map[string]string{}
			}
			continue
		}
		key, value, ok := strings.Cut(body, "=")
		if !ok {
			continue
		}
		indent = margin
		if within {
			values[strings.ToLower(strings.TrimSpace(key))] = uncommented(value)
		}
	}
	return values
}

// blockName returns NAME of a line [sso-session NAME], "" for another block.
func blockName(line string) string {
	head, _, ok := strings.Cut(line[1:], "]")
	kind, name, two := strings.Cut(strings.ReplaceAll(strings.TrimSpace(head), "\t", " "), " ")
	if !ok || !two || kind != "sso-session" {
		return ""
	}
	name = strings.TrimSpace(name)
	if n := len(name); n >= 2 && (name[0] == '"' || name[0] == '\'') && name[n-1] == name[0] {
		name = name[1 : n-1]
	}
	return name
}

// uncommented drops a comment behind a value: one that follows a space, as a URL may hold #.
func uncommented(value string) string {
	for _, mark := range []string{" #", " ;", "\t#", "\t;"} {
		value, _, _ = strings.Cut(value, mark)
	}
	return strings.TrimSpace(value)
}
