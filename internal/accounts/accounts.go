// Package accounts tells which users and groups this machine knows.
package accounts

import "time"

// timeout bounds one question to a directory service. Who asks credd for a role waits for it.
const timeout = 3 * time.Second

// System are the accounts of this machine: those of its files, and those of the directory that it belongs to. Numbers stand for
// themselves. An error says that it cannot be told now; treat it like nobody.
type System struct{}
