package source

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode"

	"credd/internal/agent/cred"
	"credd/internal/agent/sts"
)

const (
	sessionLife = 12 * time.Hour      // of GetSessionToken with MFA: a working day; AWS gives 36 h at most
	oldKey      = 90 * 24 * time.Hour // after which status names a key
)

// Keys is an IAM user's access key in the vault. With MFA it is used for GetSessionToken only, whose session is kept in the
// vault too: one code in the morning, and none after a restart.
type Keys struct {
	spec Spec
	deps Deps
	held held
	code codes

	turn  sync.Mutex                                 // held by Rotate
	pause func(context.Context, time.Duration) error // between two looks at whether AWS knows a new key yet

	mu    sync.Mutex
	notes []string // of the key as last read
}

func newKeys(spec Spec, d Deps) *Keys {
	return &Keys{spec: spec, deps: d, held: held{now: d.Now}, code: codes{now: d.Now}, pause: sleep}
}

// StoredKey is an access key as the vault has it, under KeyItem.
type StoredKey struct {
	ID      string    `json:"id"`
	Secret  string    `json:"secret"`
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
	Secret  string    `json:"secret"`
	Token   string    `json:"token"`
	Issued  time.Time `json:"issued"`
	Expires time.Time `json:"expires"`
	Account string    `json:"account"`
}

// The names of a source's items in the vault.
func KeyItem(source string) string     { return "key/" + source }
func SeedItem(source string) string    { return "totp/" + source }
func SessionItem(source string) string { return "session/" + source }

// Credentials returns the session of GetSessionToken, or without MFA the key itself: it alone can get sessions above 1 h.
func (k *Keys) Credentials(ctx context.Context) (*cred.Session, error) {
	key, err := k.key(ctx)
	if err != nil {
		return nil, err
	}
	if k.spec.MFASerial == "" {
		return key.session(), nil
	}
	return k.held.get(ctx, func(ctx context.Context) (*cred.Session, error) { return k.renew(ctx, key) })
}

// session is the bare key.
func (key *StoredKey) session() *cred.Session {
	return &cred.Session{AccessKeyID: key.ID, SecretAccessKey: cred.NewSecret(key.Secret), AccountID: key.Account}
}

