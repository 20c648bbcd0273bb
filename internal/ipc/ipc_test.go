package ipc

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"
)

func TestRead(t *testing.T) {
	const limit = 8
	for _, c := range []struct {
		name, bytes string
		want        error
	}{
		{"empty", "", io.EOF},
		{"half a header", "\x00\x00", io.ErrUnexpectedEOF},
		{"half a payload", "\x00\x00\x00\x04\x01ab", io.ErrUnexpectedEOF},
		{"no payload", "\x00\x00\x00\x04\x01", io.ErrUnexpectedEOF},
		{"length 0", "\x00\x00\x00\x00\x01", ErrMalformed},
		{"at the limit", "\x00\x00\x00\x09\x0112345678", nil},
		{"over the limit", "\x00\x00\x00\x0a\x01123456789", ErrTooLarge},
		{"4 GB", "\xff\xff\xff\xff\x01", ErrTooLarge},
		{"HTTP", "GET / HTTP/1.1\r\n", ErrTooLarge},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := Read(iotest.OneByteReader(strings.NewReader(c.bytes)), limit)
			if err != c.want {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestParseCredentials(t *testing.T) {
	longest := strings.Repeat("r", MaxRole)
	for _, c := range []struct {
		name, payload, want string
		err                 error
	}{
		{"role", "\x01\x00\x00\x0aacme/admin", "acme/admin", nil},
		{"longest role", "\x01\x00\x02\x00" + longest, longest, nil},
		{"of a newer helper", "\x02\xff\x00\x01a, and more", "a", nil},
		{"version 0", "\x00\x00\x00\x01a", "", ErrUnsupported},
		{"empty", "", "", ErrMalformed},
		{"no role", "\x01\x00", "", ErrMalformed},
		{"empty role", "\x01\x00\x00\x00", "", ErrMalformed},
		{"cut role", "\x01\x00\x00\x0aacme", "", ErrMalformed},
		{"too long a role", "\x01\x00\x02\x01" + longest + "r", "", ErrMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ParseCredentials([]byte(c.payload))
			if got != c.want || err != c.err {
				t.Errorf("got %q, %v, want %q, %v", got, err, c.want, c.err)
			}
		})
	}
}

func TestParseManage(t *testing.T) {
	for _, c := range []struct {
		name, payload, want string
		err                 error
	}{
		{"request", string(AppendManage(nil, []byte(`{"a":1}`))), `{"a":1}`, nil},
		{"empty request", "\x01", "", nil},
		{"version 0", "\x00{}", "", ErrUnsupported},
		{"empty", "", "", ErrMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ParseManage([]byte(c.payload))
			if string(got) != c.want || err != c.err {
				t.Errorf("got %q, %v, want %q, %v", got, err, c.want, c.err)
			}
		})
	}
}

func TestParseError(t *testing.T) {
	for _, c := range []struct {
		name, payload string
		want          Error
		err           error
	}{
		{"error", "\x06\x00\x02no\x00\x03why", Error{Denied, "no", "why"}, nil},
		{"no hint", "\x04\x00\x02no\x00\x00", Error{UnknownRole, "no", ""}, nil},
		{"of a newer daemon", "\x06\x00\x02no\x00\x00 and more", Error{Denied, "no", ""}, nil},
		{"unknown code", "\xc8\x00\x02no\x00\x00", Error{Internal, "no", ""}, nil},
		{"never success", "\x00\x00\x02no\x00\x00", Error{Internal, "no", ""}, nil},
		{"empty", "", Error{}, ErrMalformed},
		{"cut message", "\x06\x00\x05no", Error{}, ErrMalformed},
		{"no hint's length", "\x06\x00\x02no", Error{}, ErrMalformed},
		{"cut hint", "\x06\x00\x02no\x00\x09why", Error{}, ErrMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ParseError([]byte(c.payload))
			if err != c.err || err == nil && *got != c.want {
				t.Errorf("got %+v, %v, want %+v, %v", got, err, c.want, c.err)
			}
		})
	}
}

func TestAppendErrorCutsBetweenCharacters(t *testing.T) {
	for _, text := range []string{strings.Repeat("é", MaxError), "x" + strings.Repeat("€", MaxError), strings.Repeat("x", 1<<17)} {
		p := AppendError(nil, &Error{Denied, text, text})
		if len(p) > MaxError {
			t.Errorf("got %d bytes, want at most %d", len(p), MaxError)
		}
		got, err := ParseError(p)
		if err != nil {
			t.Fatal(err)
		}
		if !utf8.ValidString(got.Message) || !utf8.ValidString(got.Hint) || got.Message == "" || got.Hint == "" {
			t.Errorf("got %+v, want both texts, whole characters", got)
		}
	}
}

// FuzzRead holds that a frame which is read is the frame that was sent, and that memory is bounded by the limit.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{"", "\x00\x00\x00\x00\x01", "\x00\x00\x00\x01\x41", "\x00\x00\x00\x04\x01abc", "\x00\x00\x00\x09\x01abc", "\xff\xff\xff\xff\x01"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		const limit = 64
		kind, payload, err := Read(bytes.NewReader(b), limit)
		if err != nil {
			return
		}
		if len(payload) > limit {
			t.Errorf("got %d bytes, want at most %d", len(payload), limit)
		}
		if again := Append(nil, kind, payload); !bytes.HasPrefix(b, again) {
			t.Errorf("got %x, which is not the start of %x", again, b)
		}
	})
}

func FuzzParseCredentials(f *testing.F) {
	for _, seed := range []string{"", "\x01\x00\x00\x0aacme/admin", "\x00\x00\x00\x01a", "\x02\xff\x00\x01a+", "\x01\x00\xff\xffa", "\x01\x00\x00\x00"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		role, err := ParseCredentials(b)
		if err != nil {
			if role != "" {
				t.Errorf("got role %q with error %v", role, err)
			}
			return
		}
		if role == "" || len(role) > MaxRole {
			t.Errorf("got a role of %d bytes", len(role))
		}
		if again, err := ParseCredentials(AppendCredentials(nil, role)); again != role || err != nil {
			t.Errorf("got %q, %v, want %q", again, err, role)
		}
	})
}

func FuzzParseManage(f *testing.F) {
	for _, seed := range []string{"", "\x00", "\x01", "\x01{}", "\xffx"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		json, err := ParseManage(b)
		if err == nil && !bytes.Equal(json, b[1:]) {
			t.Errorf("got %q, want %q", json, b[1:])
		}
	})
}

func FuzzParseError(f *testing.F) {
	for _, seed := range []string{"", "\x06\x00\x02no\x00\x03why", "\x00\x00\x00\x00\x00", "\xff\xff\xff", "\x06\x00\x02no", "\x06\x00\x02no\x00\x09why"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := ParseError(b)
		if err != nil {
			if !errors.Is(err, ErrMalformed) || e != nil {
				t.Errorf("got %v, %v", e, err)
			}
			return
		}
		if e.Code == OK || e.Code > Refused {
			t.Errorf("got code %d", e.Code)
		}
		if again, err := ParseError(AppendError(nil, e)); err != nil || len(b) <= MaxError/4 && *again != *e {
			t.Errorf("got %+v, %v, want %+v", again, err, e)
		}
	})
}
