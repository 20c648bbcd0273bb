package vault

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"filippo.io/age"

	"credd/internal/disk"
)

// Where the key of the vault can be: the values of [vault] key.
const (
	Keyring    = "keyring"    // of the OS
	KeyFile    = "file"       // in clear, for its owner alone
	Systemd    = "systemd"    // in the credential credd-vault-key of the service
	Passphrase = "passphrase" // in a file that a passphrase opens, asked once a daemon
)

// credential is the name of the service credential that holds the key (systemd.exec, LoadCredential).
const credential = "credd-vault-key"

// key is where the identity is.
type key interface {
	load(context.Context) (*age.X25519Identity, error) // errNoKey if there is none
	create(context.Context) (*age.X25519Identity, error)
	where() string // for messages
}

var errNoKey = errors.New("there is no key")

func (v *Vault) newKey(s Settings) key {
	dir := filepath.Dir(v.path)
	switch s.Key {
	case KeyFile:
		path := s.KeyFile
		if path == "" {
			path = filepath.Join(dir, "vault.key")
		}
		return &fileKey{path: path}
	case Systemd:
		return &systemdKey{dir: v.credentials}
	case Passphrase:
		return newPassphrase(filepath.Join(dir, "vault.key.age"))
	}
	return newKeyring(v.path)
}

// fileKey is the identity in clear in a file that only its owner reads.
type fileKey struct{ path string }

func (k *fileKey) where() string { return k.path }

func (k *fileKey) load(context.Context) (*age.X25519Identity, error) {
	i, err := os.Stat(k.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errNoKey
	}
	if err == nil {
		err = private(i)
	}
	var text []byte
	if err == nil {
		text, err = readFile(k.path)
	}
	if err != nil {
		return nil, broken(err, "the vault's key cannot be read: "+err.Error(), "")
	}
	return parse(string(text), k.path)
}

func (k *fileKey) create(context.Context) (*age.X25519Identity, error) {
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		return nil, broken(err, "no key can be made: "+err.Error(), "")
	}
	if err := create(k.path, []byte(identity.String()+"\n")); err != nil {
		return nil, broken(err, "the vault's key cannot be written: "+err.Error(), "")
	}
	return identity, nil
}

// systemdKey is the identity as systemd passes it to the service. Who may read it is systemd's care.
type systemdKey struct{ dir string }

func (k *systemdKey) where() string { return "the credential " + credential + " of the service" }

func (k *systemdKey) load(context.Context) (*age.X25519Identity, error) {
	const hint = "make it with: credd vault new-key | systemd-creds encrypt --name=" + credential + " - FILE; then LoadCredentialEncrypted=" + credential + ":FILE in the service"
	if k.dir == "" {
		return nil, broken(nil, "systemd passed no credentials to credd", hint)
	}
	text, err := readFile(filepath.Join(k.dir, credential))
	if err != nil {
		return nil, broken(err, "the vault's key cannot be read: "+err.Error(), hint)
	}
	return parse(string(text), k.where())
}

// create cannot be: the service gets credentials and gives none.
func (k *systemdKey) create(ctx context.Context) (*age.X25519Identity, error) { return k.load(ctx) }

// NewKey returns a new identity as text, for those who keep the key themselves.
func NewKey() (string, error) {
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		return "", err
	}
	return identity.String(), nil
}

// parse reads an identity. Its error does not quote it.
func parse(text, where string) (*age.X25519Identity, error) {
	identity, err := age.ParseX25519Identity(strings.TrimSpace(text))
	if err != nil {
		return nil, broken(nil, "what is in "+where+" is not a key of a vault", "it is one line that begins with AGE-SECRET-KEY-1")
	}
	return identity, nil
}

// create writes a file that was not there, for its owner alone.
func create(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return disk.SyncDir(filepath.Dir(path))
}
