package source

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

const (
	mostKeys    = 2               // access keys of one user (IAM quotas)
	createWait  = time.Minute     // for the one call that must not be sent twice
	clockSlack  = 5 * time.Minute // between AWS's clock and this machine's: above it STS calls fail
	settleTries = 60              // AWS knows a key everywhere some seconds after it was made or made active
	settlePause = time.Second
)

// rotation is the journal of Rotate, in the vault from before the first change at AWS until after the last. It names no
// step: KeyItem tells which key is in use, and AWS what became of the other.
type rotation struct {
	Started time.Time  `json:"started"` // just before AWS was asked for a key
	Before  []string   `json:"before"`  // IDs of the keys that the user had then
	Old     StoredKey  `json:"old"`
	New     *StoredKey `json:"new,omitempty"` // nil before its secret was kept
}

// RotateItem is the name of a source's rotation in the vault: with the secrets of both keys, so that either can come back.
func RotateItem(source string) string { return "rotate/" + source }

// rotor is one run of Rotate.
type rotor struct {
	*Keys
	rotation
	arn  string // of the user
	tell func(string)
}

// Rotate replaces the access key: make another, prove it, store it, make the old one inactive, prove the new one again,
// delete the old one. Wherever it breaks off, the vault has a key that works, and Rotate goes on when it is called again.
// That is how a question is answered too: its errors are those of Credentials. tell gets a line for each step.
func (k *Keys) Rotate(ctx context.Context, tell func(string)) error {
	if !k.turn.TryLock() {
		return &Error{Kind: Wait, Message: fmt.Sprintf("the access key of source %s is being rotated already", k.spec.Name)}
	}
	defer k.turn.Unlock()
	key, err := k.key(ctx)
	if err != nil {
		return err
	}
	r := &rotor{Keys: k, arn: key.ARN, tell: tell}
	if err := r.read(ctx); err != nil {
		return err
	}
	if r.New != nil && key.ID == r.New.ID {
		r.say("going on with the rotation to access key %s of %s", key.ID, date(r.Started))
		if err := r.works(ctx); err != nil {
			return err
		}
		return r.retire(ctx)
	}
	if err := r.obtain(ctx, key); err != nil {
		return err
	}
	if err := r.store(ctx); err != nil {
		return err
	}
	return r.retire(ctx)
}

func (r *rotor) say(format string, args ...any) { r.tell(fmt.Sprintf(format, args...)) }

// read reads the journal. One that makes no sense is none: a key that it knew of is then met at AWS, and named.
func (r *rotor) read(ctx context.Context) error {
	data, ok, err := r.deps.Vault.Get(ctx, RotateItem(r.spec.Name))
	if err != nil {
		return err
	}
	if !ok || json.Unmarshal(data, &r.rotation) != nil {
		r.rotation = rotation{}
	}
	return nil
}

func (r *rotor) write(ctx context.Context) error {
	return r.putJSON(ctx, RotateItem(r.spec.Name), r.rotation)
}

func (k *Keys) putJSON(ctx context.Context, name string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return k.deps.Vault.Put(ctx, name, data)
}

// obtain gets a new key that works, and its secret into the journal: the one of a rotation that broke off, else another.
func (r *rotor) obtain(ctx context.Context, key *StoredKey) error {
	if r.New != nil && key.ID == r.Old.ID {
		r.say("going on with the rotation to access key %s of %s", r.New.ID, date(r.Started))
		err := r.prove(ctx, r.New)
		if !isUnknownKey(err) {
			return err
		}
		r.say("AWS does not accept %s: another is made", r.New.ID)
	}
	if err := r.sameUser(ctx, key); err != nil {
		return err
	}
	if r.Old.ID != "" && r.Old.ARN != key.ARN {
		if r.New != nil {
			r.say("%s still has access key %s, which an earlier rotation made: delete it", r.Old.ARN, r.New.ID)
		}
		r.rotation = rotation{}
	}
	before, err := r.others(ctx, key.ID)
	if err != nil {
		return err
	}
	r.rotation = rotation{Started: r.deps.Now().UTC().Round(0), Before: before, Old: *key}
	if err := r.write(ctx); err != nil {
		return err
	}
	if r.New, err = r.create(ctx); err != nil {
		return err
	}
	if err := r.write(ctx); err != nil {
		r.say("access key %s was made, but its secret cannot be kept: the next rotation deletes it", r.New.ID)
		return err
	}
	r.say("made access key %s; AWS needs some seconds to know it", r.New.ID)
	err = r.prove(ctx, r.New)
	if isUnknownKey(err) {
		return &Error{
			Kind: Wait, Message: fmt.Sprintf("AWS does not accept the new access key %s of source %s yet", r.New.ID, r.spec.Name),
			Hint: "the old one stays in use; try again later: " + r.command(), Err: err,
		}
	}
	return err
}

func (r *rotor) command() string { return "credd source rotate " + r.spec.Name }

// others returns the IDs of the user's keys, with room for one more: keys that are ours to delete are deleted.
func (r *rotor) others(ctx context.Context, inUse string) ([]string, error) {
	all, err := r.list(ctx)
	if err != nil {
		return nil, err
	}
	var stay []types.AccessKeyMetadata
	var ids []string
	for _, m := range all {
		if !r.isOurs(m, inUse) {
			stay, ids = append(stay, m), append(ids, *m.AccessKeyId)
			continue
		}
		if err := r.remove(ctx, *m.AccessKeyId); err != nil {
			return nil, err
		}
		r.say("deleted access key %s, left over from a rotation that broke off", *m.AccessKeyId)
	}
	if len(stay) >= mostKeys {
		return nil, r.full(stay, inUse)
	}
	return ids, nil
}

