package sts_test

import (
	"errors"
	"testing"
	"time"

	"credd/internal/agent/cred"
	"credd/internal/agent/sts"
)

// A client that knows a key signs with the secret that it is given, not with one that it was given before.
func TestAnotherSecretOfTheSameKey(t *testing.T) {
	b := newBench(t, time.Now)
	good, bad := b.by, b.by
	bad.Session = &cred.Session{AccessKeyID: good.Session.AccessKeyID, SecretAccessKey: cred.NewSecret("mistyped")}
	for i, by := range []sts.Caller{bad, good, bad, good} {
		_, err := b.client.Identity(t.Context(), by)
		var e *sts.Error
		if wrong := by.Session == bad.Session; wrong != (errors.As(err, &e) && e.Reason == sts.Login) {
			t.Errorf("call %d: wrong secret %v, got %v", i, wrong, err)
		}
	}
}
