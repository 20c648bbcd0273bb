package cli

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"credd/internal/adopt"
	"credd/internal/agent/roster"
	"credd/internal/awsconfig"
	"credd/internal/doctor"
	"credd/internal/ipc"
)

// imported are the flags of credd import.
type imported struct {
	dryRun, yes, keys, undo, finish bool
	only, except, customers         []string
}

func newImportCmd(s *Streams) *cobra.Command {
	var a imported
	cmd := &cobra.Command{
		Use: "import", Short: "Take over the profiles of ~/.aws", Args: cobra.NoArgs,
		Long: `Make roles and sources of the profiles in ~/.aws/config and ~/.aws/credentials (or AWS_CONFIG_FILE and
AWS_SHARED_CREDENTIALS_FILE). The profiles keep their names and ask credhelper from then on. All is shown before it is done.

A profile with a role_arn becomes a role; one of IAM Identity Center too, or a source if others are assumed from it. Access keys
stay where they are, unless --keys moves them into the vault, each only if AWS accepts it; a source of type profile that reads one
becomes a source of type keys. Keys that stay are named each time, until AWS accepts them no more.

--undo takes the last import back: every byte, or where files were changed since, the lines that the import replaced. --finish ends
that possibility and forgets what was kept for it.`,
		Example: `  credd import --dry-run
  credd import --keys
  credd import --only acme-admin --only acme-readonly --customer 012345678901=acme
  credd import --undo`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if a.undo && a.finish {
				return &userError{ipc.Usage, "--undo and --finish exclude each other", ""}
			}
			return s.imports(cmd.Context(), &a)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&a.dryRun, "dry-run", false, "show what would be done")
	f.BoolVar(&a.yes, "yes", false, "do not ask")
	f.BoolVar(&a.keys, "keys", false, "move access keys into the vault")
	f.StringArrayVar(&a.only, "only", nil, "only this profile (more than once for more)")
	f.StringArrayVar(&a.except, "except", nil, "not this profile (more than once for more)")
	f.StringArrayVar(&a.customers, "customer", nil, "name of an account's customer, as ACCOUNT=NAME")
	f.BoolVar(&a.undo, "undo", false, "take the last import back")
	f.BoolVar(&a.finish, "finish", false, "stay with all imports: they cannot be taken back any more")
	return cmd
}

func (s *Streams) imports(ctx context.Context, a *imported) error {
	where, err := s.locate()
	if err != nil {
		return err
	}
	w, err := s.importWorld(where)
	if err != nil {
		return err
	}
	if !a.dryRun {
		s.warnOfRoot()
	}
	runs, err := w.Journal.Runs()
	if err != nil {
		return &userError{ipc.Usage, err.Error(), "mv " + doctor.Quote(w.Journal.Path) + " " + doctor.Quote(w.Journal.Path+".broken") + "; earlier imports cannot be taken back then"}
	}
	switch {
	case a.undo:
		return s.undoImport(ctx, w, runs, a)
	case a.finish:
		return s.finishImports(ctx, w, runs, a)
	}
	if err := s.mendImport(ctx, w, runs, a); err != nil {
		return err
	}
	plan, err := s.planImport(ctx, where, a)
	if err != nil {
		return err
	}
	moves, err := s.movesKeys(plan, a)
	if err != nil {
		return err
	}
	if moves {
		a.keys = true
		if plan, err = s.planImport(ctx, where, a); err != nil {
			return err
		}
	}
	if err := s.showImport(where, plan); err != nil || a.dryRun {
		return err
	}
	if plan.Empty() {
		s.noteKeys(ctx, plan)
		return s.say("there is nothing to import")
	}
	if !a.yes {
		if err := confirm("do that", &userError{ipc.Usage, "there is no terminal to ask at", "look at it with --dry-run, and say --yes"}); err != nil {
			return err
		}
	}
	return s.doImport(ctx, w, plan)
}

