// Package api holds the management requests, their replies and a client for them. They travel as JSON in the frames of
// package ipc; times are RFC 3339 UTC. No reply carries a secret but one, Kept: the lines that an import took out of the user's
// own files, for the undo that writes them back. It is for that alone, and each is in the audit log. Of the requests those carry one
// that put such lines or a new key into the vault, or that try a key.
package api

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"credd/internal/customer/verify"
)

// What a request asks for.
const (
	DoStatus  = "status"      // -> Status
	DoReload  = "reload"      // -> Reload
	DoTest    = "test-source" // Name is a source or a role -> Identity
	DoRefresh = "refresh"     // Name is a role -> Session
	DoForget  = "forget"      // Name is a role or a customer, or All -> Forgotten
	DoNames   = "names"       // Text, which names hold -> Names
	DoAlive   = "alive"       // -> Done; the daemon asks itself so

	// Of sources. These may ask questions and send events before their reply.
	DoLogin    = "login"     // Name, Device -> Login
	DoLogout   = "logout"    // Name -> Forgotten
	DoStoreKey = "store-key" // Name, Key -> Identity; a Key without ID only asks whether the vault takes one
	DoRotate   = "rotate"    // Name -> Done
	DoDropKey  = "drop-key"  // Name -> Dropped
	DoAccounts = "accounts"  // Name -> Accounts

	// Of imports. What an import takes out of ~/.aws/credentials is kept in the vault, to be put back. Names are import.ID.NUMBER.
	DoKeep  = "keep"   // Name, Text -> Done; without a text what is kept is dropped
	DoKept  = "kept"   // Name -> Kept
	DoKeyID = "key-id" // Name is a source -> KeyID

	DoTryKey = "try-key" // Key -> Tried; nothing is stored

	// Of the credd of a machine, whose files are closed to its users.
	DoRoster = "roster" // -> Roster: of the roles that the caller may use
	DoAudit  = "audit"  // Audit -> AuditEnd; the lines come as events before it, of the caller alone unless it is root

	DoVerify = "verify" // Name is a role or a customer, or All -> Verified; events tell how far it is
)

// Request is one management request.
type Request struct {
	Do   string `json:"do"`
	Name string `json:"name,omitempty"`
	All  bool   `json:"all,omitempty"`

	Device bool    `json:"device,omitempty"` // log in by a code instead of a redirect to this machine
	Key    *NewKey `json:"key,omitempty"`
	SSO    *SSO    `json:"sso,omitempty"` // of login and accounts: a login that no source has yet
	Text   string  `json:"text,omitempty"`

	Audit *AuditFilter `json:"audit,omitempty"`
}

// SSO is an IAM Identity Center, by its start URL and region, or by an [sso-session] of ~/.aws/config.
type SSO struct {
	StartURL string `json:"start_url,omitempty"`
	Region   string `json:"region,omitempty"`
	Session  string `json:"session,omitempty"`
}

// NewKey is an access key for the vault, or to try.
type NewKey struct {
	ID      string `json:"id"`
	Secret  string `json:"secret"`
	Seed    string `json:"seed,omitempty"` // of mfa = "totp"
	Replace bool   `json:"replace,omitempty"`

	// How its source reaches STS, as in credd.toml.
	Region      string `json:"region,omitempty"`
	STSRegion   string `json:"sts_region,omitempty"`
	EndpointURL string `json:"endpoint_url,omitempty"`
}

// Tried is what AWS says of a key.
type Tried struct {
	Accepted bool      `json:"accepted"`
	Created  time.Time `json:"created,omitzero"` // where AWS tells
}

// Event is what a command tells its user before the reply.
type Event struct {
	URL    string `json:"url,omitempty"`    // to open in a browser
	Code   string `json:"code,omitempty"`   // that the page shows too
	Notice string `json:"notice,omitempty"` // a step that was done

	Line json.RawMessage `json:"line,omitempty"` // of the audit log
}

// Login is a login that worked.
type Login struct {
	Name  string    `json:"name"`
	Until time.Time `json:"until,omitzero"` // of the source's session; zero if it does not end
}

// Dropped says whether there was a key.
type Dropped struct {
	Had bool `json:"had"`
}

// Kept is a text that DoKeep stored. It may hold access keys.
type Kept struct {
	Text string `json:"text"`
}

// KeyID is the ID of a source's access key in the vault, "" if it has none. An ID is no secret.
type KeyID struct {
	ID string `json:"id"`
}

// Done is an answer with nothing to say.
type Done struct{}

// Accounts are what an IAM Identity Center login may use.
type Accounts struct {
	Accounts []Account `json:"accounts"`
}

// Account is one account with the user's roles (permission sets) in it.
type Account struct {
	ID    string   `json:"account_id"`
	Name  string   `json:"name,omitempty"`
	Email string   `json:"email,omitempty"`
	Roles []string `json:"roles"`
}

