package fakeaws

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"time"
)

// Key is a long-term access key.
type Key struct {
	ID     string // AKIA…
	Secret string
}

// identity is who signs: a user with a long-term key, or a session of a role.
type identity struct {
	key       Key
	arn       string // of the user, or arn:aws:sts::…:assumed-role/NAME/SESSION
	principal string // aws:PrincipalArn: the user, or the role behind the session
	partition string
	account   string
	id        string // AIDA… or AROA…:SESSION

	// Of sessions only.
	token          string
	issued         time.Time
	policy         *grants // of the session; nil is none
	expires        time.Time
	transitive     map[string]string // tags that go on to the next role of a chain
	sourceIdentity string
	plain          bool // of GetSessionToken: a user's session rather than a role's
	mfa            bool // likewise; no session of a role keeps it
	chained        bool // assumed with temporary credentials: the console takes no SessionDuration
}

func (i *identity) temporary() bool { return i.token != "" }

// AddUser makes an IAM user with one access key.
func (s *Server) AddUser(userARN string) (Key, error) {
	a, err := parseARN(userARN)
	if err != nil || a.service != "iam" || a.kind != "user" {
		return Key{}, fmt.Errorf("%q is not the ARN of an IAM user, such as arn:aws:iam::123456789012:user/dev", userARN)
	}
	now := s.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.users[userARN] != nil {
		return Key{}, fmt.Errorf("add user %s: there is one; see AddKey", userARN)
	}
	u := &user{arn: a, id: newID("AIDA", 17), created: now}
	s.users[userARN] = u
	k, err := s.addKey(u, now, 0)
	if err != nil {
		return Key{}, fmt.Errorf("add user %s: %w", userARN, err)
	}
	return k.Key, nil
}

// ForbidAssume takes from a user, or from every session of a role, the right to assume roles. STS then appends the
// reason to its AccessDenied, because it is about the caller's own side.
func (s *Server) ForbidAssume(principalARN string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forbidden[principalARN] = true
}

// signer looks a key up. A session's key without its token, and a token with any other key, is nobody's, and so is a
// user's key that is inactive, deleted or too new.
func (s *Server) signer(keyID, token string, now time.Time) (*identity, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.identities[keyID]
	if i == nil || i.token != token {
		return nil, false
	}
	return i, i.temporary() || s.users[i.arn].key(keyID).signs(now)
}

// noteUse is of a user's key; sessions have none.
func (s *Server) noteUse(who *identity, use lastUse) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u := s.users[who.arn]; u != nil {
		if k := u.key(who.key.ID); k != nil {
			k.used = use
		}
	}
}

// newID returns prefix and n random characters of the alphabet that AWS uses for its IDs.
func newID(prefix string, n int) string {
	return prefix + rand.Text()[:n] // rand.Text gives 26 characters of base32
}

func newSecret() string { return randomBase64(30) } // 40 characters, as AWS's

func newToken() string { return randomBase64(720) } // AWS promises no length; about 1 kB is usual

func randomBase64(n int) string {
	b := make([]byte, n)
	rand.Read(b) // never fails: it ends the program instead
	return base64.StdEncoding.EncodeToString(b)
}