// mendImport takes back an import that broke off.
func (s *Streams) mendImport(ctx context.Context, w adopt.World, runs []*adopt.Run, a *imported) error {
	n := len(runs)
	if n == 0 || runs[n-1].Done {
		return nil
	}
	if a.dryRun {
		s.warn("an earlier import did not finish", "take it back: credd import --undo; without --dry-run that is done first")
		return nil
	}
	s.note("an earlier import did not finish: it is taken back first")
	return s.undone(ctx, w, runs[n-1])
}

// movesKeys asks whether access keys are to go into the vault, where there is a person to ask.
func (s *Streams) movesKeys(plan *adopt.Plan, a *imported) (bool, error) {
	if len(plan.Movable) == 0 || a.keys || a.yes || a.dryRun {
		return false, nil
	}
	err := confirm("move the access keys of "+printable(strings.Join(plan.Movable, ", "))+" into the vault", &userError{})
	if errors.Is(err, errInterrupted) {
		return false, err
	}
	return err == nil, nil
}

// planImport reads all files anew.
func (s *Streams) planImport(ctx context.Context, where locations, a *imported) (*adopt.Plan, error) {
	at := awsconfig.InEnvironment(where.aws)
	files, err := awsconfig.Read(at)
	if err != nil {
		return nil, err
	}
	now := roster.Load(where.config, nil)
	if err := now.Broken(); err != nil {
		return nil, err
	}
	helper, err := helperPath()
	if err != nil {
		return nil, err
	}
	o := adopt.Options{Helper: helper, Keys: a.keys, Only: a.only, Except: a.except, Customers: map[string]string{}}
	daemons := awsconfig.In(where.aws)
	o.Elsewhere = adopt.Elsewhere{Config: !same(at.Config, daemons.Config), Credentials: !same(at.Credentials, daemons.Credentials)}
	if a.keys {
		o.InVault = s.keysInVault(ctx, now)
	}
	for _, c := range a.customers {
		account, name, ok := strings.Cut(c, "=")
		if !ok || len(account) != 12 || strings.Trim(account, "0123456789") != "" || !roster.CanBeRole(name+"/x") {
			return nil, &userError{ipc.Usage, "--customer " + c + " is not ACCOUNT=NAME", "such as: --customer 012345678901=acme"}
		}
		if have, ok := now.Customer(name); ok && !have.IsOwn() {
			return nil, &userError{ipc.Usage, "customer " + name + " is in an included directory, which credd does not change: " + have.File, "name another one: --customer " + account + "=NAME"}
		}
		o.Customers[account] = name
	}
	plan, err := adopt.Make(files, now, o)
	if errors.Is(err, adopt.ErrNoProfile) {
		err = &userError{ipc.Usage, err.Error(), "see which there are: credd import --dry-run"}
	}
	return plan, err
}

// keysInVault are the IDs of the keys that sources have. What cannot be told is left out.
func (s *Streams) keysInVault(ctx context.Context, now *roster.Roster) map[string]string {
	ids := map[string]string{}
	for _, src := range now.Sources() {
		if src.Type != "keys" {
			continue
		}
		if id, err := (vaultKeys{s}).KeyID(ctx, src.Name); err == nil && id != "" {
			ids[src.Name] = id
		}
	}
	return ids
}

func (s *Streams) doImport(ctx context.Context, w adopt.World, plan *adopt.Plan) error {
	if len(plan.Keys()) > 0 { // before anything is begun: there has to be a vault
		if err := s.vaultReady(ctx, plan.Keys()[0].Name); err != nil {
			return err
		}
	}
	if err := adopt.Apply(ctx, w, plan); err != nil {
		e := sorted(err)
		switch {
		case errors.Is(err, adopt.ErrBusy):
			return errBusy
		case errors.Is(err, adopt.ErrChanged):
			e = &userError{ipc.Usage, err.Error(), "run it again"}
		}
		runs, _ := w.Journal.Runs()
		if n := len(runs); n > 0 && !runs[n-1].Done {
			return &userError{e.code, e.message, strings.TrimPrefix(e.hint+"; take back what was done: credd import --undo", "; ")}
		}
		return &userError{e.code, e.message + "; nothing was changed", e.hint}
	}
	return s.afterImport(ctx, plan)
}
