// Package ipc is the wire between credhelper, credd's commands and the daemon: frames, kinds, codes and limits.
// PROTOCOL.md describes it for another implementation.
package ipc

import (
	"errors"
	"io"
)

// Version is the newest wire version that this build speaks. It is the first byte of every request.
const Version = 1

// Kind says what a frame holds. A number is never used again for something else.
type Kind byte

const (
	KindCredentials Kind = 1 // request: version, flags, role
	KindManage      Kind = 2 // request: version, JSON (package api)
	KindAnswer      Kind = 3 // to a question: status, text

	KindDocument Kind = 64 // reply: the finished credential_process document
	KindError    Kind = 65 // reply: code, message, hint
	KindManaged  Kind = 66 // reply: JSON (package api)
	KindQuestion Kind = 67 // before a reply: flags, text to show at the caller's terminal
	KindEvent    Kind = 68 // before a reply to a management request: JSON (package api)
)

const (
	headerLen = 5 // uint32 length of kind and payload, then the kind

	MaxRole     = 512      // a role name is at most 512 bytes: customer and role name are at most 128 each, chained names never travel
	MaxRequest  = 64 << 10 // the largest request is a management request with a role to add
	MaxDocument = 64 << 10 // a session token is a few KB; AWS promises no limit
	MaxError    = 4 << 10  // message and hint together; longer ones are cut by the daemon
	MaxManaged  = 16 << 20 // status of 10,000 roles
	MaxQuestion = 1 << 10  // one line on a terminal
	MaxAnswer   = 4 << 10  // a passphrase, or a code of six digits
)

// Code is why a request failed. It is also the exit code of both binaries.
type Code byte

const (
	OK          Code = 0
	Internal    Code = 1 // a fault of credd
	Usage       Code = 2 // wrong arguments or configuration
	NoDaemon    Code = 3 // nothing listens (never on the wire)
	UnknownRole Code = 4
	Login       Code = 5 // a login or an MFA code is needed
	Denied      Code = 6 // AWS said no
	Unreachable Code = 7 // AWS cannot be reached, is throttling, or the clock is off
	Refused     Code = 8 // credd said no: peer, lock, confirm
)

var (
	ErrTooLarge    = errors.New("frame is larger than its limit")
	ErrMalformed   = errors.New("malformed frame")
	ErrUnsupported = errors.New("unsupported version or kind")
)

// Append appends one frame to dst.
func Append(dst []byte, k Kind, payload []byte) []byte {
	return append(AppendHeader(dst, k, len(payload)), payload...)
}

// AppendHeader appends what stands before a payload of n bytes.
func AppendHeader(dst []byte, k Kind, n int) []byte {
	n++ // the kind counts
	return append(dst, byte(n>>24), byte(n>>16), byte(n>>8), byte(n), byte(k))
}

// Read reads one frame whose payload has at most limit bytes. A connection closed before the first byte is io.EOF,
// closed later io.ErrUnexpectedEOF. The length is checked before memory is taken for it.
func Read(r io.Reader, limit int) (Kind, []byte, error) {
	var h [headerLen]byte
	if _, err := io.ReadFull(r, h[:]); err != nil {
		return 0, nil, err
	}
	n := uint32(h[0])<<24 | uint32(h[1])<<16 | uint32(h[2])<<8 | uint32(h[3])
	if n == 0 {
		return 0, nil, ErrMalformed
	}
	if uint64(n) > uint64(limit)+1 {
		return 0, nil, ErrTooLarge
	}
	payload := make([]byte, n-1)
	if _, err := io.ReadFull(r, payload); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return 0, nil, err
	}
	return Kind(h[4]), payload, nil
}

// AppendCredentials appends the payload of a credentials request for role.
func AppendCredentials(dst []byte, role string) []byte {
	dst = append(dst, Version, 0)
	return appendString(dst, role)
}

// ParseCredentials returns the role that a credentials request asks for. Bytes behind the role belong to a newer
// helper and are ignored, as are unknown flags.
func ParseCredentials(p []byte) (role string, err error) {
	if len(p) < 2 {
		return "", ErrMalformed
	}
	if p[0] == 0 {
		return "", ErrUnsupported
	}
	role, _, ok := cutString(p[2:])
	if !ok || role == "" || len(role) > MaxRole {
		return "", ErrMalformed
	}
	return role, nil
}

