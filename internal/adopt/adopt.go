// Package adopt works out what a user's AWS profiles become in credd, does it, and takes it back.
//
// A plan (plan.go) is made of files and a roster alone. Apply carries it out and writes a journal ahead of every step, so that
// Undo knows what to take back wherever it broke off.
package adopt

import (
	"credd/internal/agent/cred"
	"credd/internal/agent/roster"
	"credd/internal/awsconfig"
)

// Options say what an import may do.
type Options struct {
	Helper    string            // path of credhelper
	Keys      bool              // access keys go into the vault
	Only      []string          // names of profiles; none is all
	Except    []string          // of profiles that stay as they are
	Customers map[string]string // keys of customers by account
	InVault   map[string]string // IDs of the keys that sources of the roster have there
	Elsewhere Elsewhere
}

// Elsewhere says which of the files are not those below ~/.aws, which the daemon reads.
type Elsewhere struct{ Config, Credentials bool }

func (e Elsewhere) any() bool { return e.Config || e.Credentials }

// Kind is what a profile becomes.
type Kind int

const (
	Left Kind = iota
	Role
	Source
)

// Verdict is what becomes of a profile.
type Verdict struct {
	Profile string
	Kind    Kind
	Name    string // of the role or the source
	Asks    string // what its credential_process asks for; "": its lines stay
	Reason  string // why it, or its lines, are left
}

// Key is an access key of a file.
type Key struct {
	ID     string
	Secret cred.Secret
}

// NewSource is a source to add. Its Key is nil if it has none, or none that the files hold.
type NewSource struct {
	roster.Source
	From string // the profile that it was
	Key  *Key
	Was  *roster.Source // the one of the roster in whose place it comes, nil if there is none
}

// LeftKey is an access key that stays in a file.
type LeftKey struct {
	Key
	Profile, File       string
	Region, EndpointURL string // of the profile
}

// Plan is what an import does.
type Plan struct {
	Verdicts []Verdict // by the names of profiles
	Sources  []NewSource
	Roles    []roster.NewRole // those that others are assumed from first
	Files    []File
	Warnings []string
	Logins   []string    // sources that need a login, one of each
	Keyless  []NewSource // sources of type keys whose key somebody else keeps
	LeftKeys []LeftKey
	Movable  []string // profiles whose keys Options.Keys would move
}

// Empty reports whether there is nothing to do.
func (p *Plan) Empty() bool { return len(p.Sources) == 0 && len(p.Roles) == 0 && len(p.Files) == 0 }

// Keys returns the sources whose key goes into the vault.
func (p *Plan) Keys() []NewSource {
	var keys []NewSource
	for _, s := range p.Sources {
		if s.Key != nil {
			keys = append(keys, s)
		}
	}
	return keys
}

// File is one of ~/.aws as it is and as it will be.
type File struct {
	Path          string
	Kind          awsconfig.Kind
	Before, After []byte // Before is nil if there is no such file
	Places        []Place
}
