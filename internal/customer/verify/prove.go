package verify

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"credd/internal/agent/cred"
)

const (
	// spread is how long a change of a trust policy may take to hold everywhere. AWS promises no time; it is seconds to a minute.
	// Until it is over an answer that should be otherwise does not count.
	spread       = 60 * time.Second
	firstPause   = 2 * time.Second // before such an answer is asked for again, doubled each time
	longestPause = 10 * time.Second

	shortest = 15 * time.Minute // the least that AWS gives (STS AssumeRole): of no session here more is needed
)

const (
	// denyAll goes with each request that should be denied. Where it is not, its session can do nothing but say who it is.
	denyAll = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}`

	// lookOnly goes with the session that looks at its own role.
	lookOnly = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:GetRole","iam:SimulatePrincipalPolicy"],"Resource":"*"}]}`
)

// prove asks with the right external ID, without one, with a wrong one, and with the right one again.
func (r *run) prove(ctx context.Context) {
	right := Try{What: "right external ID", Good: true, ID: r.role.ExternalID, Duration: shortest}
	bare := r.role.ExternalID.IsZero()
	if bare {
		right.What = "no external ID, as configured"
	}
	t := r.settle(ctx, right)
	r.proof.right = t.Answer
	switch {
	case t.Answer == Granted && bare:
		r.check("right-id", Note, "works without an external ID, and none is set here")
	case t.Answer == Granted:
		r.check("right-id", OK, "works with its external ID")
	case t.Answer == Refused:
		r.check("right-id", Failed, "is denied%s, %s; AWS does not say why", with(bare), r.patience())
	default:
		r.unclear("right-id", right.What, t)
	}
	if t.Answer != Granted {
		return
	}
	r.identify(ctx, t.Session)
	if r.proof.bare = bare; bare || r.proof.who == other {
		return
	}
	r.proof.none = r.refuse(ctx, "no-id", "without an external ID", cred.Secret{})
	if r.proof.none == NoAnswer {
		return // each further one may take its whole time to fail
	}
	r.proof.wrong = r.refuse(ctx, "wrong-id", "with another external ID", cred.NewSecret(rand.Text()))
	if r.proof.wrong == NoAnswer {
		return
	}

	// The same request as the two before but for the external ID: so that is what they were denied for, and not the policy or the
	// duration that came with them, or a change of the role meanwhile.
	again := Try{What: "right external ID again", Good: true, ID: r.role.ExternalID, Duration: shortest, Policy: denyAll}
	t = r.settle(ctx, again)
	r.proof.again = t.Answer
	switch t.Answer {
	case Granted:
		r.check("right-id-again", OK, "still works with its external ID after that")
	case Refused:
		t.Reason, t.Hint = "it worked at first and is denied now: something changed meanwhile", r.repeat()
		fallthrough
	default:
		r.unclear("right-id-again", again.What, t)
	}
}

func with(bare bool) string {
	if bare {
		return " without an external ID, and none is set here"
	}
	return " with its external ID"
}

// refuse makes a request that should be denied. Where the role's requests carry more than an external ID it is made without that
// too: a trust policy may deny what was added, and let in who adds nothing.
func (r *run) refuse(ctx context.Context, id, how string, with cred.Secret) Answer {
	try := Try{What: how, ID: with, Duration: shortest, Policy: denyAll}
	t := r.settle(ctx, try)
	if t.Answer == Refused && r.role.Marked {
		try.Plain = true
		t = r.settle(ctx, try)
	}
	switch t.Answer {
	case Refused:
		r.check(id, OK, "is denied %s", how)
	case Granted:
		r.check(id, Failed, "works %s, %s", how, r.patience())
	default:
		r.unclear(id, how, t)
	}
	return t.Answer
}

// settle asks until the answer is the one that should come, or one that proves nothing, or a change has had the time to spread.
func (r *run) settle(ctx context.Context, try Try) Tried {
	var before Answer
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		t := r.Assume(ctx, try)
		if t.Answer != before {
			r.tell("%s: %s", try.What, t.says(try.Good))
		}
		before = t.Answer
		wrong := try.Good && t.Answer == Refused || !try.Good && t.Answer == Granted
		if !wrong || r.waited >= spread || ctx.Err() != nil {
			return t
		}
		pause = min(pause, spread-r.waited)
		r.tell("waiting for AWS to spread a change (%d s of %d)", r.waited/time.Second, spread/time.Second)
		if r.Wait(ctx, pause) != nil {
			return t
		}
		r.waited += pause
	}
}

// patience says how long a change of before had the time to spread.
func (r *run) patience() string {
	if r.late {
		return fmt.Sprintf("%d s after the verification began", spread/time.Second)
	}
	return fmt.Sprintf("also after %d s", spread/time.Second)
}

// says is the answer in a word or two.
func (t *Tried) says(good bool) string {
	switch {
	case t.Answer == Granted && good:
		return "ok"
	case t.Answer == Granted:
		return "works, and should not"
	case t.Answer == Refused && good:
		return "denied"
	case t.Answer == Refused:
		return "denied, as it should be"
	}
	return t.Reason
}

// unclear notes an answer that proves nothing.
func (r *run) unclear(id, asked string, t Tried) {
	if r.at == "" {
		r.at, r.vague = asked, t
	}
	r.check(id, Unknown, "%s: %s", asked, t.Reason)
}

func (r *run) repeat() string { return "try again: credd customer verify " + r.role.Name }