// AppendManage appends the payload of a management request.
func AppendManage(dst, json []byte) []byte {
	return append(append(dst, Version), json...)
}

// ParseManage returns the JSON of a management request.
func ParseManage(p []byte) ([]byte, error) {
	if len(p) < 1 {
		return nil, ErrMalformed
	}
	if p[0] == 0 {
		return nil, ErrUnsupported
	}
	return p[1:], nil
}

// Error is a refusal as it travels: a code for programs, a message and a hint for people. Neither holds a secret.
type Error struct {
	Code    Code
	Message string
	Hint    string // may be empty
}

func (e *Error) Error() string { return e.Message }

// AppendError appends the payload of an error reply. Message and hint are cut to MaxError together.
func AppendError(dst []byte, e *Error) []byte {
	hint := cut(e.Hint, MaxError/4)
	msg := cut(e.Message, MaxError-5-len(hint))
	return appendString(appendString(append(dst, byte(e.Code)), msg), hint)
}

// ParseError reads the payload of an error reply. Bytes behind the hint belong to a newer daemon and are ignored.
func ParseError(p []byte) (*Error, error) {
	if len(p) < 1 {
		return nil, ErrMalformed
	}
	msg, rest, ok := cutString(p[1:])
	if !ok {
		return nil, ErrMalformed
	}
	hint, _, ok := cutString(rest)
	if !ok {
		return nil, ErrMalformed
	}
	code := Code(p[0])
	if code == OK || code > Refused { // an error is never success, whatever a newer daemon calls it
		code = Internal
	}
	return &Error{Code: code, Message: msg, Hint: hint}, nil
}

// appendString appends a string of at most 65,535 bytes behind its length. Package encoding/binary would do it with
// reflect, which the helper should not link.
func appendString(dst []byte, s string) []byte {
	return append(append(dst, byte(len(s)>>8), byte(len(s))), s...)
}

func cutString(p []byte) (s string, rest []byte, ok bool) {
	if len(p) < 2 {
		return "", nil, false
	}
	n := int(p[0])<<8 | int(p[1])
	if n > len(p)-2 {
		return "", nil, false
	}
	return string(p[2 : 2+n]), p[2+n:], true
}

// cut shortens s to at most n bytes without splitting a UTF-8 sequence.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n]
}

// Question is what the daemon asks the person at the caller's terminal.
type Question struct {
	Text   string // one line, without control characters
	Hidden bool   // the answer is not shown while it is typed
}

const flagHidden = 1

// AppendQuestion appends the payload of a question, cut to MaxQuestion.
func AppendQuestion(dst []byte, q Question) []byte {
	var flags byte
	if q.Hidden {
		flags |= flagHidden
	}
	return appendString(append(dst, flags), cut(q.Text, MaxQuestion-3))
}

// ParseQuestion reads the payload of a question. Bytes behind the text and unknown flags are ignored.
func ParseQuestion(p []byte) (Question, error) {
	if len(p) < 1 {
		return Question{}, ErrMalformed
	}
	text, _, ok := cutString(p[1:])
	if !ok {
		return Question{}, ErrMalformed
	}
	return Question{Text: text, Hidden: p[0]&flagHidden != 0}, nil
}

// Status says what became of a question.
type Status byte

const (
	Answered   Status = 0
	NoTerminal Status = 1 // there is none, or the caller is in its background
	Declined   Status = 2 // the person said no
)

// Answer is what the caller's terminal gave.
type Answer struct {
	Status Status
	Text   string // of Answered; may be a secret
}

// AppendAnswer appends the payload of an answer. Its text has at most MaxAnswer-3 bytes.
func AppendAnswer(dst []byte, a Answer) []byte {
	return appendString(append(dst, byte(a.Status)), a.Text)
}

// ParseAnswer reads the payload of an answer. A status that is not known is taken as Declined.
func ParseAnswer(p []byte) (Answer, error) {
	if len(p) < 1 {
		return Answer{}, ErrMalformed
	}
	text, _, ok := cutString(p[1:])
	if !ok {
		return Answer{}, ErrMalformed
	}
	a := Answer{Status(p[0]), text}
	if a.Status > Declined {
		a = Answer{Status: Declined}
	}
	return a, nil
}