func (k *Keys) key(ctx context.Context) (*StoredKey, error) {
	data, ok, err := k.deps.Vault.Get(ctx, KeyItem(k.spec.Name))
	if err != nil {
		return nil, err
	}
	key, err := ReadKey(data)
	if !ok || err != nil {
		return nil, &Error{
			Kind: Config, Message: fmt.Sprintf("there is no key of source %s in the vault", k.spec.Name),
			Hint: "put it there: credd source add " + k.spec.Name + " --type keys --replace", Err: err,
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.notes = key.notes(k.deps.Now())
	return key, nil
}

// ReadKey reads an item of KeyItem.
func ReadKey(data []byte) (*StoredKey, error) {
	key := &StoredKey{}
	if err := json.Unmarshal(data, key); err != nil || key.ID == "" || key.Secret == "" {
		return nil, errors.New("not an access key")
	}
	return key, nil
}

// notes says what status has to name.
func (key *StoredKey) notes(now time.Time) []string {
	since, what := key.Created, "created"
	if since.IsZero() {
		since, what = key.Added, "added"
	}
	if age := now.Sub(since); age > oldKey {
		return []string{fmt.Sprintf("access key %s was %s %d days ago: change it with credd source rotate", key.ID, what, age/(24*time.Hour))}
	}
	return nil
}

// renew returns the session of the vault, else a new one with a code; a code that only a person has is a question.
func (k *Keys) renew(ctx context.Context, key *StoredKey) (*cred.Session, error) {
	s, err := k.stored(ctx, key)
	if err != nil {
		return nil, err
	}
	if s != nil && s.Left(k.deps.Now()) > leastEarly && (s.Left(k.deps.Now()) > mostEarly || k.spec.MFA == Prompt) {
		return s, nil
	}
	if k.spec.MFA == Prompt {
		return nil, &Error{
			Kind: Login, Message: fmt.Sprintf("source %s needs an MFA code", k.spec.Name),
			Hint: "give it from a terminal: credd login " + k.spec.Name, Ask: k,
		}
	}
	code, err := k.unattended(ctx)
	if err != nil {
		return nil, err
	}
	return k.mint(ctx, key, code)
}

// stored returns the session of the vault, nil if there is none of this key and device.
func (k *Keys) stored(ctx context.Context, key *StoredKey) (*cred.Session, error) {
	data, ok, err := k.deps.Vault.Get(ctx, SessionItem(k.spec.Name))
	if err != nil {
		return nil, err
	}
	var s storedSession
	if !ok || json.Unmarshal(data, &s) != nil || s.KeyID != key.ID || s.Serial != k.spec.MFASerial {
		return nil, nil
	}
	return &cred.Session{
		AccessKeyID: s.ID, SecretAccessKey: cred.NewSecret(s.Secret), SessionToken: cred.NewSecret(s.Token),
		Issued: s.Issued, Expires: s.Expires, AccountID: s.Account,
	}, nil
}

// mint makes a session with a code and keeps it.
func (k *Keys) mint(ctx context.Context, key *StoredKey, code string) (*cred.Session, error) {
	if err := k.code.take(code); err != nil {
		return nil, err
	}
	s, err := k.deps.STS.SessionToken(ctx, k.spec.caller(key.session()), sessionLife, k.spec.MFASerial, code)
	k.code.landed(err)
	if err != nil {
		return nil, unquoted(err)
	}
	s.AccountID = key.Account
	data, err := json.Marshal(storedSession{
		KeyID: key.ID, Serial: k.spec.MFASerial, ID: s.AccessKeyID, Secret: s.SecretAccessKey.Reveal(),
		Token: s.SessionToken.Reveal(), Issued: s.Issued, Expires: s.Expires, Account: s.AccountID,
	})
	if err != nil {
		return nil, err
	}
	// A vault that cannot be written costs a code after the next restart, not this session.
	k.deps.Vault.Put(ctx, SessionItem(k.spec.Name), data)
	return s, nil
}

// Begin has nothing to forget: a code is one answer.
func (k *Keys) Begin() {}

// Question asks for the code of the source's device.
func (k *Keys) Question() (text string, hidden bool) {
	return fmt.Sprintf("MFA code for source %s (%s)", k.spec.Name, k.spec.MFASerial), false
}

// Answer makes a session with the code that a person gave.
func (k *Keys) Answer(ctx context.Context, text string) (done bool, wrong string, err error) {
	code := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, text)
	if !isCode(code) {
		return false, "a code is 6 digits", nil
	}
	key, err := k.key(ctx)
	if err != nil {
		return false, "", err
	}
	s, err := k.mint(ctx, key, code)
	var refused *sts.Error
	switch {
	case errors.Is(err, errUsed):
		return false, "this code was used already: wait for the next one", nil
	case errors.As(err, &refused) && refused.Reason == sts.WrongCode:
		return false, "AWS does not accept this code", nil
	case err != nil:
		return false, "", err
	}
	k.held.put(k.held.mark(), s)
	return true, "", nil
}

// Asker is the question that a person can answer ahead of time; nil if no code is asked for.
func (k *Keys) Asker() Asker {
	if k.spec.MFA != Prompt {
		return nil
	}
	return k
}

// Logout forgets the session, also in the vault. AWS itself has no way to end it.
func (k *Keys) Logout(ctx context.Context) error {
	k.held.drop()
	return k.deps.Vault.Drop(ctx, SessionItem(k.spec.Name))
}

// Shared names the login, which is this source's alone.
func (k *Keys) Shared() string { return "keys " + k.spec.Name }

func (k *Keys) Endpoint() (region, url string) { return k.spec.Region, k.spec.Endpoint }
func (k *Keys) Reload()                        {}
func (k *Keys) Forgive()                       { k.held.retry(); k.code.forgive() }

// Fingerprint does not name the key: one that was rotated is of the same user.
func (k *Keys) Fingerprint() string { return fmt.Sprintf("keys %q %q", k.spec.Name, k.spec.MFASerial) }

// Invalidate forgets the session, so that the next Credentials makes another.
func (k *Keys) Invalidate(keyID string) {
	if !k.held.refused(keyID) {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), leastEarly)
	defer cancel()
	k.deps.Vault.Drop(ctx, SessionItem(k.spec.Name)) // if it stays, AWS refuses it once more
}

func (k *Keys) State() State {
	k.mu.Lock()
	defer k.mu.Unlock()
	return State{Until: k.held.until(), Notes: k.notes}
}

// NewKey is an access key to store, with the seed of its MFA device where credd is to make the codes.
type NewKey struct {
	ID      string
	Secret  cred.Secret
	Seed    cred.Secret
	Replace bool // one that is there
}

// DropKey takes all that the vault has of a source of type keys out of it.
func DropKey(ctx context.Context, d Deps, source string) error {
	return d.Vault.Drop(ctx, KeyItem(source), SeedItem(source), SessionItem(source), RotateItem(source))
}

// AddKey proves a key and stores it. It stores nothing that AWS did not accept.
func AddKey(ctx context.Context, d Deps, spec Spec, n NewKey) (StoredKey, error) {
	_, there, err := d.Vault.Get(ctx, KeyItem(spec.Name))
	if err != nil {
		return StoredKey{}, err
	}
	if there && !n.Replace {
		return StoredKey{}, &Error{Kind: Config, Message: "there is a key of source " + spec.Name + " in the vault already", Hint: "to put another in its place: --replace; to change it at AWS too: credd source rotate " + spec.Name}
	}
	seed := strings.TrimSpace(n.Seed.Reveal())
	if seed != "" {
		if _, err := totpSeed(seed); err != nil {
			return StoredKey{}, &Error{Kind: Config, Message: "the MFA seed is " + err.Error(), Err: err}
		}
	}
	key, err := newKeys(spec, d).Prove(ctx, StoredKey{ID: strings.TrimSpace(n.ID), Secret: strings.TrimSpace(n.Secret.Reveal()), Added: d.Now().UTC().Truncate(time.Second)})
	if err != nil {
		return StoredKey{}, err
	}
	data, err := json.Marshal(key)
	if err != nil {
		return StoredKey{}, err
	}
	if seed != "" {
		if err := d.Vault.Put(ctx, SeedItem(spec.Name), []byte(seed)); err != nil {
			return StoredKey{}, err
		}
	}
	return key, d.Vault.Put(ctx, KeyItem(spec.Name), data)
}
