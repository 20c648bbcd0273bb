package source

import (
	"crypto/elliptic"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"credd/internal/agent/cred"
)

var (
	errNoLoginToken = errors.New("not the token of a login")
	errChanged      = errors.New("the token file changed meanwhile")
)

// loginToken is what a token file says, as far as it is looked at here.
type loginToken struct {
	facts   fileFacts                  // of the file that was read
	doc     map[string]json.RawMessage // all of it: it holds secrets
	access  map[string]json.RawMessage // its accessToken
	session *cred.Session
}

// readLogin reads a token file. One that the SDK's reader would not survive is not a token: null, or another key than one of
// P-256. Its errors quote nothing, and come with the facts of what was read.
func readLogin(file string) (*loginToken, error) {
	t := &loginToken{facts: factsOf(file)}
	data, err := readSmall(file)
	switch {
	case err != nil:
		return t, err
	case factsOf(file) != t.facts:
		return t, errChanged
	}
	var (
		dpop   string
		fields struct {
			AccessKeyID, SecretAccessKey, SessionToken, AccountID string
			ExpiresAt                                             time.Time
		}
	)
	if json.Unmarshal(data, &t.doc) != nil || json.Unmarshal(t.doc["accessToken"], &t.access) != nil ||
		json.Unmarshal(t.doc["accessToken"], &fields) != nil || json.Unmarshal(t.doc["dpopKey"], &dpop) != nil ||
		t.access == nil || !isLoginKey(dpop) {
		return t, errNoLoginToken
	}
	if fields.AccessKeyID == "" || fields.SecretAccessKey == "" || fields.SessionToken == "" || fields.ExpiresAt.IsZero() {
		return t, errNoLoginToken
	}
	t.session = &cred.Session{
		AccessKeyID:     fields.AccessKeyID,
		SecretAccessKey: cred.NewSecret(fields.SecretAccessKey),
		SessionToken:    cred.NewSecret(fields.SessionToken),
		AccountID:       fields.AccountID,
		Expires:         fields.ExpiresAt.UTC(),
	}
	return t, nil
}

func isLoginKey(text string) bool {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return false
	}
	key, err := x509.ParseECPrivateKey(block.Bytes)
	return err == nil && key.Curve == elliptic.P256()
}

// checkLogin refuses a token file that is not there or cannot be used.
func checkLogin(profile, file string) error {
	if _, err := readLogin(file); err != nil && !errors.Is(err, errChanged) {
		return unusableLogin(profile, err)
	}
	return nil
}

func unusableLogin(profile string, err error) error {
	switch {
	case errors.Is(err, errNoLoginToken):
		return loginOver(profile, nil)
	case errors.Is(err, fs.ErrNotExist):
		return loginOver(profile, err)
	}
	return &Error{Kind: Config, Message: fmt.Sprintf("the login of profile %q cannot be read: %v", profile, err), Err: err}
}

func loginOver(profile string, err error) error {
	return &Error{
		Kind: Login, Message: fmt.Sprintf("the login of profile %q is missing or has expired", profile),
		Hint: "log in with: aws login --profile " + word(profile), Err: err,
	}
}

// overCopy writes the token for its owner alone (os.CreateTemp: 0600), with a session that is over, so that the SDK renews
// it there. In the same directory it can take the file's place, and what cannot be written is found before AWS is asked.
func (t *loginToken) overCopy(dir string) (name string, err error) {
	t.access["expiresAt"] = json.RawMessage(`"1970-01-01T00:00:00Z"`)
	if t.doc["accessToken"], err = json.Marshal(t.access); err != nil {
		return "", err
	}
	data, err := json.Marshal(t.doc)
	if err != nil {
		return "", err
	}
	f, err := os.CreateTemp(dir, "credd-*.json") // a name that `aws logout --all` ends too
	if err != nil {
		return "", err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err != nil {
		os.Remove(f.Name())
		return "", err
	}
	return f.Name(), nil
}

// replaceToken puts a renewed copy in the place of file, whole or not at all, also if the machine stops.
func replaceToken(renewed, file string) error {
	f, err := os.OpenFile(renewed, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	if os.Rename(renewed, file) == nil {
		return nil
	}
	// Windows does not replace a file that somebody reads. Half a file for a moment is better than a lost login.
	data, err := os.ReadFile(filepath.Clean(renewed))
	if err != nil {
		return err
	}
	return os.WriteFile(file, data, 0o600)
}
