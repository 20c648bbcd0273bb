package cli

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"os/user"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	smithytime "github.com/aws/smithy-go/time"
	"github.com/spf13/cobra"

	"credd/internal/accounts"
	"credd/internal/agent"
	"credd/internal/agent/audit"
	"credd/internal/agent/iam"
	"credd/internal/agent/source"
	"credd/internal/agent/sts"
	"credd/internal/agent/vault"
	"credd/internal/agent/watch"
	"credd/internal/awsconfig"
	"credd/internal/host"
	"credd/internal/ipc/peer"
)

const settle = 20 * time.Millisecond // an editor's save is several events

func newServeCmd(s *Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the daemon in the foreground",
		Long: `Run the daemon in the foreground until it is interrupted. credhelper starts it by itself when it is needed.

With --system it is that of the machine, for all its users, and runs as a user of its own: what starts it is the service of
credd service install --system.

It takes no AWS_ variable and no proxy from its environment; see [network] in credd.toml. SIGHUP reloads.`,
		Example: "  credd serve",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			return s.serve(ctx)
		},
	}
	s.takesManager(cmd)
	return cmd
}

// serve wires the daemon together and runs it until ctx ends.
func (s *Streams) serve(ctx context.Context) error {
	if err := harden(); err != nil {
		return fmt.Errorf("protect the process: %w", err)
	}
	source.ClearEnvironment()
	garbage := newCollector()
	defer garbage.Close()
	level := new(slog.LevelVar)
	log := newLog(host.Bounded(s.Err), level)

	self, err := peer.Self()
	if err != nil {
		return err
	}
	where, err := s.locate()
	if err != nil {
		return err
	}
	l, err := s.listen(where)
	if err != nil {
		return err
	}
	defer l.Close()
	trail, err := audit.Open(where.audit)
	if err != nil {
		return err
	}
	defer trail.Close()

	http := sts.NewHTTP()
	defer http.Close()
	secrets := vault.New(where.vault, vault.Settings{})
	os.Unsetenv("CREDENTIALS_DIRECTORY") // it is the vault's, not for the programs of sources
	calls := sts.New(http, time.Now)
	deps := source.Deps{
		AWSDir: where.aws, HTTP: http, STS: calls, Vault: secrets, Now: time.Now, Logins: source.NewLogins(http, secrets, time.Now),
		Devices: source.NewDevices(time.Now),
	}
	a := agent.New(agent.Options{
		ConfigDir: where.config, StateDir: where.state, Socket: l.Path(), Version: version(), User: userName(), Owner: self, System: s.system, Accounts: accounts.System{},
		Now: time.Now, Wait: smithytime.SleepWithContext, Assumer: calls, IAM: iam.New(http, time.Now), Network: http, Vault: secrets, Shelf: secrets, Keys: deps, Profiles: follower{awsconfig.In(where.aws), log},
		Audit: trail, Log: log, LogLevel: level, Busy: garbage.Busy,
		NewSource: func(s source.Spec) (source.Source, error) { return source.New(s, deps) },
	})
	defer a.Close()

	w := watch.New(settle)
	defer w.Close()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var beside sync.WaitGroup
	beside.Go(func() { a.Watch(ctx, w, watch.AWS(where.aws)...) })
	beside.Go(func() { reloadOnHangup(ctx, a) })
	beside.Go(func() { a.FollowProfiles(ctx) })
	log.Info("serving", "version", version(), "socket", l.Path(), "config", where.config)
	ready(log, l)
	beside.Go(func() { report(ctx, log, l) })
	err = a.Serve(ctx, l)
	stop() // it may have ended for a reason of its own
	beside.Wait()
	log.Info("stopped")
	return err
}

// reloadOnHangup reads all files again at each SIGHUP.
func reloadOnHangup(ctx context.Context, a *agent.Agent) {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangup:
			a.Reload()
		}
	}
}

// newLog writes to stderr: the journal, a terminal, or the file that credhelper opened.
func newLog(w io.Writer, level *slog.LevelVar) *slog.Logger {
	if isJournal(w) {
		return slog.New(newJournal(w, level))
	}
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level}))
}

// userName is the owner's name for session names. A uid without a name, as in containers, gives uid1000.
func userName() string {
	u, err := user.Current()
	if err != nil || u.Username == "" {
		return "uid" + strconv.Itoa(os.Getuid())
	}
	if i := strings.LastIndexByte(u.Username, '\\'); i >= 0 { // DOMAIN\user
		return u.Username[i+1:]
	}
	return u.Username
}
