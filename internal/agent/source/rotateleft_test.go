package source

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"credd/internal/agent/sts"
)

// loseKey breaks a rotation off in such a way that AWS made a key whose answer never came, and returns its ID.
func (r *rotateRig) loseKey() string {
	r.Helper()
	before := r.aws.Keys(rotateUser)
	r.refuse = func(action, _ string) string {
		if action == "CreateAccessKey" {
			return answerLost
		}
		return ""
	}
	if err := r.rotate(); err == nil {
		r.Fatal("no error, want one")
	}
	r.refuse = nil
	for _, k := range r.aws.Keys(rotateUser) {
		if !slices.Contains(before, k) {
			return k.ID
		}
	}
	r.Fatal("no key was made")
	return ""
}

// change changes the journal.
func (r *rotateRig) change(edit func(*rotation)) {
	r.Helper()
	var j rotation
	if err := json.Unmarshal(r.vault.get(RotateItem("work")), &j); err != nil {
		r.Fatal(err)
	}
	edit(&j)
	r.vault.put(RotateItem("work"), j)
}

// A key whose answer was lost is deleted if it can be no other; one that may be a colleague's is spared and named.
func TestRotateLostKey(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(r *rotateRig, id string)
		part   string // of the error; "" where the key is deleted
	}{
		"lost":             {func(*rotateRig, string) {}, ""},
		"died":             {func(r *rotateRig, _ string) { r.change(func(j *rotation) { j.Lost = time.Time{} }) }, ""},
		"a clock apart":    {func(r *rotateRig, id string) { r.aws.AgeKey(id, 100*time.Second) }, ""},
		"made long before": {func(r *rotateRig, id string) { r.aws.AgeKey(id, 3*time.Minute) }, "AWS allows two access keys"},
		"made long after":  {func(r *rotateRig, id string) { r.aws.AgeKey(id, -3*time.Minute) }, "AWS allows two access keys"},
		"died long before": {func(r *rotateRig, id string) {
			r.change(func(j *rotation) { j.Lost = time.Time{} })
			r.aws.AgeKey(id, -createWait-clockSlack-2*time.Second)
		}, "AWS allows two access keys"},
		"a long call": {func(r *rotateRig, id string) {
			r.change(func(j *rotation) { j.Lost = j.Started.Add(10 * time.Minute) })
			r.aws.AgeKey(id, -9*time.Minute)
		}, ""},
		"not told whether used": {func(r *rotateRig, _ string) { r.aws.ForbidIAM(rotateUser, "GetAccessKeyLastUsed") }, "AWS does not tell whether it was used"},
		"two of that time":      {func(r *rotateRig, _ string) { r.change(func(j *rotation) { j.Before = nil }); r.replaceOld() }, "another came beside it"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRotateRig(t)
			id := r.loseKey()
			tt.change(r, id)
			err := r.rotate()
			if tt.part == "" {
				if err != nil {
					t.Fatal(err)
				}
				r.wantRotated()
				return
			}
			wantSourceError(t, err, Config, tt.part, "aws iam delete-access-key --access-key-id AKIA")
			if got := len(r.aws.Keys(rotateUser)); got != 2 {
				t.Errorf("there are %d keys, want 2", got)
			}
			if !strings.Contains(tt.part, "two access keys") && r.vault.get(RotateItem("work")) == nil {
				t.Error("the journal is gone")
			}
		})
	}
}

// replaceOld makes the key in use one that is not at AWS among those of the user, whose own credentials are a session.
func (r *rotateRig) replaceOld() {
	r.needMFA(TOTP)
	r.logIn()
	r.removeKey(r.old.ID)
	r.newKey(rotateUser)
}

func TestRotateUsedKey(t *testing.T) {
	r := newRotateRig(t)
	colleague := r.newKey(rotateUser)
	r.vault.put(RotateItem("work"), rotation{Started: r.aws.Now(), Before: []string{r.old.ID}, Old: *r.stored()})
	k := r.process(&fate{})
	if _, err := k.deps.STS.Identity(t.Context(), r.spec.caller((&storedKey{ID: colleague.ID, Secret: keep(colleague.Secret)}).session())); err != nil {
		t.Fatal(err)
	}
	wantSourceError(t, r.rotate(), Config, colleague.ID+" may be left over", "it was used on "+date(r.aws.Now()), "--access-key-id "+colleague.ID)
	if got := len(r.aws.Keys(rotateUser)); got != 2 {
		t.Errorf("there are %d keys, want 2", got)
	}
	r.removeKey(colleague.ID)
	if err := r.rotate(); err != nil {
		t.Fatal(err)
	}
	r.wantRotated()
}

// The journal stays only where there may be a key that nobody knows.
func TestRotateJournalOfARefusal(t *testing.T) {
	for name, tt := range map[string]struct {
		code  string
		stays bool
	}{
		"denied":    {"AccessDenied", false},
		"quota":     {"LimitExceeded", false},
		"throttled": {"Throttling", false},
		"no code":   {"", true},
		"lost":      {answerLost, true},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRotateRig(t)
			r.refuse = func(action, _ string) string {
				switch {
				case action != "CreateAccessKey":
					return ""
				case tt.code == "":
					return " " // an answer that is not AWS's
				}
				return tt.code
			}
			err := r.rotate()
			if stays := r.vault.get(RotateItem("work")) != nil; err == nil || stays != tt.stays {
				t.Errorf("error %v, journal stays: %v, want %v", err, stays, tt.stays)
			}
		})
	}
}

