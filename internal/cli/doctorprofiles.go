package cli

import (
	"errors"
	"fmt"
	"strings"

	"credd/internal/awsconfig"
	"credd/internal/doctor"
)

// block compares the profiles that credd keeps in the config with the roles. Files that cannot be read are told by other checks.
func (e *examination) block() {
	if e.About == doctor.Machine || e.Untold {
		return
	}
	f, err := awsconfig.Read(awsconfig.InEnvironment(e.AWS))
	if err != nil {
		return
	}
	managed, err := f.Managed()
	var damaged *awsconfig.Error
	if errors.As(err, &damaged) {
		e.Add(doctor.Finding{Check: doctor.ProfileBlock, State: doctor.Error, Message: damaged.Error(), Remedy: damaged.Hint, File: damaged.Path, Line: damaged.Line})
		return
	}
	if len(managed) == 0 && !e.Roster.Settings.Profiles.Sync {
		return
	}
	w, err := wish(e.Roster, steady(e.Helper, f))
	if err != nil {
		return
	}
	p, err := w.Sync(f)
	if err != nil {
		return
	}
	for _, c := range p.Clashes {
		e.Add(doctor.Finding{Check: doctor.ProfileBlock, State: doctor.Warning, Message: c.String(), Remedy: clashHint(c), File: c.File, Line: c.Line})
	}
	var off []string
	for _, n := range []struct {
		how string
		of  []string
	}{{"missing", p.Added}, {"outdated", p.Changed}, {"of roles that are gone", p.Removed}} {
		if len(n.of) > 0 {
			off = append(off, fmt.Sprintf("%d %s", len(n.of), n.how))
		}
	}
	switch {
	case len(off) > 0:
		e.Warn(doctor.ProfileBlock, "credd's profiles in "+f.Place.Config+" are not as the roles are: "+strings.Join(off, ", "), "credd profiles sync")
	case len(p.Clashes) == 0:
		e.OK(doctor.ProfileBlock, count(len(p.Kept), "profile")+" of credd: as the roles are")
	}
}
