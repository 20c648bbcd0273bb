package fakeaws

import (
	"fmt"
	"net/http"
	"slices"
	"time"
)

const maxKeys = 2 // access keys that one user may have (IAM quotas)

// user is an IAM user.
type user struct {
	arn
	id           string // AIDA…
	created      time.Time
	keys         []*accessKey // oldest first
	*permissions              // nil until SetPolicies
}

type accessKey struct {
	Key
	active  bool
	created time.Time
	delay   time.Duration // between created and the first signature that is good
	used    lastUse
}

// lastUse is of the last request that a key signed; zero before the first.
type lastUse struct {
	at              time.Time
	service, region string
}

// KeyInfo is what IAM tells of an access key.
type KeyInfo struct {
	ID      string
	Active  bool
	Created time.Time // whole seconds, as IAM tells it
}

// AddKey gives a user one more access key, as someone at another machine would. It signs at once.
func (s *Server) AddKey(userARN string) (Key, error) {
	now := s.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.users[userARN]
	if u == nil {
		return Key{}, fmt.Errorf("add a key: no user %q", userARN)
	}
	k, err := s.addKey(u, now, 0)
	if err != nil {
		return Key{}, fmt.Errorf("add a key to %s: %w", userARN, err)
	}
	return k.Key, nil
}

// AgeKey makes a key older by d.
func (s *Server) AgeKey(keyID string, d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, u := range s.users {
		if k := u.key(keyID); k != nil {
			k.created = k.created.Add(-d)
		}
	}
}

// Keys returns a user's access keys, the oldest first.
func (s *Server) Keys(userARN string) []KeyInfo {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.users[userARN]
	if u == nil {
		return nil
	}
	var all []KeyInfo
	for _, k := range u.keys {
		all = append(all, KeyInfo{k.ID, k.active, k.created.UTC().Truncate(time.Second)})
	}
	return all
}

// SetKeyDelay makes keys that CreateAccessKey makes from now on sign only d after their creation, as IAM's are known
// everywhere only after some seconds.
func (s *Server) SetKeyDelay(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keyDelay = d
}

// addKey makes a key of u. The caller has s.mu.
func (s *Server) addKey(u *user, now time.Time, delay time.Duration) (*accessKey, error) {
	if len(u.keys) >= maxKeys {
		return nil, &apiError{http.StatusConflict, "LimitExceeded", fmt.Sprintf("Cannot exceed quota for AccessKeysPerUser: %d", maxKeys)}
	}
	k := &accessKey{Key: Key{newID("AKIA", 16), newSecret()}, active: true, created: now, delay: delay}
	u.keys = append(u.keys, k)
	s.identities[k.ID] = &identity{
		key:       k.Key,
		arn:       u.text,
		principal: u.text,
		partition: u.partition,
		account:   u.account,
		id:        u.id,
	}
	return k, nil
}

// removeKey deletes a key of u. Sessions that it asked for live on. The caller has s.mu.
func (s *Server) removeKey(u *user, k *accessKey) {
	u.keys = slices.DeleteFunc(u.keys, func(other *accessKey) bool { return other == k })
	delete(s.identities, k.ID)
}

func (u *user) key(id string) *accessKey {
	for _, k := range u.keys {
		if k.ID == id {
			return k
		}
	}
	return nil
}

// signs reports whether signatures by k are good now. A key without a delay may be younger than the clock that a test
// has turned back.
func (k *accessKey) signs(now time.Time) bool {
	return k.active && (k.delay == 0 || !now.Before(k.created.Add(k.delay)))
}
