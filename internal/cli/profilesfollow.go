package cli

import (
	"errors"
	"log/slog"
	"strings"

	"credd/internal/agent/roster"
	"credd/internal/awsconfig"
)

// follower is the daemon's way to the profiles. It takes no AWS_CONFIG_FILE: those of shells may differ.
type follower struct {
	at  awsconfig.Place
	log *slog.Logger
}

func (o follower) Follow(r *roster.Roster) (warning string, err error) {
	p, err := o.follow(r)
	if err != nil {
		e := sorted(err)
		return "", errors.New(strings.TrimSuffix(e.message+"; "+e.hint, "; "))
	}
	var all []string
	for _, c := range p.Clashes {
		all = append(all, c.String())
	}
	if len(all) == 0 {
		return "", nil
	}
	return "not every role has a profile: " + few(all) + "; see: credd profiles list", nil
}

func (o follower) follow(r *roster.Roster) (*awsconfig.Plan, error) {
	helper, err := helperPath()
	if err != nil {
		return nil, err
	}
	f, err := awsconfig.Read(o.at)
	if err != nil {
		return nil, err
	}
	w, err := wish(r, steady(helper, f))
	if err != nil {
		return nil, err
	}
	p, err := w.Sync(f)
	if err != nil || p.Same(f.ConfigData) { // as nearly always: then nobody is waited for
		return p, err
	}
	if p, err = w.Write(f); err == nil {
		o.log.Info("profiles", "file", o.at.Config, "added", len(p.Added), "changed", len(p.Changed), "removed", len(p.Removed), "moved", len(p.Moved))
	}
	return p, err
}
