package agent

import (
	"context"
	"strings"
	"time"
	"unicode"

	"credd/internal/agent/audit"
	"credd/internal/agent/cache"
	"credd/internal/ipc"
	"credd/internal/ipc/peer"
)

// credentials answers a helper: the session's document, or why there is none. The audit line is written first, so that no
// credential leaves without one.
func (a *Agent) credentials(ctx context.Context, c *caller, payload []byte) reply {
	e := audit.Entry{Time: a.Now(), UID: c.Peer.UID, PID: c.Peer.PID}
	name, err := ipc.ParseCredentials(payload)
	if err != nil {
		return a.refuse(e, fail(ipc.Usage, "unsupported request: "+err.Error(), "use the credhelper of this credd's version"))
	}
	e.Role = name
	// Read now, while the caller waits: it exits as soon as it has its reply.
	facts := peer.FactsOf(c.Conn.Conn, c.Peer)
	e.Exe, e.ParentPID, e.ParentExe = facts.Exe, facts.ParentPID, facts.ParentExe

	st := a.stateFor(name)
	role, err := st.role(name)
	if err != nil {
		return a.refuse(e, explain(err))
	}
	var ans cache.Answer
	err = a.answered(ctx, c, false, func() (err error) { ans, err = a.get(ctx, st, role); return err })
	if ctx.Err() != nil {
		return reply{} // stopping: the helper asks the next daemon
	}
	if err != nil {
		e.RequestID = requestID(err)
		return a.refuse(e, a.explainRole(name, err))
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

// refuse records a refusal and returns it.
func (a *Agent) refuse(e audit.Entry, f failure) reply {
	e.Outcome, e.Error, e.Duration = f.outcome, f.message, a.Now().Sub(e.Time)
	a.record(e)
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
