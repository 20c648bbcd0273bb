package cred

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
)

const canary = "wJalrXUtnFEMI-canary"

func sample() Session {
	return Session{
		AccessKeyID: "ASIAEXAMPLE", SecretAccessKey: NewSecret(canary), SessionToken: NewSecret(canary + "-token"),
		Expires:   time.Date(2026, 11, 1, 12, 0, 0, 999_000_000, time.FixedZone("", 3600)),
		AccountID: "012345678901",
	}
}

func TestDocument(t *testing.T) {
	s := sample()
	got, err := s.Document()
	want := `{"Version":1,"AccessKeyId":"ASIAEXAMPLE","SecretAccessKey":"` + canary + `","SessionToken":"` + canary +
		`-token","Expiration":"2026-11-01T11:00:00Z","AccountId":"012345678901"}` + "\n"
	if err != nil || string(got) != want {
		t.Errorf("got %s, %v\nwant %s", got, err, want)
	}
}

func TestIncompleteDocument(t *testing.T) {
	for name, breakIt := range map[string]func(*Session){
		"no key":        func(s *Session) { s.AccessKeyID = "" },
		"no secret":     func(s *Session) { s.SecretAccessKey = NewSecret("") },
		"no token":      func(s *Session) { s.SessionToken = Secret{} },
		"no expiration": func(s *Session) { s.Expires = time.Time{} },
	} {
		s := sample()
		breakIt(&s)
		if _, err := s.Document(); !errors.Is(err, ErrIncomplete) {
			t.Errorf("%s: got %v, want %v", name, err, ErrIncomplete)
		}
	}
}

func TestNothingPrintsASecret(t *testing.T) {
	s := sample()
	type holder struct {
		hidden  Session
		list    []Secret
		byName  map[string]Secret
		pointer *Session
	}
	values := map[string]any{
		"secret": s.SecretAccessKey, "pointer": &s.SecretAccessKey, "session": s, "session pointer": &s,
		"holder": holder{s, []Secret{s.SessionToken}, map[string]Secret{"a": s.SessionToken}, &s},
	}
	var log bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&log, nil))
	for name, v := range values {
		out := []string{fmt.Sprint(v)}
		for _, verb := range "vTtbcdoOqxXUeEfFgGsp" {
			out = append(out, fmt.Sprintf("%"+string(verb), v), fmt.Sprintf("%+"+string(verb), v), fmt.Sprintf("%#"+string(verb), v))
		}
		if b, err := json.Marshal(v); err == nil {
			out = append(out, string(b))
		}
		logger.Info("test", "value", v)
		for _, text := range append(out, log.String()) {
			if leaks(text) {
				t.Errorf("%s prints its secret: %s", name, text)
			}
		}
	}
	if !leaks("x" + canary) {
		t.Error("the check finds no planted secret")
	}
}

func leaks(text string) bool {
	return strings.Contains(text, canary) || strings.Contains(strings.ToLower(text), fmt.Sprintf("%x", canary))
}
