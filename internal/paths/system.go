package paths

import "path/filepath"

// Places are where a credd of the whole machine has its files.
type Places struct{ Config, State, Socket string }

// Audit is the audit log's file.
func (p Places) Audit() string { return filepath.Join(p.State, "audit.log") }

// Vault is the file of the secrets at rest.
func (p Places) Vault() string { return filepath.Join(p.State, "vault.age") }

// AWS is the directory of the AWS CLI's files, for sources of type profile.
func (p Places) AWS() string { return filepath.Join(p.State, ".aws") }

// Lock is the file that a daemon locks for its life: the directory of the socket is root's.
func (p Places) Lock() string { return filepath.Join(p.State, "agent.lock") }
