// Package api holds the management requests, their replies and a client for them. They travel as JSON in the frames of
// package ipc. No reply carries a secret; times are RFC 3339 UTC.
package api

import "time"

// What a request asks for.
const (
	DoStatus  = "status"      // -> Status
	DoReload  = "reload"      // -> Reload
	DoTest    = "test-source" // Name is a source or a role -> Identity
	DoRefresh = "refresh"     // Name is a role -> Session
	DoForget  = "forget"      // Name is a role or a customer, or All -> Forgotten
)

// Request is one management request.
type Request struct {
	Do   string `json:"do"`
	Name string `json:"name,omitempty"`
	All  bool   `json:"all,omitempty"`
}

// Status is the daemon as it is now. Lists are sorted by name and never null.
type Status struct {
	Version   string    `json:"version"`
	PID       int       `json:"pid"`
	Started   time.Time `json:"started"`
	Socket    string    `json:"socket"`
	ConfigDir string    `json:"config_dir"`
	Customers int       `json:"customers"`
	Roles     int       `json:"roles"`
	Sessions  []Session `json:"sessions"`
	Failing   []Failure `json:"failing"`
	Problems  []Problem `json:"problems"` // of configuration files
	Warnings  []string  `json:"warnings"` // audit log not writable, files not watched, clock off, …
}

// Session is one live session.
type Session struct {
	Role        string    `json:"role"`
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
	LastWorked time.Time `json:"last_worked,omitzero"` // zero: never since the daemon started
	Retry      time.Time `json:"retry"`                // not asked of AWS again before
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

// Forgotten lists the roles whose sessions were dropped. Issued credentials live on until they expire.
type Forgotten struct {
	Roles []string `json:"roles"`
}
