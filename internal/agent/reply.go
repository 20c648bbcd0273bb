package agent

import (
	"context"
	"strings"
	"time"
	"unicode"

	"credd/internal/agent/audit"
	"credd/internal/agent/cache"
	"credd/internal/ipc"
)

// credentials answers a helper: the session's document, or why there is none. The audit line is written first, so that no
// credential leaves without one.
func (a *Agent) credentials(ctx context.Context, c *caller, payload []byte) reply {
	name, err := ipc.ParseCredentials(payload)
	e := a.entry(ctx, c)
	if err != nil {
		return a.refuse(c, e, fail(ipc.Usage, "unsupported request: "+err.Error(), "use the credhelper of this credd's version"))
	}
	e.Role = name
	st, role, f := a.openRole(ctx, c, name)
	if role == nil {
		return a.refuse(c, e, f)
	}
	var ans cache.Answer
	err = a.answered(ctx, c, false, func() (err error) { ans, err = a.get(ctx, st, role, a.holder(ctx, c)); return err })
	if ctx.Err() != nil {
		return reply{} // stopping: the helper asks the next daemon
	}
	if err != nil {
		e.RequestID = requestID(err)
		return a.refuse(c, e, a.told(c, name, err))
	}
	a.record(grant(e, ans, a.Now().Sub(e.Time)))
	return reply{ipc.KindDocument, ans.Document}
}

func grant(e audit.Entry, ans cache.Answer, took time.Duration) audit.Entry {
	s := ans.Session
	e.Outcome, e.From = "ok", "cache"
	if ans.Fresh {
		e.From = "sts"
	}
	e.Duration = took
	e.Expires = s.Expires
	e.SessionName, e.AccessKeyID, e.AssumedRoleID, e.RequestID = s.SessionName, s.AccessKeyID, s.AssumedRoleID, s.RequestID
	return e
}

// refuse records a refusal and returns it. A guest cannot fill the log with them.
func (a *Agent) refuse(c *caller, e audit.Entry, f failure) reply {
	e.Outcome, e.Error, e.Duration = f.outcome, f.message, a.Now().Sub(e.Time)
	if c.manages() || a.refused.noteOfAll(c.Peer.User, a.Now()) {
		a.record(e)
	}
	return refusal(f)
}

// record writes an audit line. A full disk does not stop the user's work: it shows in status instead.
func (a *Agent) record(e audit.Entry) {
	if err := a.Audit.Record(e); err != nil {
		a.warn("audit", "the audit log cannot be written: "+err.Error())
		return
	}
	a.warn("audit", "")
}

// refusal is a failure as it travels, without characters that a terminal would act on.
func refusal(f failure) reply {
	return reply{ipc.KindError, ipc.AppendError(nil, &ipc.Error{Code: f.code, Message: printable(f.message), Hint: printable(f.hint)})}
}

func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, s)
}
