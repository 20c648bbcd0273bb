package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"credd/internal/adopt"
	"credd/internal/doctor"
	"credd/internal/ipc"
)

// showImport prints what an import does, before it does it: the lines first, so that what they amount to stands by the question.
func (s *Streams) showImport(where locations, plan *adopt.Plan) error {
	for _, f := range plan.Files {
		s.showChanges(&f)
	}
	var rows [][]string
	for _, v := range plan.Verdicts {
		becomes := "left"
		switch v.Kind {
		case adopt.Role:
			becomes = "role " + v.Name
		case adopt.Source:
			becomes = "source " + v.Name
		}
		rows = append(rows, []string{v.Profile, becomes, v.Reason})
	}
	if len(rows) == 0 {
		return s.say("there are no profiles in ~/.aws")
	}
	if err := table(s.Out, []string{"PROFILE", "BECOMES", ""}, rows); err != nil {
		return err
	}
	s.say("")
	s.sumUpImport(where, plan)
	for _, w := range plan.Warnings {
		s.warn(w, "")
	}
	if helper, err := helperPath(); err == nil && len(plan.Files) > 0 {
		if _, err := os.Stat(helper); err != nil {
			s.warn("there is no "+helper+", which the profiles are to run", "put credhelper beside credd first")
		}
	}
	return nil
}

// sumUpImport says of each file, and of the vault, what becomes of it.
func (s *Streams) sumUpImport(where locations, plan *adopt.Plan) {
	for _, f := range plan.Files {
		profiles := map[string]bool{}
		for _, p := range f.Places {
			profiles[p.Profile] = true
		}
		s.say("changes %s: %s", f.Path, count(len(profiles), "profile"))
	}
	settings := filepath.Join(where.config, "credd.toml")
	if n := added(plan.Sources); n > 0 {
		s.say("adds to %s: %s", settings, count(n, "source"))
	}
	for _, src := range plan.Sources {
		if src.Was != nil {
			s.say("changes %s: source %s of type profile becomes one of type keys", settings, src.Name)
		}
	}
	if n := len(plan.Roles); n > 0 {
		s.say("adds to %s: %s", filepath.Join(where.config, "customers"), count(n, "role"))
	}
	for _, src := range plan.Keys() {
		s.say("puts key %s of profile %s into the vault", src.Key.ID, src.From)
	}
}

// showChanges prints the lines of a file that go and those that come.
func (s *Streams) showChanges(f *adopt.File) {
	s.say("%s:", f.Path)
	profile := ""
	for i, c := range f.Changes() {
		if i == 0 || c.Profile != profile {
			s.say("  profile %s", c.Profile)
		}
		profile = c.Profile
		mark := "-"
		if c.New {
			mark = "+"
		}
		s.say("    %s %s", mark, c.Text)
	}
	s.say("")
}

// added counts the sources that come in the place of none.
func added(all []adopt.NewSource) (n int) {
	for _, src := range all {
		if src.Was == nil {
			n++
		}
	}
	return n
}

// afterImport says what was done and what is left to do.
func (s *Streams) afterImport(ctx context.Context, plan *adopt.Plan) error {
	profiles := 0
	for _, v := range plan.Verdicts {
		if v.Asks != "" {
			profiles++
		}
	}
	done := "imported: credd now serves " + count(profiles, "profile")
	if len(plan.Roles)+added(plan.Sources) > 0 {
		done += "; new: " + several(counted{len(plan.Roles), "role"}, counted{added(plan.Sources), "source"})
	}
	if n := len(plan.Keys()); n > 0 {
		done += "; moved into the vault: " + count(n, "key")
	}
	s.say("%s", done)
	for _, name := range plan.Logins {
		s.say("log in: credd login %s", name)
	}
	for _, src := range plan.Keyless {
		s.say("source %s has no key yet: credd source add %s --type keys --replace", src.Name, src.Name)
		s.say("  if aws-vault has it: aws-vault exec --no-session %s -- credd source add %s --type keys --replace --from-env", doctor.Quote(src.From), src.Name)
	}
	for _, src := range plan.Keys() {
		s.say("key %s has lived in a file, so change it: credd source rotate %s", src.Key.ID, src.Name)
	}
	s.noteKeys(ctx, plan)
	until := ""
	if len(plan.Keys()) > 0 {
		until = ", as long as no key is changed"
	}
	return s.say("take it back: credd import --undo%s\nwhen all works: credd import --finish forgets what is kept for that", until)
}

