// Package roster holds all customers, roles and sources as one immutable, validated value, read from files that people
// edit. What is wrong in them is named by file and line; it never widens access.
package roster

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"credd/internal/agent/cred"
)

// ErrUnknownRole is wrapped by the error for a role that no file names.
var ErrUnknownRole = errors.New("no such role")

// Problem is something wrong in a configuration file. As an error it is the reason why a role cannot be used.
type Problem struct {
	File     string // as the user knows it: the path below the configuration directory, or the whole path
	Line     int    // 0: the file as a whole
	Customer string // "" for credd.toml
	Message  string
	Hint     string
}

func (p Problem) Error() string {
	if p.Line == 0 {
		return p.File + ": " + p.Message
	}
	return p.File + ":" + strconv.Itoa(p.Line) + ": " + p.Message
}

// Settings are credd.toml without its sources.
type Settings struct {
	Service  Service
	Defaults Defaults
	Network  Network
	Vault    Vault
	Profiles Profiles
	Verify   Verify
	LogLevel slog.Level
	include  []string // directories; as they are once in force
}

// Service is who customers trust.
type Service struct{ Name, AccountID string }

// Defaults are for roles that do not say otherwise.
type Defaults struct {
	Source      string
	Duration    time.Duration
	SessionName string
	Region      string
	STSRegion   string
}

// Network is how AWS is reached.
type Network struct {
	Proxy, CABundle string
	EndpointURL     string // where all AWS services are, such as a simulator's
}

// Vault is where the key of the vault is kept.
type Vault struct{ Key, KeyFile string }

// Profiles are those that credd keeps in ~/.aws/config.
type Profiles struct {
	Sync bool   // the daemon keeps them in step
	Name string // a template
}

// Verify says how roles that were verified are looked after.
type Verify struct {
	Weekly bool // each is tried once a week; true unless the file says otherwise
}

// Source is an identity of ours.
type Source struct {
	Name        string
	Type        string
	Profile     string // an AWS profile, of types profile and login
	Region      string
	STSRegion   string
	EndpointURL string
	MFASerial   string   // of type keys
	MFA         string   // prompt, totp or command; "" without MFASerial
	MFACommand  []string // of mfa command
	StartURL    string   // of type sso
	SSORegion   string
	SSOSession  string // an [sso-session] of ~/.aws/config, instead of both
	AccountID   string
	RoleName    string
	TokenFile   string // of type web-identity
	RoleARN     string
	Command     []string // of type process
	File        string
	Line        int
}

// Customer is an account holder.
type Customer struct {
	Key         string // the file's name without .toml
	Name        string // for people
	AccountID   string
	Environment string
	Region      string
	DefaultRole string
	Note        string
	Allow       *Allow // of its roles that have none of their own; nil: its file says nothing
	File        string

	draft *customerDraft
}

// RoleNames are those of the customer's file, without its own; a role that cannot be used is among them.
func (c *Customer) RoleNames() []string {
	if c.draft == nil {
		return nil
	}
	names := make([]string, 0, len(c.draft.roles))
	for _, r := range c.draft.roles {
		names = append(names, r.name)
	}
	return names
}

// Role is a role with all defaults applied.
type Role struct {
	Name           string // customer/role
	Customer       *Customer
	ARN            string // "": the role hands out its source's own session
	Partition      string
	AccountID      string
	Source         string // a source, or with a slash another role
	ExternalID     cred.Secret
	Duration       time.Duration
	SessionName    string // a template
	Region         string
	STSRegion      string
	Policy         string // JSON
	PolicyARNs     []string
	Tags           map[string]string
	TransitiveTags []string
	SourceIdentity string
	Allow          *Allow // its own, else its customer's; nil: neither says anything
	File           string
	Line           int

	draft *roleDraft
}

// Roster is immutable.
type Roster struct {
	Settings Settings

	dir       string
	told      bool // by Of
	strict    bool // included files are looked at like our own
	sources   map[string]*Source
	customers map[string]*Customer
	roles     map[string]*Role
	broken    map[string]Problem // why a role, a customer, or with "" everything, cannot be used
	problems  []Problem
	dirs      []string
	files     map[string]*file   // by path, for the next Load
	listing   map[string][]found // by directory, likewise
	settings  *file
}

// Source returns a source by name.
func (r *Roster) Source(name string) (*Source, bool) {
	s, ok := r.sources[name]
	return s, ok
}

// FindSource is Source with the reason why there is none: a Problem if credd.toml cannot be used, else an error that wraps
// ErrUnknownSource.
func (r *Roster) FindSource(name string) (*Source, error) {
	if s, ok := r.sources[name]; ok {
		return s, nil
	}
	if p, ok := r.broken[""]; ok {
		return nil, p
	}
	return nil, fmt.Errorf("%w: %s", ErrUnknownSource, quote(name))
}

// Broken returns why nothing of credd.toml can be used, nil if it can.
func (r *Roster) Broken() error {
	if p, ok := r.broken[""]; ok {
		return p
	}
	return nil
}

// Customer returns a customer by its key.
func (r *Roster) Customer(key string) (*Customer, bool) {
	c, ok := r.customers[key]
	return c, ok
}

// ExternalID is the one that the customer's roles have unless they name another.
func (c *Customer) ExternalID() cred.Secret { return c.draft.externalID }

// SourceOfAll is the source that its file names for all its roles, "" if it names none.
func (c *Customer) SourceOfAll() string { return c.draft.source }

// IsNamed says whether credd.toml has a name for us, and Settings.Service not just the usual one.
func (r *Roster) IsNamed() bool {
	return r.settings.settings != nil && r.settings.settings.settings.Service.Name != ""
}

// Role returns a role by its whole name. Its error is a Problem if the role's file cannot be used, else it wraps
// ErrUnknownRole.
func (r *Roster) Role(name string) (*Role, error) {
	if role, ok := r.roles[name]; ok {
		return role, nil
	}
	customer, _, _ := cutRole(name)
	for _, of := range []string{name, customer, ""} {
		if p, ok := r.broken[of]; ok {
			return nil, p
		}
	}
	return nil, &unknownRoleError{name, nearest(name, maps.Keys(r.roles)), r.told}
}

// Profile is the name of a role's profile. Two roles may have one.
func (r *Roster) Profile(role *Role) string {
	customer, name, _ := cutRole(role.Name)
	return strings.NewReplacer("{customer}", customer, "{role}", name).Replace(r.Settings.Profiles.Name)
}

// Sources returns all sources by name.
func (r *Roster) Sources() []*Source { return sorted(r.sources) }

// Customers returns all customers by key.
func (r *Roster) Customers() []*Customer { return sorted(r.customers) }

// Roles returns all roles that can be used, by name.
func (r *Roster) Roles() []*Role { return sorted(r.roles) }

// Count returns how many customers and roles there are.
func (r *Roster) Count() (customers, roles int) { return len(r.customers), len(r.roles) }

// Problems returns what is wrong in the files, in their order.
func (r *Roster) Problems() []Problem { return r.problems }

// Dirs returns the directories whose files matter, those that do not exist yet included.
func (r *Roster) Dirs() []string { return r.dirs }

func sorted[T any](m map[string]T) []T {
	out := make([]T, 0, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, m[k])
	}
	return out
}

// settingsFile and customersDir are below the configuration directory.
func settingsFile(dir string) string { return filepath.Join(dir, "credd.toml") }
func customersDir(dir string) string { return filepath.Join(dir, "customers") }
