package cli

import (
	"cmp"

	"credd/internal/doctor"
)

// verified looks at how the roles stand, by what was seen of them before: nobody is asked.
func (e *examination) verified() {
	if e.About == doctor.Guest {
		return
	}
	known := newRecords(e.State, func(message, hint string) { e.Warn(doctor.RoleVerified, message, hint) })
	good, never := 0, 0
	first := ""
	for _, r := range e.Roster.Roles() {
		switch s := known.standing(r); {
		case s.Good:
			good++
		case isTrouble(s):
			e.Warn(doctor.RoleVerified, r.Name+": "+s.Sentence, cmp.Or(s.Hint, "credd customer verify "+r.Customer.Key))
		case r.ARN != "":
			if never++; first == "" {
				first = r.Customer.Key
			}
		}
	}
	if good > 0 {
		e.OK(doctor.RoleVerified, "of "+count(good, "role")+" the verification holds")
	}
	if never > 1 {
		first = "--all"
	}
	if never > 0 {
		e.Skip(doctor.RoleVerified, count(never, "role")+" that nobody has verified", "credd customer verify "+first)
	}
}
