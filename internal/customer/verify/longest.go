package verify

import (
	"context"
	"fmt"
	"time"
)

const (
	surely    = time.Hour // that each role gives: the least maximum that IAM lets a role have (IAM CreateRole)
	most      = 12 * time.Hour
	mostTries = 4 // they tell the whole hours from 1 to 12 apart
)

// longest finds the longest session of a role, in whole hours.
func (r *run) longest(ctx context.Context, self *Self) {
	switch {
	case self != nil && self.MaxSession > 0:
		r.longestSession = int64(self.MaxSession / time.Second)
		text := "sessions of up to " + short(self.MaxSession)
		if !r.role.LongTerm && self.MaxSession > time.Hour {
			text += "; 1 h from here, since its source's credentials are a session themselves"
		}
		r.lasts(OK, text, self.MaxSession)
	case !r.role.LongTerm:
		r.check("longest-session", Unknown, "sessions of up to 1 h: AWS gives no more from its source, whose credentials are a session themselves; the role's own maximum is not visible from outside")
	default:
		r.bisect(ctx)
	}
}

// bisect asks for sessions that can do nothing, until it is known how long they may be, or that they may be as long as the role is
// configured for.
func (r *run) bisect(ctx context.Context) {
	granted, refused := surely, most+time.Hour
	for n := 0; n < mostTries; n++ {
		d := between(granted, refused)
		if n == 0 && r.role.Duration > surely {
			d = r.role.Duration
		}
		if d == 0 || r.role.Duration > surely && granted >= r.role.Duration {
			break
		}
		t := r.Assume(ctx, Try{What: "session of " + short(d), Good: true, ID: r.role.ExternalID, Duration: d, Policy: denyAll})
		switch t.Answer {
		case Granted:
			granted = d
			r.tell("session of %s: ok", short(d))
		case TooLong:
			refused = d
			r.tell("session of %s: longer than the role's maximum", short(d))
		default:
			r.tell("session of %s: %s", short(d), t.says(true))
			r.check("longest-session", Unknown, "sessions of at least %s; longer ones could not be tried: %s", short(granted), t.says(true))
			return
		}
	}
	r.longestSession = int64(granted / time.Second)
	text := "sessions of at least " + short(granted)
	switch {
	case granted == most:
		text = "sessions of " + short(most) + ", the longest that AWS has"
	case refused <= most:
		text += ", less than " + short(refused)
	}
	r.lasts(OK, text, granted)
}

// between is the whole hour in the middle of two durations, 0 if there is none.
func between(granted, refused time.Duration) time.Duration {
	middle := (granted/time.Hour + (refused+time.Hour-1)/time.Hour) / 2 * time.Hour
	if middle <= granted || middle >= refused {
		return 0
	}
	return middle
}

// lasts notes a longest session, and whether it is as long as the role is configured for.
func (r *run) lasts(o Outcome, text string, longest time.Duration) {
	if r.role.Duration > longest && r.role.LongTerm {
		o = Note
		text += fmt.Sprintf("; %s is set here, and AWS refuses that: sessions are 1 h instead", short(r.role.Duration))
	}
	r.check("longest-session", o, "%s", text)
}

// short writes 1 h, 1 h 30 min.
func short(d time.Duration) string {
	h, m := d/time.Hour, d%time.Hour/time.Minute
	switch {
	case m == 0:
		return fmt.Sprintf("%d h", h)
	case h == 0:
		return fmt.Sprintf("%d min", m)
	}
	return fmt.Sprintf("%d h %d min", h, m)
}
