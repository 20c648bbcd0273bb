package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"credd/internal/agent/roster"
	"credd/internal/customer"
	"credd/internal/doctor"
)

// retirement are the flags of credd customer retire.
type retirement struct{ yes, dryRun, undo, asJSON bool }

func newCustomerRetireCmd(s *Streams) *cobra.Command {
	var a retirement
	cmd := &cobra.Command{
		Use: "retire CUSTOMER", Short: "Leave a customer: no more sessions, its file archived", Args: cobra.ExactArgs(1),
		Long: `Leave a customer. Its sessions are dropped, its profiles taken out of ~/.aws/config, and its file moves to the directory retired of
the configuration, with its invitations and what was known of its roles. The external ID stays in the archive.

That ends what credd does. What the customer has to do is printed, to send to them: until they delete the role their account lets us in, and
what was handed out lives until it expires, unless they also revoke active sessions. --undo brings the customer that was retired last
under that name back, as it was.`,
		Example: `  credd customer retire acme --dry-run
  credd customer retire acme
  credd customer retire acme --undo`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if a.undo && a.dryRun {
				return missing("--undo and --dry-run exclude each other", "")
			}
			where, err := s.locate()
			if err != nil {
				return err
			}
			if a.undo {
				return s.undoRetirement(cmd.Context(), where, args[0], a.asJSON)
			}
			return s.retire(cmd.Context(), where, args[0], &a)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&a.yes, "yes", false, "do not ask")
	f.BoolVar(&a.dryRun, "dry-run", false, "show what would be done")
	f.BoolVar(&a.undo, "undo", false, "bring it back")
	f.BoolVar(&a.asJSON, "json", false, "print JSON")
	return cmd
}

func (w locations) places() customer.Places {
	return customer.Places{Config: w.config, State: w.state}
}

func (s *Streams) retire(ctx context.Context, where locations, key string, a *retirement) error {
	err := roster.CheckRetirement(where.config, key)
	if errors.Is(err, roster.ErrUnknownCustomer) {
		return s.finishRetirement(ctx, where, key, a, err)
	}
	if err != nil {
		return asUsage(err)
	}
	terms, err := customer.Invitations(where.state, key)
	if err != nil {
		return asUsage(err)
	}
	e, err := endingOf(where, key, filepath.Join(where.config, "customers", key+".toml"), terms)
	if err != nil {
		return err
	}
	if a.dryRun {
		e.Live = s.alive(where, key)
		return s.tellEnding(e, a)
	}
	if !a.yes {
		question := fmt.Sprintf("retire %s, with %s and %s", key, count(len(e.Roles), "role"), count(len(e.Profiles), "profile"))
		if err := confirm(question, missing("there is no terminal to ask at", "look at it with --dry-run, and say --yes").(*userError)); err != nil {
			return err
		}
	}
	s.warnOfRoot()
	archive, err := where.places().Retire(key, e.withProfile, time.Now())
	if err != nil {
		return asUsage(err)
	}
	return s.afterRetirement(ctx, where, archive, e, a)
}

// finishRetirement does what a retirement that was killed left, and tells again what there is to tell.
func (s *Streams) finishRetirement(ctx context.Context, where locations, key string, a *retirement, unknown error) error {
	all, err := where.places().Archives(key)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return unknown
	}
	terms, err := all[0].Invitations()
	if err != nil {
		return asUsage(err)
	}
	e, err := endingOf(where, key, all[0].Path, terms)
	if err != nil {
		return err
	}
	if a.dryRun {
		e.Archive, e.Live = all[0].Path, s.alive(where, key)
		return s.tellEnding(e, a)
	}
	s.note("%s was retired already, on %s", key, all[0].Retired.Local().Format("2006-01-02 15:04"))
	return s.afterRetirement(ctx, where, all[0], e, a)
}

// afterRetirement is what follows once the customer's file has moved. What fails is told, and done by running it again.
func (s *Streams) afterRetirement(ctx context.Context, where locations, archive customer.Archive, e *ending, a *retirement) error {
	again := "when that is mended: credd customer retire " + e.Customer
	trouble := func(what string, err error) {
		if err != nil {
			s.warn(what+": "+sorted(err).message, again)
		}
	}
	e.Archive = archive.Path
	// First the daemon: it drops the sessions of roles that went, and writes nothing more about them.
	trouble("the daemon did not take it, and may still have its sessions", s.reloadIfRunning(ctx))
	trouble("what was known of it is in the archive, and cannot be removed from where it was", where.places().Finish(archive))
	trouble("its profiles are still there", dropProfiles(where, e.Customer))
	e.Live = s.alive(where, e.Customer)
	return s.tellEnding(e, a)
}

func (s *Streams) undoRetirement(ctx context.Context, where locations, key string, asJSON bool) error {
	all, err := where.places().Archives(key)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return s.finishUndo(ctx, where, key, asJSON)
	}
	changed := all[0].Changed()
	path, profiles, err := where.places().Undo(all[0])
	switch {
	case errors.Is(err, roster.ErrCustomerExists):
		return missing(err.Error()+"; the one that was retired stays in "+all[0].Path, "to have that one back, retire the one of now first: credd customer retire "+key)
	case err != nil:
		return asUsage(err)
	}
	if changed {
		s.warn("the file of "+key+" was changed after it was retired: it does not come back as it was", "look at it: "+doctor.Quote(path)+"; then: credd customer verify "+key)
	}
	if err := s.reloadIfRunning(ctx); err != nil {
		e := sorted(err)
		s.warn("the daemon did not take it: "+e.message, e.hint)
	}
	return s.back(ctx, where, all[0], profiles, path, asJSON, changed)
}

// finishUndo does what an undo that was killed has left.
func (s *Streams) finishUndo(ctx context.Context, where locations, key string, asJSON bool) error {
	c, err := roster.Load(where.config, nil).FindCustomer(key)
	if err != nil {
		return err
	}
	left, profiles := where.places().Undone(key)
	if profiles == nil {
		return missing(key+" was not retired", "see: credd customer show "+key)
	}
	return s.back(ctx, where, left, profiles, filepath.Join(where.config, c.File), asJSON, false)
}

// back brings the profiles of a customer back, and says that it is.
func (s *Streams) back(ctx context.Context, where locations, a customer.Archive, profiles []string, path string, asJSON, changed bool) error {
	if len(profiles) > 0 {
		if err := s.returnProfiles(ctx, where, a.Customer, profiles); err != nil {
			s.warn("its profiles did not come back: "+sorted(err).message, "when that is mended: credd customer retire "+a.Customer+" --undo")
			return s.isBack(a.Customer, path, asJSON, changed)
		}
	}
	if err := where.places().Done(a); err != nil {
		s.warn("what is left of its archive cannot be removed: "+reason(err), "")
	}
	for _, p := range roster.Load(where.config, nil).Problems() {
		if p.Customer == a.Customer {
			s.warn(p.Error(), p.Hint)
		}
	}
	return s.isBack(a.Customer, path, asJSON, changed)
}

func (s *Streams) isBack(key, path string, asJSON, changed bool) error {
	if asJSON {
		return printJSON(s.Out, struct {
			Customer string `json:"customer"`
			File     string `json:"file"`
		}{key, path})
	}
	as := " as it was"
	if changed {
		as = ""
	}
	return s.say("%s is back%s: %s", key, as, path)
}
