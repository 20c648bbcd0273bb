package source

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

const (
	mostKeys    = 2                // access keys of one user (IAM quotas)
	createWait  = 30 * time.Second // for the one call that must not be sent twice
	clockSlack  = 2 * time.Minute  // between AWS's clock and this machine's, for a key that is to be told by its age
	settleTries = 60               // AWS knows a key everywhere some seconds after it was made or made active
	settlePause = time.Second
	settledRow  = 3 // proofs in a row before the old key ends: not all of AWS knows a new one at the same time
)

// rotation is the journal of Rotate, in the vault from before the first change at AWS until after the last. It names no
// step: KeyItem tells which key is in use, and AWS what became of the other.
type rotation struct {
	Started time.Time  `json:"started"`       // just before AWS was asked for a key
	Lost    time.Time  `json:"lost,omitzero"` // when its answer was; zero if it came, or if this process died
	Before  []string   `json:"before"`        // IDs of the keys that the user had then
	Old     storedKey  `json:"old"`
	New     *storedKey `json:"new,omitempty"` // nil before its secret was kept
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
	end, err := k.deps.Devices.change(k.spec.Name)
	if err != nil {
		return err
	}
	defer end()
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
		r.arn = r.Old.ARN
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

// write keeps the journal although the caller left: what it names may be at AWS already.
func (r *rotor) write(ctx context.Context) error {
	ctx, cancel := saving(ctx)
	defer cancel()
	return r.deps.Vault.Change(ctx, func(items map[string][]byte) error {
		return setJSON(items, RotateItem(r.spec.Name), r.rotation)
	})
}

// obtain gets a new key that works, and its secret into the journal: the one of a rotation that broke off, else another.
func (r *rotor) obtain(ctx context.Context, key *storedKey) error {
	if r.New != nil && key.ID == r.Old.ID {
		r.say("going on with the rotation to access key %s of %s", r.New.ID, date(r.Started))
		err := r.prove(ctx, r.New, 1)
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
	lost := r.rotation
	r.rotation = rotation{Started: r.deps.Now().UTC().Round(0), Before: before, Old: *key}
	if err := r.write(ctx); err != nil {
		return err
	}
	made, isLost, err := r.create(ctx)
	if err != nil {
		r.unmade(ctx, lost, isLost)
		return err
	}
	r.New = made
	if err := r.write(ctx); err != nil {
		r.say("access key %s was made, but its secret cannot be kept: the next rotation deletes it", r.New.ID)
		return err
	}
	r.say("made access key %s; AWS needs some seconds to know it", r.New.ID)
	err = r.prove(ctx, r.New, 1)
	if isUnknownKey(err) {
		return &Error{
			Kind: Wait, Message: fmt.Sprintf("AWS does not accept the new access key %s of source %s yet", r.New.ID, r.spec.Name),
			Hint: "the old one stays in use; try again later: " + r.command(), Err: err,
		}
	}
	return err
}

func (r *rotor) command() string { return "credd source rotate " + r.spec.Name }

// unmade writes down that there is no new key, or none whose answer came. If that cannot be written, the journal tells of
// a process that died.
func (r *rotor) unmade(ctx context.Context, before rotation, isLost bool) {
	switch {
	case isLost:
		r.Lost = r.deps.Now().UTC().Round(0)
	case before.Old.ID != "" && before.New == nil:
		r.rotation = before // its key may not have been listed yet
	default:
		ctx, cancel := saving(ctx)
		defer cancel()
		r.deps.Vault.Drop(ctx, RotateItem(r.spec.Name))
		return
	}
	r.write(ctx)
}

// store makes the new key the source's.
func (r *rotor) store(ctx context.Context) error {
	r.New.Added = r.deps.Now().UTC().Round(0)
	if err := r.use(ctx, r.New, r.Old.ID); err != nil {
		return err
	}
	r.say("stored %s: source %s uses it now", r.New.ID, r.spec.Name)
	return nil
}

// use puts a key in force in the place of another. The session in the vault becomes one of it: it is of the same user,
// lives on when the key that it was made with is deleted, and no code is asked for.
func (r *rotor) use(ctx context.Context, key *storedKey, before string) error {
	r.marry(r.Old.ID, r.New.ID)
	err := r.deps.Vault.Change(ctx, func(items map[string][]byte) error {
		now, err := readKey(items[KeyItem(r.spec.Name)])
		if err != nil || now.ID != before {
			return &Error{Kind: Config, Message: fmt.Sprintf("the access key of source %s was replaced during its rotation", r.spec.Name), Hint: "rotate again: " + r.command()}
		}
		var s storedSession
		if json.Unmarshal(items[SessionItem(r.spec.Name)], &s) == nil && s.KeyID == before {
			s.KeyID = key.ID
			if err := setJSON(items, SessionItem(r.spec.Name), s); err != nil {
				return err
			}
		}
		return setJSON(items, KeyItem(r.spec.Name), key)
	})
	if err != nil {
		return err
	}
	_, err = r.key(ctx) // for what status says of it
	return err
}

// retire ends the old key. What was done before is done again and finds nothing to do.
func (r *rotor) retire(ctx context.Context) error {
	if err := r.works(ctx, settledRow); err != nil {
		return err
	}
	switch err := r.setStatus(ctx, r.Old.ID, types.StatusTypeInactive); {
	case err == nil:
		r.say("made %s inactive", r.Old.ID)
	case !hasCode(err, noEntity): // deleted already
		return err
	}
	if err := r.works(ctx, 1); err != nil {
		return err
	}
	r.say("AWS accepts %s", r.New.ID)
	if err := r.remove(ctx, r.Old.ID); err != nil {
		return err
	}
	r.say("deleted %s", r.Old.ID)
	return r.deps.Vault.Drop(ctx, RotateItem(r.spec.Name))
}

// works proves the new key while it is in use. If AWS does not accept it, the old one comes back.
func (r *rotor) works(ctx context.Context, row int) error {
	err := r.prove(ctx, r.New, row)
	if isUnknownKey(err) {
		return r.comeBack(ctx)
	}
	return err
}

// comeBack puts the old key in force again: first at AWS, then here. The MFA session can make it active, and so perhaps
// can the new key, which IAM may know although STS does not.
func (r *rotor) comeBack(ctx context.Context) error {
	err := r.proveOnce(ctx, &r.Old)
	if isUnknownKey(err) {
		if err = r.setStatus(ctx, r.Old.ID, types.StatusTypeActive); err == nil {
			err = r.prove(ctx, &r.Old, 1)
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
	if err := r.use(ctx, &r.Old, r.New.ID); err != nil {
		return err
	}
	return &Error{
		Kind:    Wait,
		Message: fmt.Sprintf("AWS does not accept the new access key %s of source %s: the old one, %s, is in use again", r.New.ID, r.spec.Name, r.Old.ID),
		Hint:    "try again later: " + r.command(),
	}
}

// prove waits until AWS accepts a key, so many times in a row, and checks whose it is.
func (r *rotor) prove(ctx context.Context, key *storedKey, row int) error {
	for left, n := settleTries, 0; ; left-- {
		err := r.proveOnce(ctx, key)
		switch {
		case err == nil:
			n++
		case !isUnknownKey(err) || left <= 0:
			return err
		default:
			n = 0
		}
		if n == row {
			return nil
		}
		if err := r.pause(ctx, settlePause); err != nil {
			return err
		}
	}
}

func (r *rotor) proveOnce(ctx context.Context, key *storedKey) error {
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

func date(t time.Time) string { return t.UTC().Format(time.DateOnly) }
