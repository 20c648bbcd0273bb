package vault

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/zalando/go-keyring"
)

func TestPassphrase(t *testing.T) {
	v := New(t.TempDir()+"/credd/vault.age", Settings{Key: Passphrase})
	k := v.key.(*passphraseKey)
	k.work = 10
	steps := func(v *Vault, answers ...string) (questions, wrongs []string) {
		err := v.Put(t.Context(), "a", []byte("one"))
		var e *Error
		if !errors.As(err, &e) || e.Kind != Locked || e.Ask == nil {
			t.Fatalf("got %v, want a question", err)
		}
		e.Ask.Begin()
		for i, a := range answers {
			q, hidden := e.Ask.Question()
			if !hidden {
				t.Errorf("%s: it is shown while typed", q)
			}
			done, wrong, err := e.Ask.Answer(t.Context(), a)
			if last := i == len(answers)-1; err != nil || done != last {
				t.Fatalf("answer %d: done %v, %v", i, done, err)
			}
			questions, wrongs = append(questions, q), append(wrongs, wrong)
		}
		return questions, wrongs
	}
	check := func(got []string, want ...string) {
		t.Helper()
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("got %q, want %q", got[i], want[i])
			}
		}
	}
	q, more := steps(v, "short", "correct horse", "correct hose", "correct horse", "correct horse")
	check(q, "choose a passphrase for credd's vault", "choose a passphrase for credd's vault", "the same passphrase again, because nobody can bring it back", "choose a passphrase for credd's vault", "the same passphrase again, because nobody can bring it back")
	check(more, "it has to have 8 characters or more", "", "the two are not the same", "", "")
	put(t, v, "a", "one")
	want(t, v, "a", "one")

	other := again(v)
	_, more = steps(other, "", "wrong horse", "correct horse")
	check(more, "wrong passphrase", "wrong passphrase", "")
	want(t, other, "a", "one")
}

func TestKeyring(t *testing.T) {
	keyring.MockInit()
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/mocked")
	path := t.TempDir() + "/credd/vault.age"
	v := New(path, Settings{})
	put(t, v, "a", "one")
	want(t, again(v), "a", "one")
	keyring.MockInit() // the keyring was emptied
	if _, _, err := again(v).Get(t.Context(), "a"); kindOf(err) != Broken {
		t.Errorf("got %v", err)
	}
	if err := again(v).Put(t.Context(), "a", []byte("two")); kindOf(err) != Broken {
		t.Errorf("got %v", err)
	}
	for text, want := range map[string]Kind{
		"failed to unlock correct collection '/org/freedesktop/secrets/aliases/default'": Locked,
		`exec: "dbus-launch": executable file not found in $PATH`:                        Absent,
		"The name org.freedesktop.secrets was not provided by any .service files":        Absent,
		"something else": Unavailable,
	} {
		keyring.MockInitWithError(errors.New(text))
		if _, _, err := again(v).Get(t.Context(), "a"); kindOf(err) != want {
			t.Errorf("%s: got %v", text, err)
		}
	}
}

// A hung keyring holds up one call, to its deadline; those after it fail at once, until it answers.
func TestHungKeyring(t *testing.T) {
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/mocked")
	k := newKeyring("v")
	over := make(chan struct{})
	hang := func() (string, error) { <-over; return "late", nil }
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := k.call(ctx, hang); kindOf(err) != Unavailable {
		t.Errorf("got %v", err)
	}
	answer := func() (string, error) { return "now", nil }
	if _, err := k.call(t.Context(), answer); kindOf(err) != Unavailable {
		t.Errorf("got %v", err)
	}
	close(over)
	for {
		got, err := k.call(t.Context(), answer)
		if err == nil && got == "now" {
			break
		}
	}
}

// Without a bus the library would start one of its own.
func TestNoBus(t *testing.T) {
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "")
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	if runtime.GOOS != "linux" {
		t.Skip("only Linux asks over a bus")
	}
	_, err := newKeyring("v").call(t.Context(), func() (string, error) { t.Error("the keyring was asked"); return "", nil })
	if kindOf(err) != Absent {
		t.Errorf("got %v", err)
	}
}
