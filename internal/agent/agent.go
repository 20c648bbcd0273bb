// Package agent is the daemon's request path: who asks and what is open to them (admit.go, people.go), which role (state.go), which session (get.go), what to
// answer and to note (reply.go, fail.go, guest.go), whom to ask for a code (ask.go, desk.go), what was seen of roles (health.go) and is kept of
// that (news.go, memory.go, memorywrite.go), why one may be denied (causes.go), whether it works as it should (verify.go, verifytry.go)
// and still does (weekly.go, weeklytry.go, drift.go), and the requests that look after the daemon itself (requests.go, manage.go, status.go, login.go).
package agent

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"credd/internal/agent/audit"
	"credd/internal/agent/cache"
	"credd/internal/agent/cred"
	"credd/internal/agent/iam"
	"credd/internal/agent/roster"
	"credd/internal/agent/source"
	"credd/internal/agent/sts"
	"credd/internal/agent/vault"
	"credd/internal/ipc/peer"
)

// Assumer makes STS calls.
type Assumer interface {
	Assume(context.Context, sts.Caller, sts.Request) (*cred.Session, string, error)
	SessionToken(ctx context.Context, by sts.Caller, d time.Duration, serial, code string) (*cred.Session, error)
	Identity(context.Context, sts.Caller) (sts.Identity, error)

	// Try is Assume with one call and no way out.
	Try(context.Context, sts.Caller, sts.Request) (*cred.Session, error)
}

// IAM lets a role's session look at its own role. Its errors are *sts.Error.
type IAM interface {
	Role(ctx context.Context, by iam.Caller, name string) (iam.Role, error)
	Allowed(ctx context.Context, by iam.Caller, roleARN string, actions []string, resource string) (map[string]bool, error)
}

// Recorder keeps the audit trail.
type Recorder interface {
	Record(audit.Entry) error
	Read(f audit.Filter, each func(audit.Entry) error) (skipped int, err error)
}

// Network takes the settings of [network].
type Network interface {
	Configure(proxy, bundle string) error
}

// Vault takes the settings of [vault].
type Vault interface {
	Configure(vault.Settings)
	Ready(context.Context) error
}

// Keys are the access keys of sources.
type Keys interface {
	AddKey(context.Context, source.Spec, source.NewKey) (sts.Identity, error)
	TryKey(context.Context, source.Spec, source.NewKey) (source.Tried, error)
	DropKey(ctx context.Context, source string) (had bool, err error)
}

// Profiles keeps the profiles of roles in ~/.aws/config.
type Profiles interface {
	// Follow makes them those of the roles. warning is what a person has to see to.
	Follow(*roster.Roster) (warning string, err error)
}

// Options are what an agent needs. All are required.
type Options struct {
	ConfigDir string
	StateDir  string // of what is seen of roles
	Socket    string // as shown in status
	Version   string
	User      string    // the owner's name, for session names
	Owner     peer.User // who is served, beside root
	System    bool      // all users of the machine are served, each with what allow opens; Owner is the daemon's own user
	Accounts  Accounts
	Now       func() time.Time
	Wait      func(context.Context, time.Duration) error // returns early, with an error, when the context ends
	Assumer   Assumer
	IAM       IAM
	Network   Network
	Vault     Vault
	Shelf     Shelf
	Profiles  Profiles
	Audit     Recorder
	Log       *slog.Logger
	LogLevel  *slog.LevelVar
	Busy      func() // before each piece of work, so that an idle daemon can rest
	NewSource func(source.Spec) (source.Source, error)
	Keys      Keys
}

// Agent answers helpers and credd's commands.
type Agent struct {
	Options
	started time.Time
	program program
	cache   *cache.Cache
	health  health // of roles
	sources health
	memory  *memory // of roles, over restarts
	weekly  weekly
	desk    *desk
	refused counts // refusals
	fetches counts // what guests had AWS asked anew for
	people  *people
	reading readers

	loading sync.Mutex // held while a new state is made
	state   atomic.Pointer[state]

	unwatched atomic.Bool  // files are read again on use
	rereadAt  atomic.Int64 // when they last were, in Unix ns
	rewatch   chan struct{}
	follow    chan struct{} // profiles may have to follow

	notes    sync.Mutex
	warnings map[string]string // what status warns of, by what it is about
}

// New reads the configuration and returns an agent. A broken configuration is no error: it shows in status and in the
// answers about the roles it concerns.
func New(o Options) *Agent {
	a := &Agent{
		Options: o, started: o.Now(), program: thisProgram(), warnings: map[string]string{}, rewatch: make(chan struct{}, 1), follow: make(chan struct{}, 1),
	}
	a.cache = cache.New(o.Now, longest)
	a.health.by = map[string]record{}
	a.sources.by = map[string]record{}
	a.memory = newMemory(o.StateDir, o.Now)
	a.memory.inForce, a.memory.warn, a.memory.told = a.rolesOf, a.warn, a.drift
	a.desk = newDesk(o.Now)
	a.people = newPeople(o, a.warn)
	a.Reload()
	return a
}

// Sweep refreshes what is due by Options.Now, forgets what has expired, tries roles whose weekly test is due, writes what was seen of
// roles, and waits for all that. Serve does so by itself, in real time; whoever moves the clock calls it.
func (a *Agent) Sweep() {
	a.cache.Sweep()
	a.cache.Settle()
	a.testDue(context.Background())
	a.memory.flush()
}

// Close ends all flights, and writes what was seen of roles.
func (a *Agent) Close() {
	a.cache.Close()
	a.memory.flushAll()
}

// warn sets or, with an empty text, clears a line that status shows.
func (a *Agent) warn(about, text string) {
	a.notes.Lock()
	defer a.notes.Unlock()
	if a.warnings[about] == text {
		return
	}
	if text == "" {
		delete(a.warnings, about)
		a.Log.Info("warning is over", "about", about)
		return
	}
	a.warnings[about] = text
	a.Log.Warn(text, "about", about)
}