var errBusy = &userError{ipc.Usage, adopt.ErrBusy.Error(), "wait until it has ended, and look again: credd import --dry-run"}

// undoImport takes the last import back.
func (s *Streams) undoImport(ctx context.Context, w adopt.World, runs []*adopt.Run, a *imported) error {
	if len(runs) == 0 {
		return s.say("there is no import to take back")
	}
	run := runs[len(runs)-1]
	s.say("takes back the import of %s:", run.Time.Local().Format("2006-01-02 15:04"))
	for _, e := range run.AWS {
		s.say("  %s gets its lines back", e.Path)
	}
	s.say("  what goes: %s", several(counted{len(run.Roles), "role"}, counted{len(run.Sources), "source"}, counted{len(run.Keys), "key"}))
	for _, was := range run.Replaced {
		s.say("  source %s reads profile %s again", was.Name, was.Profile)
	}
	if a.dryRun {
		return nil
	}
	if !a.yes {
		if err := confirm("do that", &userError{ipc.Usage, "there is no terminal to ask at", "say --yes"}); err != nil {
			return err
		}
	}
	if err := s.undone(ctx, w, run); err != nil {
		return err
	}
	if len(runs) > 1 {
		return s.say("an earlier import can be taken back too: credd import --undo")
	}
	return nil
}

// undone takes a run back and tells what it could not.
func (s *Streams) undone(ctx context.Context, w adopt.World, run *adopt.Run) error {
	u, err := adopt.Undo(ctx, w, run.ID)
	for _, l := range u.Lost {
		at := l.File
		if l.Line > 0 {
			at = fmt.Sprintf("%s:%d", l.File, l.Line)
		}
		s.warn(fmt.Sprintf("%s: the lines of profile %s are not as the import left them, and stay", at, l.Profile), "")
		if l.Text == "" {
			s.note("  what stood there may hold a key and is not shown: the vault keeps it")
		}
		for text := range strings.Lines(l.Text) {
			s.note("  it was: %s", strings.TrimRight(text, "\r\n"))
		}
	}
	for _, why := range u.Stays {
		s.warn("it stays: "+why, "")
	}
	for _, name := range u.Keys {
		s.warn("the key of source "+name+" stays in the vault", "remove it when it is not needed: credd source remove "+name)
	}
	var rotated *adopt.RotatedError
	switch {
	case errors.Is(err, adopt.ErrBusy):
		return errBusy
	case errors.As(err, &rotated):
		return &userError{ipc.Usage, err.Error() + ": nothing was changed", "stay with the import: credd import --finish"}
	case err != nil:
		e := sorted(err)
		return &userError{e.code, e.message, strings.TrimPrefix(e.hint+"; then run it again: credd import --undo", "; then ")}
	}
	for _, path := range u.Files {
		s.say("restored %s", path)
	}
	if slices.ContainsFunc(u.Lost, func(l adopt.Lost) bool { return l.Text == "" }) {
		return s.say("the import is taken back, but for what the vault keeps: when its place in the file is free, run it again: credd import --undo; or give that up: credd import --finish")
	}
	return s.say("the import is taken back")
}

// finishImports gives up the way back.
func (s *Streams) finishImports(ctx context.Context, w adopt.World, runs []*adopt.Run, a *imported) error {
	if len(runs) == 0 {
		return s.say("there is no import to finish")
	}
	if !a.yes {
		if err := confirm("imports cannot be taken back then; do that", &userError{ipc.Usage, "there is no terminal to ask at", "say --yes"}); err != nil {
			return err
		}
	}
	for _, run := range runs {
		if err := adopt.Finish(ctx, w, run.ID); errors.Is(err, adopt.ErrBusy) {
			return errBusy
		} else if err != nil {
			return err
		}
	}
	return s.say("done: what was kept for an undo is gone")
}