// A refusal does not make forget a key that was lost before, and that AWS did not list yet.
func TestRotateRemembersALostKey(t *testing.T) {
	r := newRotateRig(t)
	lost := r.loseKey()
	hidden := r.vault.get(RotateItem("work"))
	r.change(func(j *rotation) { j.Before = append(j.Before, lost) }) // as if it were not listed
	j := r.vault.get(RotateItem("work"))
	rot := &rotor{Keys: r.process(&fate{}), arn: rotateUser, tell: func(string) {}}
	if err := rot.read(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := rot.rotation
	rot.rotation = rotation{Started: r.aws.Now(), Old: before.Old}
	if _, isLost, err := rot.create(t.Context()); err == nil || isLost {
		t.Fatalf("got %v, lost %v", err, isLost)
	}
	rot.unmade(t.Context(), before, false)
	if got := r.vault.get(RotateItem("work")); string(got) != string(j) {
		t.Errorf("journal is not the one before")
	}
	r.vault.put(RotateItem("work"), hidden)
	if err := r.rotate(); err != nil {
		t.Fatal(err)
	}
	r.wantRotated()
}

// Who asked for the rotation leaves while AWS makes the key: its secret is kept.
func TestRotateKeepsWhatWasMade(t *testing.T) {
	r := newRotateRig(t)
	ctx, leave := context.WithCancel(t.Context())
	r.refuse = func(action, _ string) string {
		if action == "CreateAccessKey" {
			leave()
		}
		return ""
	}
	k := r.process(&fate{})
	k.deps.Vault = &locker{Vault: k.deps.Vault} // which heeds ctx
	if err := k.Rotate(ctx, func(string) {}); err == nil {
		t.Fatal("no error, want one")
	}
	if got := string(r.vault.get(RotateItem("work"))); !strings.Contains(got, `"new":`) {
		t.Errorf("the new key is not in the journal")
	}
	r.refuse = nil
	if err := r.rotate(); err != nil {
		t.Fatal(err)
	}
	r.wantRotated()
	if got := r.aws.Calls("CreateAccessKey"); got != 1 {
		t.Errorf("%d keys were made, want 1", got)
	}
}

// Another user's credentials are met in the middle: what AWS does not know of them is not believed to be gone.
func TestRotateBelievesItsOwnUser(t *testing.T) {
	for _, at := range []string{"UpdateAccessKey", "DeleteAccessKey"} {
		t.Run(at, func(t *testing.T) {
			r := newRotateRig(t)
			allow := r.refuseAction(at)
			if err := r.rotate(); err == nil {
				t.Fatal("no error, want one")
			}
			allow()
			k := r.process(&fate{})
			eve := r.newKey(eveUser)
			fresh := r.vault.get(KeyItem("work"))
			swapping := &swapSTS{STS: k.deps.STS, proofs: settledRow, swap: func() { r.hold(eve, eveUser) }}
			if at == "DeleteAccessKey" {
				swapping.proofs++
			}
			k.deps.STS = swapping
			wantSourceError(t, r.rotateIn(k), Config, "are of "+eveUser+", not of "+rotateUser)
			if r.vault.get(RotateItem("work")) == nil || len(r.aws.Keys(rotateUser)) != 2 {
				t.Error("the journal or a key is gone")
			}
			r.vault.put(KeyItem("work"), fresh)
			if err := r.rotate(); err != nil {
				t.Fatal(err)
			}
			r.wantRotated()
		})
	}
}

// swapSTS does something after so many proofs.
type swapSTS struct {
	STS
	proofs int
	swap   func()
}

func (s *swapSTS) Identity(ctx context.Context, by sts.Caller) (sts.Identity, error) {
	id, err := s.STS.Identity(ctx, by)
	if s.proofs--; s.proofs == 0 {
		s.swap()
	}
	return id, err
}

// A new key that only a part of AWS knows yet is no reason to end the old one.
func TestRotateSettles(t *testing.T) {
	r := newRotateRig(t)
	var proofs string
	stored, ended := false, false
	r.refuse = func(action, auth string) string {
		key, _ := readKey(r.vault.get(KeyItem("work")))
		stored = stored || key.ID != r.old.ID
		ended = ended || action == "UpdateAccessKey"
		if action != "GetCallerIdentity" || !stored || ended {
			return ""
		}
		if n := len(proofs); n == 1 || n == 4 {
			proofs += "-"
			return unknownKey
		}
		proofs += "+"
		return ""
	}
	k := r.process(&fate{})
	var pauses int
	k.pause = func(ctx context.Context, d time.Duration) error { pauses++; return ctx.Err() }
	if err := r.rotateIn(k); err != nil {
		t.Fatal(err)
	}
	if want := "+-++-+++"; proofs != want || pauses != len(want)-1 {
		t.Errorf("proofs are %s with %d pauses, want %s with one between each", proofs, pauses, want)
	}
	r.wantRotated()
}

// A session that AWS refused once, and that was replaced meanwhile, is not dropped for the one before.
func TestRotateDropsOnlyWhatWasRefused(t *testing.T) {
	r := newRotateRig(t)
	r.needMFA(TOTP)
	r.logIn()
	k := r.process(&fate{})
	if _, err := k.Credentials(t.Context()); err != nil {
		t.Fatal(err)
	}
	mark := k.held.mark()
	newer := *k.held.living()
	newer.AccessKeyID = "ASIANEWER"
	rot := &rotor{Keys: k, arn: rotateUser}
	r.refuse = func(action, _ string) string {
		if action == "ListAccessKeys" && mark >= 0 {
			k.held.put(mark, &newer)
			mark = -1
			return "ExpiredToken"
		}
		return ""
	}
	rot.list(t.Context()) // AWS does not know the newer one either, which then goes
	if got := r.aws.Calls("GetSessionToken"); got != 1 {
		t.Errorf("%d sessions were made, want 1", got)
	}
	if s := k.held.living(); s == nil || s.AccessKeyID != "ASIANEWER" {
		t.Errorf("held is %v, want the newer one", s)
	}
}
