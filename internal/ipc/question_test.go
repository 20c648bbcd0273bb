package ipc

import (
	"errors"
	"strings"
	"testing"
)

func TestQuestionsAndAnswers(t *testing.T) {
	for _, q := range []Question{{}, {Text: "MFA code"}, {Text: "passphrase", Hidden: true}} {
		if got, err := ParseQuestion(AppendQuestion(nil, q)); got != q || err != nil {
			t.Errorf("got %+v, %v, want %+v", got, err, q)
		}
	}
	if b := AppendQuestion(nil, Question{Text: strings.Repeat("ä", MaxQuestion)}); len(b) > MaxQuestion {
		t.Errorf("a question of %d bytes", len(b))
	}
	for _, a := range []Answer{{}, {Text: "123456"}, {Status: NoTerminal}, {Status: Declined}} {
		if got, err := ParseAnswer(AppendAnswer(nil, a)); got != a || err != nil {
			t.Errorf("got %+v, %v, want %+v", got, err, a)
		}
	}
	if got, err := ParseAnswer([]byte("\x09\x00\x01x")); got.Status != Declined || got.Text != "" || err != nil {
		t.Errorf("a status of a newer helper: got %+v, %v", got, err)
	}
}

func FuzzParseQuestion(f *testing.F) {
	for _, seed := range []string{"", "\x00\x00\x00", "\x01\x00\x02no", "\x00\x00\x09no", "\xff\xff\xff"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		q, err := ParseQuestion(b)
		if err != nil && !errors.Is(err, ErrMalformed) {
			t.Errorf("got %v", err)
		}
		if again, aerr := ParseQuestion(AppendQuestion(nil, q)); err == nil && len(q.Text) < MaxQuestion/2 && (again != q || aerr != nil) {
			t.Errorf("got %+v, %v, want %+v", again, aerr, q)
		}
	})
}

func FuzzParseAnswer(f *testing.F) {
	for _, seed := range []string{"", "\x00\x00\x00", "\x00\x00\x06123456", "\x02\x00\x00", "\x09\x00\x01x", "\x00\xff\xff"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := ParseAnswer(b)
		if err != nil && !errors.Is(err, ErrMalformed) || a.Status > Declined {
			t.Errorf("got %+v, %v", a, err)
		}
		if again, aerr := ParseAnswer(AppendAnswer(nil, a)); err == nil && (again != a || aerr != nil) {
			t.Errorf("got %+v, %v, want %+v", again, aerr, a)
		}
	})
}
