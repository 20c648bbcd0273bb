package agent

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"credd/internal/agent/cache"
	"credd/internal/agent/cred"
	"credd/internal/agent/roster"
	"credd/internal/agent/source"
	"credd/internal/agent/sts"
	"credd/internal/agent/vault"
)

// get returns a holder's session of a role: from the cache, else through its source and STS.
func (a *Agent) get(ctx context.Context, st *state, role *roster.Role, h holder) (cache.Answer, error) {
	return a.cache.Get(ctx, st.key(role, h), func(ctx context.Context) (*cred.Session, error) {
		return a.fetch(ctx, st, role, h)
	})
}

// refresh is get with a new session, whatever the cache holds.
func (a *Agent) refresh(ctx context.Context, st *state, role *roster.Role, h holder) (cache.Answer, error) {
	return a.cache.Refresh(ctx, st.key(role, h), func(ctx context.Context) (*cred.Session, error) {
		return a.fetch(ctx, st, role, h)
	})
}

// fetch is one flight: it assumes the role and notes how that went. If AWS no longer accepts the source's credentials and
// the source has others, it tries once more with those.
func (a *Agent) fetch(ctx context.Context, st *state, role *roster.Role, h holder) (*cred.Session, error) {
	a.Busy()
	by, err := a.caller(ctx, st, role, h)
	var s *cred.Session
	var note string
	if err == nil {
		s, note, err = a.session(ctx, st, role, h, by)
	}
	if over := (*sts.Error)(nil); by.Session != nil && errors.As(err, &over) && over.Reason == sts.Login && a.isOver(ctx, st, role, by) {
		a.invalidate(st, role, by.Session.AccessKeyID)
		if again, cerr := a.caller(ctx, st, role, h); cerr != nil {
			err = cerr
		} else if again.Session.AccessKeyID != by.Session.AccessKeyID {
			s, note, err = a.session(ctx, st, role, h, again)
		}
	}
	a.note(st, role, note, err)
	return s, err
}

// session is the one call that makes a role's session.
func (a *Agent) session(ctx context.Context, st *state, role *roster.Role, h holder, by sts.Caller) (*cred.Session, string, error) {
	if role.ARN == "" {
		s, err := a.handOut(ctx, st, by, role)
		return s, "", err
	}
	return a.Assumer.Assume(ctx, by, a.request(st, role, h))
}

// chainError is a failure of the source, or of the role, that a role is assumed from.
type chainError struct {
	source string
	err    error
}

func (e *chainError) Error() string { return fmt.Sprintf("its source %s: %v", e.source, e.err) }
func (e *chainError) Unwrap() error { return e.err }

// caller returns who assumes the role, a source or another role's session, and where it asks. That other role need not be open to
// the holder: what is open is the role at the end of the chain.
func (a *Agent) caller(ctx context.Context, st *state, role *roster.Role, h holder) (sts.Caller, error) {
	src := st.source(role)
	if src == nil {
		return sts.Caller{}, fmt.Errorf("source %q of %s is not loaded", role.Source, role.Name)
	}
	region, url := src.Endpoint()
	by := sts.Caller{Region: st.region(role, region), Endpoint: url}
	if !isRole(role.Source) {
		s, err := a.credentialsOf(ctx, role.Source, src)
		if err != nil {
			return by, &chainError{role.Source, sortSource(err, a.Now())}
		}
		by.Session = s
		return by, nil
	}
	parent, err := st.roster.Role(role.Source)
	if err != nil {
		return by, err
	}
	ans, err := a.get(ctx, st, parent, h)
	if err != nil {
		return by, &chainError{parent.Name, err}
	}
	by.Session = ans.Session
	return by, nil
}

// credentialsOf returns a source's credentials and notes how that went.
func (a *Agent) credentialsOf(ctx context.Context, name string, src source.Source) (*cred.Session, error) {
	s, err := src.Credentials(ctx)
	if ctx.Err() == nil {
		a.sources.note(name, "", kindOf(sortSource(err, a.Now())), err, a.Now())
	}
	return s, err
}

// sortSource sorts the error of an AWS call that a source made; the errors of the source and of the vault are sorted already.
func sortSource(err error, now time.Time) error {
	if err == nil {
		return nil
	}
	var own *source.Error
	var kept *vault.Error
	if errors.As(err, &own) || errors.As(err, &kept) {
		return err
	}
	return sts.Sort(err, now)
}

// isOver reports whether AWS refuses the source's credentials where the source itself asks, too. A region that is not
// enabled, or one of another partition, refuses any credentials: that role's trouble is no reason to take a session from all others.
func (a *Agent) isOver(ctx context.Context, st *state, role *roster.Role, by sts.Caller) bool {
	home := st.specs[st.sourceName(role)].STSRegion
	if isRole(role.Source) || by.Region == home {
		return true
	}
	by.Region = home
	_, err := a.Assumer.Identity(ctx, by)
	var over *sts.Error
	return errors.As(err, &over) && over.Reason == sts.Login
}

// invalidate forgets the source's credentials, or those of the role that is the source, if they are the ones with keyID.
func (a *Agent) invalidate(st *state, role *roster.Role, keyID string) {
	if !isRole(role.Source) {
		st.source(role).Invalidate(keyID)
		return
	}
	a.cache.Drop(func(_ cache.Key, s *cred.Session) bool { return s != nil && s.AccessKeyID == keyID })
}

// request is the role as STS wants it.
func (a *Agent) request(st *state, role *roster.Role, h holder) sts.Request {
	return sts.Request{
		RoleARN:        role.ARN,
		AccountID:      role.AccountID,
		SessionName:    a.sessionName(st, role, h),
		ExternalID:     role.ExternalID,
		Duration:       role.Duration,
		Policy:         role.Policy,
		PolicyARNs:     role.PolicyARNs,
		Tags:           role.Tags,
		TransitiveTags: role.TransitiveTags,
		SourceIdentity: role.SourceIdentity,
	}
}

func (a *Agent) sessionName(st *state, role *roster.Role, h holder) string {
	customer, name, _ := strings.Cut(role.Name, "/")
	return sts.SessionName(role.SessionName, sts.Names{
		Service: st.roster.Settings.Service.Name, Customer: customer, Role: name, User: h.name,
	})
}
