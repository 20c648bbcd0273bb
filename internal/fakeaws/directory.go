package fakeaws

import (
	"crypto/rand"
	"encoding/hex"
	"slices"
	"strings"
	"time"
)

const (
	ssoUser      = "user" // the one person in every directory, and so the name of every session
	reservedPath = "aws-reserved/sso.amazonaws.com/"
)

// identityCenter is IAM Identity Center. Server.mu guards it.
type identityCenter struct {
	directories []*directory
	clients     map[string]*oidcClient // by client ID; expired ones stay
	codes       map[string]*authCode   // by code
	devices     []*deviceGrant         // in the order in which they were started
	access      map[string]*ssoToken   // by access token; expired ones stay, ended ones do not
	refresh     map[string]*ssoToken   // by refresh token

	tokenLife, roleLife time.Duration
	deviceInterval      int // seconds between polls
	slowDown            bool
	pageSize            int
	throttled           int // portal calls still to be refused
}

func newIdentityCenter() *identityCenter {
	return &identityCenter{
		clients:        map[string]*oidcClient{},
		codes:          map[string]*authCode{},
		access:         map[string]*ssoToken{},
		refresh:        map[string]*ssoToken{},
		tokenLife:      time.Hour,
		roleLife:       time.Hour,
		deviceInterval: 1,
		pageSize:       2, // so small that callers have to page
	}
}

// directory is what one start URL leads to.
type directory struct {
	startURL string
	accounts []*ssoAccount
}

type ssoAccount struct {
	id, name, email string
	roles           []*ssoRole
}

// ssoRole is a permission set in one account, where it is a role with a name of its own.
type ssoRole struct {
	name string // of the permission set
	arn  string
	id   string // AROA…
}

// AddSSO makes a directory with one user and nothing assigned to the user.
func (s *Server) AddSSO(startURL string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.center.ensure(startURL)
}

// AssignSSO lets the user of a directory have roles in an account, in addition to those assigned before. It makes the
// directory and the account where they are new.
func (s *Server) AssignSSO(startURL, accountID, accountName, email string, roleNames ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.center.ensure(startURL)
	a := d.account(accountID)
	if a == nil {
		a = &ssoAccount{id: accountID}
		d.accounts = append(d.accounts, a)
	}
	a.name, a.email = accountName, email
	for _, name := range roleNames {
		if a.role(name) == nil {
			full := "AWSReservedSSO_" + name + "_" + randomHex(8)
			a.roles = append(a.roles, &ssoRole{name, "arn:aws:iam::" + accountID + ":role/" + reservedPath + full, newID("AROA", 17)})
		}
	}
}

// SSORoleARN returns the ARN that an assigned role has in IAM, for trust policies and SetFault; "" where the role is not
// assigned.
func (s *Server) SSORoleARN(startURL, accountID, roleName string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.center.find(startURL).assigned(accountID, roleName); r != nil {
		return r.arn
	}
	return ""
}

// SetSSOTokenLife sets how long new access tokens last; at first 1h.
func (s *Server) SetSSOTokenLife(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.center.tokenLife = d
}

// SetSSORoleLife sets how long new sessions of roles last; at first 1h.
func (s *Server) SetSSORoleLife(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.center.roleLife = d
}

// EndSSO ends every sign-in to a directory: access and refresh tokens die. Sessions of roles live on, as with AWS.
func (s *Server) EndSSO(startURL string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.center.find(startURL)
	s.center.end(func(i *signIn) bool { return i.directory == d })
}

// find returns nil where there is no such directory.
func (c *identityCenter) find(startURL string) *directory {
	startURL = cleanStartURL(startURL)
	i := slices.IndexFunc(c.directories, func(d *directory) bool { return d.startURL == startURL })
	if i < 0 {
		return nil
	}
	return c.directories[i]
}

func (c *identityCenter) ensure(startURL string) *directory {
	d := c.find(startURL)
	if d == nil {
		d = &directory{startURL: cleanStartURL(startURL)}
		c.directories = append(c.directories, d)
	}
	return d
}

// cleanStartURL drops what the address in a browser has more than the one in the documentation: /start/#/.
func cleanStartURL(u string) string {
	u, _, _ = strings.Cut(u, "#")
	return strings.TrimRight(u, "/")
}

func (d *directory) account(id string) *ssoAccount {
	if d == nil {
		return nil
	}
	for _, a := range d.accounts {
		if a.id == id {
			return a
		}
	}
	return nil
}

func (a *ssoAccount) role(name string) *ssoRole {
	if a == nil {
		return nil
	}
	for _, r := range a.roles {
		if r.name == name {
			return r
		}
	}
	return nil
}

// assigned returns nil where the directory's user may not have the role.
func (d *directory) assigned(accountID, roleName string) *ssoRole {
	return d.account(accountID).role(roleName)
}

func randomHex(n int) string {
	b := make([]byte, n)
	rand.Read(b) // never fails
	return hex.EncodeToString(b)
}
