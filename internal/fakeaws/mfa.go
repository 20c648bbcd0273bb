package fakeaws

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

const codeStep = 30 // seconds that a code is shown for (RFC 6238)

// MFADevice is a virtual device for one-time codes, as its owner sees it at set-up.
type MFADevice struct {
	Serial string // arn:aws:iam::ACCOUNT:mfa/NAME
	Seed   string // base32 without padding
}

type device struct {
	owner string // ARN of the user
	seed  []byte
	used  map[int64]bool // steps whose code was accepted
}

var base32Text = base32.StdEncoding.WithPadding(base32.NoPadding)

// AddMFADevice gives a user a device that is named like the user. A further device gets a number behind its name.
func (s *Server) AddMFADevice(userARN string) (MFADevice, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.users[userARN]
	if u == nil {
		return MFADevice{}, fmt.Errorf("add an MFA device: no user %q", userARN)
	}
	first := fmt.Sprintf("arn:%s:iam::%s:mfa/%s", u.partition, u.account, u.last())
	serial := first
	for n := 2; s.devices[serial] != nil; n++ {
		serial = first + "-" + strconv.Itoa(n)
	}
	seed := make([]byte, sha1.Size)
	rand.Read(seed)
	s.devices[serial] = &device{owner: userARN, seed: seed, used: map[int64]bool{}}
	return MFADevice{Serial: serial, Seed: base32Text.EncodeToString(seed)}, nil
}

// Code returns what a device shows now, by the server's clock.
func (s *Server) Code(serial string) string { return s.CodeAt(serial, s.Now()) }

// CodeAt returns what a device shows at t; nothing where there is no such device.
func (s *Server) CodeAt(serial string, t time.Time) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.devices[serial]
	if d == nil {
		return ""
	}
	return totp(d.seed, t.Unix()/codeStep)
}

// totp returns the six digits of a step (RFC 4226, 5.3).
func totp(seed []byte, step int64) string {
	h := hmac.New(sha1.New, seed)
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(step)))
	sum := h.Sum(nil)
	at := sum[len(sum)-1] & 0x0f
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[at:])&0x7fffffff%1000000)
}

// accept reports whether code is of now or one step beside it, for clocks differ, and uses it up.
func (d *device) accept(code string, now time.Time) bool {
	step := now.Unix() / codeStep
	for _, at := range []int64{step, step - 1, step + 1} {
		if code == totp(d.seed, at) && !d.used[at] {
			d.used[at] = true
			return true
		}
	}
	return false
}

// checkMFA reports whether the request brings a code of the caller's own device. The code is spent even if the request
// is refused later on.
func (s *Server) checkMFA(c call) (bool, error) {
	serial, code := c.form.Get("SerialNumber"), c.form.Get("TokenCode")
	if serial == "" && code == "" {
		return false, nil
	}
	if serial == "" || code == "" {
		return false, invalid("MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.")
	}
	now := s.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.devices[serial]
	if c.who.temporary() || d == nil || d.owner != c.who.arn {
		return false, &apiError{http.StatusForbidden, "AccessDenied", "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user."}
	}
	if !d.accept(code, now) {
		return false, &apiError{http.StatusForbidden, "AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code. "}
	}
	return true, nil
}
