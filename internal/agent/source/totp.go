package source

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"
)

// The one form of time-based codes that AWS knows (RFC 6238): SHA-1, 30 s, 6 digits.
const (
	totpStep   = 30 * time.Second
	totpModulo = 1_000_000
)

var errSeed = errors.New("not a base32 seed, as AWS shows it where the MFA device is made")

// totpSeed reads a seed as AWS shows it: base32, in any case, with or without blanks and padding.
func totpSeed(text string) ([]byte, error) {
	text = strings.ToUpper(strings.Join(strings.Fields(text), ""))
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.TrimRight(text, "="))
	if err != nil || len(key) < 10 {
		return nil, errSeed
	}
	return key, nil
}

// totp returns the code of a seed at a time, and when the next one begins.
func totp(seed []byte, at time.Time) (code string, next time.Time) {
	step := at.Unix() / int64(totpStep/time.Second)
	var counter [8]byte
	binary.BigEndian.PutUint64(counter[:], uint64(step))
	mac := hmac.New(sha1.New, seed)
	mac.Write(counter[:])
	sum := mac.Sum(nil)
	offset := sum[len(sum)-1] & 0x0f
	n := binary.BigEndian.Uint32(sum[offset:]) & 0x7fffffff
	return fmt.Sprintf("%06d", n%totpModulo), time.Unix((step+1)*int64(totpStep/time.Second), 0)
}
