package agent

import (
	"context"
	"errors"
	"strings"
	"time"

	"credd/internal/agent/cache"
	"credd/internal/agent/roster"
	"credd/internal/agent/source"
	"credd/internal/agent/sts"
	"credd/internal/agent/vault"
	"credd/internal/ipc"
)

// failure is an error sorted for its readers: the code for programs, the outcome for the audit log, the rest for people.
// None of it holds a secret.
type failure struct {
	code    ipc.Code
	outcome string
	message string
	hint    string
}

var outcomes = map[ipc.Code]string{
	ipc.Internal: "internal", ipc.Usage: "config", ipc.UnknownRole: "unknown_role", ipc.Login: "login",
	ipc.Denied: "denied", ipc.Unreachable: "unreachable", ipc.Refused: "refused",
}

func fail(code ipc.Code, message, hint string) failure {
	return failure{code, outcomes[code], message, hint}
}

var sourceCodes = map[source.Kind]ipc.Code{source.Config: ipc.Usage, source.Login: ipc.Login, source.Wait: ipc.Unreachable}

// A keyring that does not answer is one to unlock, like one that is locked.
var vaultCodes = map[vault.Kind]ipc.Code{vault.Broken: ipc.Usage, vault.Locked: ipc.Login, vault.Unavailable: ipc.Login, vault.Absent: ipc.Usage}

// explain sorts an error of the request path.
func explain(err error) failure {
	var chain *chainError
	if errors.As(err, &chain) {
		f := explain(chain.err)
		if !strings.Contains(f.message, "source "+chain.source) {
			f.message = "its source " + chain.source + ": " + f.message
		}
		return f
	}
	var src *source.Error
	if errors.As(err, &src) {
		return fail(sourceCodes[src.Kind], src.Message, src.Hint)
	}
	var kept *vault.Error
	if errors.As(err, &kept) {
		return fail(vaultCodes[kept.Kind], kept.Message, kept.Hint)
	}
	if f, ok := explainOwn(err); ok {
		return f
	}
	var problem roster.Problem
	switch {
	case errors.Is(err, roster.ErrUnknownRole):
		return fail(ipc.UnknownRole, err.Error(), "see: credd role list")
	case errors.As(err, &problem):
		return fail(ipc.Usage, problem.Error(), problem.Hint)
	case errors.Is(err, context.DeadlineExceeded):
		return fail(ipc.Unreachable, "no answer from AWS in time", "try again, or see: credd status")
	}
	var e *sts.Error
	if errors.As(err, &e) {
		return explainAWS(e)
	}
	return fail(ipc.Internal, "internal error", "see credd's log")
}

func explainAWS(e *sts.Error) failure {
	switch e.Reason {
	case sts.Denied:
		return fail(ipc.Denied, e.Message, "")
	case sts.WrongCode:
		return fail(ipc.Login, e.Message, "see that the device is the right one and this machine's clock is right; then: credd login SOURCE")
	case sts.Login:
		return fail(ipc.Login, e.Message, "see that the source's key or login is still good; what AWS says shows: credd source test SOURCE; for type keys: credd source add SOURCE --type keys --replace")
	case sts.Throttled:
		return fail(ipc.Unreachable, e.Message, "try again in a moment")
	case sts.Unreachable:
		return fail(ipc.Unreachable, e.Message, "check the network, or [network] in credd.toml; credd tries again by itself when asked")
	case sts.Clock:
		return fail(ipc.Unreachable, e.Message, "set this machine's clock")
	case sts.Rejected:
		return fail(ipc.Usage, e.Message, "what it means is in the reference of the AWS service; trying again does not help")
	case sts.Invalid:
		return fail(ipc.Usage, e.Message, "change the role's settings; they show in: credd role show")
	}
	return fail(ipc.Unreachable, e.Message, "try again; if it stays, see what answers in AWS's place (proxy, endpoint_url)")
}

// explainRole is explain with what is known about the role: since when it fails and when it last worked.
func (a *Agent) explainRole(role string, err error) failure {
	f := explain(err)
	r := a.health.of(role)
	if f.code == ipc.Denied {
		f.message += a.past(r)
		f.hint = "AWS does not say why. Check " + a.placeOf(role, err) + ", and that its trust policy names us (who we are: credd source test ASSUMER)"
		if !r.worked.IsZero() {
			f.hint = "AWS does not say why. It worked before: ask the account's owner whether the role, its trust policy or the external ID changed; when that is mended: credd source test " + role
		}
		if len(r.causes) > 0 && r.causes[0].hint != "" {
			f.hint = r.causes[0].hint
		}
	}
	if at, err := a.state.Load().role(role); err == nil && at.ARN == "" && f.code == ipc.Denied {
		f.hint = ownHint(at.Source)
	}
	if st := a.state.Load(); st != nil {
		if at, missing := st.role(role); missing == nil {
			f.hint = strings.ReplaceAll(f.hint, "SOURCE", st.sourceName(at))
			f.hint = strings.ReplaceAll(f.hint, "ASSUMER", st.failed(at, err).Source)
		}
	}
	f.message = role + ": " + f.message
	return f
}

// past tells since when a role fails, and when it last worked.
func (a *Agent) past(r record) (text string) {
	if r.since.Before(r.tried) && !r.since.IsZero() {
		text = " since " + a.clock(r.since)
	}
	if !r.worked.IsZero() {
		text += " (last worked " + a.clock(r.worked) + ")"
	}
	return text
}

// ownHint is what to do about a role that hands out its source's own session, and is denied.
func ownHint(source string) string {
	return "the role hands out its source's own session; what AWS lets that source do shows: credd source test " + source
}

// placeOf says where ARN and external ID of the role that was refused stand.
func (a *Agent) placeOf(role string, err error) string {
	const what = "the role's ARN and external ID"
	if st := a.state.Load(); st != nil {
		if at, missing := st.role(role); missing == nil && at.ARN != "" {
			return what + " in " + st.failed(at, err).File
		}
	}
	return what
}

// failed is the role of a chain that an error is about.
func (st *state) failed(role *roster.Role, err error) *roster.Role {
	var chain *chainError
	for errors.As(err, &chain) && isRole(chain.source) {
		next, missing := st.roster.Role(chain.source)
		if missing != nil {
			break
		}
		role, err = next, chain.err
	}
	return role
}

// clock writes a time as people at this machine read it.
func (a *Agent) clock(t time.Time) string {
	if a.Now().Sub(t) < 20*time.Hour {
		return t.Local().Format("15:04")
	}
	return t.Local().Format("2006-01-02 15:04")
}

// passingPause is the most that a failure is remembered which may end by itself, so that work goes on soon after.
const passingPause = 4 * time.Second

// longest returns how long a failure is remembered at most.
func longest(err error) time.Duration {
	switch {
	case asker(err) != nil:
		return 0 // it cost AWS nothing, and an answer may come at any moment
	case passing(err):
		return passingPause
	}
	return cache.MaxPause
}

// passing reports errors that are likely to end by themselves.
func passing(err error) bool {
	var e *sts.Error
	var src *source.Error
	var kept *vault.Error
	switch {
	case errors.As(err, &src):
		return src.Kind == source.Wait
	case errors.As(err, &kept):
		return kept.Kind == vault.Unavailable || kept.Kind == vault.Absent
	}
	return errors.As(err, &e) && e.Passing() || errors.Is(err, context.DeadlineExceeded)
}

// requestID returns the ID that AWS gave the failed request, "" if it did not.
func requestID(err error) string {
	var e *sts.Error
	if errors.As(err, &e) {
		return e.RequestID
	}
	return ""
}
