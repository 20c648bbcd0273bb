package source

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"credd/internal/agent/cred"
)

// KeyItem is the name in the vault of a source's access key.
func KeyItem(source string) string { return "key/" + source }

// SeedItem is the name in the vault of the seed of its MFA codes.
func SeedItem(source string) string { return "totp/" + source }

// SessionItem is the name in the vault of its session.
func SessionItem(source string) string { return "session/" + source }

// kept is a secret of an item: printed it is as dumb as any, and only as JSON, which is how items are stored, it is its text.
type kept struct{ cred.Secret }

func keep(text string) kept { return kept{cred.NewSecret(text)} }

func (s kept) MarshalJSON() ([]byte, error) { return json.Marshal(s.Reveal()) }

func (s *kept) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return errors.New("not a secret") // json's errors quote what they read
	}
	*s = keep(text)
	return nil
}

// storedKey is an access key as the vault has it, under KeyItem.
type storedKey struct {
	ID      string    `json:"id"`
	Secret  kept      `json:"secret"`
	ARN     string    `json:"arn"`              // of its user, as AWS said when it was proved
	Account string    `json:"account"`          // likewise
	Created time.Time `json:"created,omitzero"` // as AWS says, where it could be asked
	Added   time.Time `json:"added"`
}

// storedSession is a session as the vault has it.
type storedSession struct {
	KeyID   string    `json:"key_id"` // of the access key that it was made with
	Serial  string    `json:"mfa_serial"`
	ID      string    `json:"id"`
	Secret  kept      `json:"secret"`
	Token   kept      `json:"token"`
	Issued  time.Time `json:"issued"`
	Expires time.Time `json:"expires"`
	Account string    `json:"account"`
}

// readKey reads an item of KeyItem.
func readKey(data []byte) (*storedKey, error) {
	key := &storedKey{}
	if err := json.Unmarshal(data, key); err != nil || key.ID == "" || key.Secret.IsZero() {
		return nil, errors.New("not an access key")
	}
	return key, nil
}

// KeyIDOf returns the ID of the access key in an item of KeyItem, "" if it is none.
func KeyIDOf(item []byte) string {
	key, err := readKey(item)
	if err != nil {
		return ""
	}
	return key.ID
}

// session is the bare key.
func (key *storedKey) session() *cred.Session {
	return &cred.Session{AccessKeyID: key.ID, SecretAccessKey: key.Secret.Secret, AccountID: key.Account}
}

// notes says what status has to name.
func (key *storedKey) notes(now time.Time) []string {
	since, what := key.Created, "created"
	if since.IsZero() {
		since, what = key.Added, "added"
	}
	if age := now.Sub(since); age > oldKey {
		return []string{fmt.Sprintf("access key %s was %s %d days ago: change it with credd source rotate", key.ID, what, age/(24*time.Hour))}
	}
	return nil
}

func (s *storedSession) session() *cred.Session {
	return &cred.Session{
		AccessKeyID: s.ID, SecretAccessKey: s.Secret.Secret, SessionToken: s.Token.Secret,
		Issued: s.Issued, Expires: s.Expires, AccountID: s.Account,
	}
}

// setJSON makes v an item.
func setJSON(items map[string][]byte, name string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	items[name] = data
	return nil
}

// saving is for what has to be written although the caller left.
func saving(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), saveTimeout)
}