// Status is the daemon as it is now. Lists are sorted by name and never null.
type Status struct {
	Version   string    `json:"version"`
	PID       int       `json:"pid"`
	Started   time.Time `json:"started"`
	Replaced  bool      `json:"replaced"` // its program's file is not the one it was started from
	Socket    string    `json:"socket"`
	ConfigDir string    `json:"config_dir"`
	Customers int       `json:"customers"`
	Roles     int       `json:"roles"`
	Sources   []Source  `json:"sources"`
	Sessions  []Session `json:"sessions"`
	Failing   []Failure `json:"failing"`
	Problems  []Problem `json:"problems"` // of configuration files
	Drifted   []Drift   `json:"drifted"`
	Warnings  []string  `json:"warnings"` // audit log not writable, files not watched, clock off, …
}

// Source is an identity as it did when it was last used.
type Source struct {
	Name       string    `json:"name"`
	Type       string    `json:"type"`
	State      string    `json:"state"`          // ready, untried (since the daemon started), or an outcome as in the audit log: login, config, …
	Until      time.Time `json:"until,omitzero"` // of its session; zero if it has none, or one that does not end
	Since      time.Time `json:"since,omitzero"` // it fails
	LastWorked time.Time `json:"last_worked,omitzero"`
	Message    string    `json:"message,omitempty"`
	Hint       string    `json:"hint,omitempty"`
	Notes      []string  `json:"notes,omitempty"` // such as a key that is old
}

// Session is one live session.
type Session struct {
	Role        string    `json:"role"`
	User        string    `json:"user,omitempty"` // whose it is, on a machine's credd
	Source      string    `json:"source"`
	AccessKeyID string    `json:"access_key_id"`
	ARN         string    `json:"arn"`
	SessionName string    `json:"session_name"`
	Issued      time.Time `json:"issued"`
	Expires     time.Time `json:"expires"`
	Asked       time.Time `json:"asked,omitzero"` // when a helper last asked for it
	Note        string    `json:"note,omitempty"`
}

// Failure is a role that could not be assumed when last tried.
type Failure struct {
	Role       string    `json:"role"`
	Outcome    string    `json:"outcome"` // as in the audit log: denied, login, unreachable, …
	Message    string    `json:"message"`
	Hint       string    `json:"hint,omitempty"`
	Since      time.Time `json:"since"`
	LastWorked time.Time `json:"last_worked,omitzero"` // zero: never, as far as is known
	Causes     []string  `json:"causes,omitempty"`     // of a denial, what speaks for which, in order of evidence
	Retry      time.Time `json:"retry"`                // not asked of AWS again before
}

// Drift is a role that was verified and no longer is what it was.
type Drift struct {
	Role    string `json:"role"`
	Message string `json:"message"` // begins with the role
}

// Problem is an error in a configuration file. What it concerns keeps its last good version, if it had one.
type Problem struct {
	File     string `json:"file"`
	Line     int    `json:"line,omitempty"` // 0: the file as a whole
	Customer string `json:"customer,omitempty"`
	Message  string `json:"message"`
	Hint     string `json:"hint,omitempty"`
}

// Reload is what a re-reading of all files gave.
type Reload struct {
	Customers int       `json:"customers"`
	Roles     int       `json:"roles"`
	Dropped   []string  `json:"dropped"` // roles whose session was dropped because they changed or went
	Problems  []Problem `json:"problems"`
}

// Identity is who a source is, as AWS sees it (GetCallerIdentity).
type Identity struct {
	Name      string    `json:"name"`
	ARN       string    `json:"arn"`
	AccountID string    `json:"account_id"`
	Region    string    `json:"region"`
	Temporary bool      `json:"temporary"`        // roles assumed from it last at most 1 h
	Expires   time.Time `json:"expires,omitzero"` // zero for a long-term key
	Millis    int64     `json:"duration_ms"`
}

// Names are what the files hold, for completion: those with a text in them, and all environments. Lists are sorted and never null.
type Names struct {
	Roles        []Label      `json:"roles"`
	Customers    []Label      `json:"customers"`
	Sources      []SourceName `json:"sources"`
	Environments []string     `json:"environments"`
}

// Label is a name, a tab, and what tells it from others. It is no object: of a thousand that would take three times as long to
// decode, while a person waits for the next letter.
type Label string

// NewLabel makes one of a name and what is known of it.
func NewLabel(name string, about ...string) Label {
	return Label(name + "\t" + strings.Join(slices.DeleteFunc(about, func(s string) bool { return s == "" }), " "))
}

// Parts returns the name and what tells it from others.
func (l Label) Parts() (name, about string) {
	name, about, _ = strings.Cut(string(l), "\t")
	return name, about
}

// SourceName is a source.
type SourceName struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// Verified is what is known of a customer's roles, in their order. Wanted actions are asked about where the role may ask itself.
type Verified struct {
	Roles []verify.Result `json:"roles"`
}

// Forgotten lists the roles whose sessions were dropped. Issued credentials live on until they expire.
type Forgotten struct {
	Roles []string `json:"roles"`
}
