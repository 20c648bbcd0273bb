package fakeaws

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

const deviceLife = 10 * time.Minute

// deviceGrant is a sign-in that the user allows on another device.
type deviceGrant struct {
	code, userCode  string
	signIn          *signIn
	expires, polled time.Time
	decided         bool
	allowed         bool
	spent           bool
}

// ApproveDevice allows what a program waits for, as the user does on the page /device.
func (s *Server) ApproveDevice(userCode string) error { return s.decide(userCode, true) }

// DenyDevice denies it.
func (s *Server) DenyDevice(userCode string) error { return s.decide(userCode, false) }

func (s *Server) decide(userCode string, allow bool) error {
	now := s.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.center.pending(userCode, now)
	if d == nil {
		return fmt.Errorf("nothing waits for the user code %q", userCode)
	}
	d.decided, d.allowed = true, allow
	return nil
}

// PendingDevices returns the user codes of which nothing was decided yet, in the order in which they were made.
func (s *Server) PendingDevices() []string {
	now := s.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	var codes []string
	for _, d := range s.center.devices {
		if !d.decided && now.Before(d.expires) {
			codes = append(codes, d.userCode)
		}
	}
	return codes
}

// SetDeviceInterval sets how many seconds a program is told to leave between two polls; 0 is 1.
func (s *Server) SetDeviceInterval(seconds int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.center.deviceInterval = max(seconds, 1)
}

// SetSlowDown makes polls that come too early fail with SlowDownException.
func (s *Server) SetSlowDown(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.center.slowDown = on
}

func (s *Server) startDevice(c restCall) (any, error) {
	var in struct{ ClientID, ClientSecret, StartURL string }
	if json.Unmarshal(c.body, &in) != nil {
		return nil, oidcError("InvalidRequestException", "the body is not JSON")
	}
	verify := s.URL() + "/device"
	s.mu.Lock()
	defer s.mu.Unlock()
	client, err := s.center.client(in.ClientID, in.ClientSecret, c.now)
	if err != nil {
		return nil, err
	}
	if !client.may(grantDevice) {
		return nil, oidcError("UnauthorizedClientException", "the client is not registered for "+grantDevice)
	}
	directory := s.center.find(in.StartURL)
	if directory == nil {
		return nil, oidcError("InvalidRequestException", "unknown startUrl")
	}
	d := &deviceGrant{
		code: randomBase64(48), userCode: newUserCode(), signIn: &signIn{client, directory}, expires: c.now.Add(deviceLife),
	}
	s.center.devices = append(s.center.devices, d)
	return map[string]any{
		"deviceCode":              d.code,
		"userCode":                d.userCode,
		"verificationUri":         verify,
		"verificationUriComplete": verify + "?user_code=" + d.userCode,
		"expiresIn":               int(deviceLife.Seconds()),
		"interval":                s.center.deviceInterval,
	}, nil
}

// redeemDevice answers a poll.
func (c *identityCenter) redeemDevice(client *oidcClient, in tokenRequest, now time.Time) (*signIn, error) {
	var d *deviceGrant
	for _, known := range c.devices {
		if known.code == in.DeviceCode && known.signIn.client == client {
			d = known
		}
	}
	if d == nil || d.spent {
		return nil, oidcError("InvalidGrantException", "Invalid device code provided")
	}
	early := !d.polled.IsZero() && now.Sub(d.polled) < time.Duration(c.deviceInterval)*time.Second
	d.polled = now
	switch {
	case !now.Before(d.expires):
		return nil, oidcError("ExpiredTokenException", "The device code has expired")
	case early && c.slowDown:
		return nil, oidcError("SlowDownException", "Polling too fast")
	case !d.decided:
		return nil, oidcError("AuthorizationPendingException", "The user has not decided yet")
	case !d.allowed:
		return nil, oidcError("AccessDeniedException", "The user denied the request")
	}
	d.spent = true
	return d.signIn, nil
}

// pending returns nil where there is no such code, or nothing left to decide. The caller has Server.mu.
func (c *identityCenter) pending(userCode string, now time.Time) *deviceGrant {
	for _, d := range c.devices {
		if d.userCode == strings.ToUpper(userCode) && !d.decided && now.Before(d.expires) {
			return d
		}
	}
	return nil
}

// newUserCode returns XXXX-XXXX, without vowels so that it is never a word.
func newUserCode() string {
	const letters = "BCDFGHJKLMNPQRSTVWXZ"
	b := make([]byte, 8)
	rand.Read(b) // never fails
	for i := range b {
		b[i] = letters[int(b[i])%len(letters)]
	}
	return string(b[:4]) + "-" + string(b[4:])
}