// isOurs reports whether a rotation that broke off made this key. Where its secret was lost, so was its ID; then the key
// is ours that was not there before and is of the minutes in which AWS was asked for one. Any other may be a colleague's.
func (r *rotor) isOurs(m types.AccessKeyMetadata, inUse string) bool {
	switch id := *m.AccessKeyId; {
	case id == inUse || slices.Contains(r.Before, id):
		return false
	case r.New != nil:
		return id == r.New.ID
	case r.Old.ID == "" || m.CreateDate == nil:
		return false
	}
	after := m.CreateDate.Sub(r.Started)
	return after >= -clockSlack && after <= createWait+clockSlack
}

// store makes the new key the source's.
func (r *rotor) store(ctx context.Context) error {
	key, err := r.key(ctx)
	if err != nil {
		return err
	}
	if key.ID != r.Old.ID {
		return &Error{Kind: Config, Message: fmt.Sprintf("the access key of source %s was replaced during its rotation", r.spec.Name), Hint: "rotate again: " + r.command()}
	}
	r.New.Added = r.deps.Now().UTC().Round(0)
	if err := r.use(ctx, r.New); err != nil {
		return err
	}
	r.say("stored %s: source %s uses it now", r.New.ID, r.spec.Name)
	return nil
}

func (r *rotor) use(ctx context.Context, key *StoredKey) error {
	if err := r.putJSON(ctx, KeyItem(r.spec.Name), key); err != nil {
		return err
	}
	_, err := r.key(ctx) // for what status says of it
	return err
}

// retire ends the old key. What was done before is done again and finds nothing to do.
func (r *rotor) retire(ctx context.Context) error {
	if err := r.retie(ctx, r.Old.ID, r.New.ID); err != nil {
		return err
	}
	switch err := r.setStatus(ctx, r.Old.ID, types.StatusTypeInactive); {
	case err == nil:
		r.say("made %s inactive", r.Old.ID)
	case !hasCode(err, noEntity): // deleted already
		return err
	}
	if err := r.works(ctx); err != nil {
		return err
	}
	if err := r.remove(ctx, r.Old.ID); err != nil {
		return err
	}
	r.say("deleted %s", r.Old.ID)
	return r.deps.Vault.Drop(ctx, RotateItem(r.spec.Name))
}

// retie makes the session in the vault one of another key of the same user: it lives on when the key that it was made
// with is deleted, and no code is asked for.
func (r *rotor) retie(ctx context.Context, from, to string) error {
	data, ok, err := r.deps.Vault.Get(ctx, SessionItem(r.spec.Name))
	if err != nil {
		return err
	}
	var s storedSession
	if !ok || json.Unmarshal(data, &s) != nil || s.KeyID != from {
		return nil
	}
	s.KeyID = to
	return r.putJSON(ctx, SessionItem(r.spec.Name), s)
}

// works proves the new key while it is in use. If AWS does not accept it, the old one comes back.
func (r *rotor) works(ctx context.Context) error {
	err := r.prove(ctx, r.New)
	switch {
	case isUnknownKey(err):
		return r.comeBack(ctx)
	case err == nil:
		r.say("AWS accepts %s", r.New.ID)
	}
	return err
}

// comeBack puts the old key in force again: first at AWS, then here. The MFA session can make it active, and so perhaps
// can the new key, which IAM may know although STS does not.
func (r *rotor) comeBack(ctx context.Context) error {
	err := r.proveOnce(ctx, &r.Old)
	if isUnknownKey(err) {
		if err = r.setStatus(ctx, r.Old.ID, types.StatusTypeActive); err == nil {
			err = r.prove(ctx, &r.Old)
		}
	}
	if isRefusal(err) {
		return &Error{
			Kind:    Login,
			Message: fmt.Sprintf("AWS accepts neither the new access key %s of source %s nor the old one, %s", r.New.ID, r.spec.Name, r.Old.ID),
			Hint:    "make one of them active in the IAM console, then: " + r.command(), Err: err,
		}
	}
	if err != nil {
		return err
	}
	if err := r.use(ctx, &r.Old); err != nil {
		return err
	}
	if err := r.retie(ctx, r.New.ID, r.Old.ID); err != nil {
		return err
	}
	return &Error{
		Kind:    Wait,
		Message: fmt.Sprintf("AWS does not accept the new access key %s of source %s: the old one, %s, is in use again", r.New.ID, r.spec.Name, r.Old.ID),
		Hint:    "try again later: " + r.command(),
	}
}

// prove waits until AWS accepts a key, and checks whose it is.
func (r *rotor) prove(ctx context.Context, key *StoredKey) error {
	return r.patiently(ctx, func() error { return r.proveOnce(ctx, key) })
}

func (r *rotor) proveOnce(ctx context.Context, key *StoredKey) error {
	id, err := r.deps.STS.Identity(ctx, r.spec.caller(key.session()))
	if err != nil {
		return err
	}
	if id.ARN != r.Old.ARN {
		return &Error{Kind: Config, Message: fmt.Sprintf("access key %s of source %s is of %s, not of %s", key.ID, r.spec.Name, id.ARN, r.Old.ARN)}
	}
	return nil
}

// patiently repeats a call of a key that AWS does not know yet. One that was refused so did nothing.
func (k *Keys) patiently(ctx context.Context, call func() error) error {
	for left := settleTries; ; left-- {
		err := call()
		if !isUnknownKey(err) || left == 0 {
			return err
		}
		if err := k.pause(ctx, settlePause); err != nil {
			return err
		}
	}
}

// sleep is the pause of Keys.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func date(t time.Time) string { return t.UTC().Format(time.DateOnly) }
