package source

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"credd/internal/awsconfig"
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
		b.values, b.err = awsconfig.SSOSessionOf(awsconfig.Parse(data, awsconfig.Config), b.name), err
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
