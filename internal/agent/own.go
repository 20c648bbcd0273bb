package agent

import (
	"context"
	"errors"
	"strings"

	"credd/internal/agent/cred"
	"credd/internal/agent/roster"
	"credd/internal/agent/source"
	"credd/internal/agent/sts"
	"credd/internal/ipc"
)

// ownMark begins the name under which a source's own session is asked for: @work.
const ownMark = "@"

// ownRoles are the roles that hand out each source's own session.
func ownRoles(r *roster.Roster) map[string]*roster.Role {
	own := map[string]*roster.Role{}
	for _, s := range r.Sources() {
		own[ownMark+s.Name] = &roster.Role{
			Name: ownMark + s.Name, Customer: &roster.Customer{}, Source: s.Name, Partition: partitionOf(s),
			Duration: r.Settings.Defaults.Duration, Region: r.Settings.Defaults.Region, AccountID: s.AccountID,
		}
	}
	return own
}

// role returns a role of the roster, or what stands for a source.
func (st *state) role(name string) (*roster.Role, error) {
	of, isOwn := strings.CutPrefix(name, ownMark)
	if !isOwn {
		return st.roster.Role(name)
	}
	if role, ok := st.own[name]; ok {
		return role, nil
	}
	return nil, st.noSource(of)
}

// noSource is the error for a source that the files do not have, or cannot have because they are broken.
func (st *state) noSource(name string) error {
	if err := st.roster.Broken(); err != nil {
		return err
	}
	return &unknownSource{name}
}

type unknownSource struct{ name string }

func (e *unknownSource) Error() string { return "no such source: " + e.name }

// wrongAccount is a session that is not of the account that its role says.
type wrongAccount struct{ want, got string }

func (e *wrongAccount) Error() string {
	return "the source's session is of account " + e.got + ", and the role is of account " + e.want
}

// handOut returns the source's own session, for a role without an ARN. Of a long-term key it is one of GetSessionToken: what
// is handed out expires.
func (a *Agent) handOut(ctx context.Context, st *state, by sts.Caller, role *roster.Role) (*cred.Session, error) {
	s := by.Session
	switch {
	case s.Temporary() && s.Expires.IsZero():
		return nil, &source.Error{
			Kind: source.Config, Message: "the session of source " + role.Source + " does not say when it ends, so it cannot be handed out",
			Hint: "use a source that renews its session by itself, such as one of type sso",
		}
	case !s.Temporary():
		var err error
		if s, err = a.Assumer.SessionToken(ctx, by, role.Duration, "", ""); err != nil {
			return nil, err
		}
	}
	own := *s
	if own.AccountID == "" || !st.knowsAccount(role) {
		id, err := a.Assumer.Identity(ctx, sts.Caller{Session: s, Region: by.Region, Endpoint: by.Endpoint})
		if err != nil {
			return nil, err
		}
		own.AccountID, own.ARN = id.AccountID, id.ARN
	}
	if role.AccountID != "" && role.AccountID != own.AccountID {
		return nil, &wrongAccount{role.AccountID, own.AccountID}
	}
	if own.Issued.IsZero() {
		own.Issued = a.Now().UTC().Round(0)
	}
	return &own, nil
}

// knowsAccount reports whether AWS itself names the account of the source's sessions. Programs and files only claim it.
func (st *state) knowsAccount(role *roster.Role) bool {
	switch st.specs[role.Source].Type {
	case "keys", "sso", "web-identity":
		return true
	}
	return false
}

// explainOwn sorts the errors of this file.
func explainOwn(err error) (failure, bool) {
	var unknown *unknownSource
	var wrong *wrongAccount
	switch {
	case errors.As(err, &unknown):
		return fail(ipc.UnknownRole, err.Error(), "see: credd source list"), true
	case errors.As(err, &wrong):
		return fail(ipc.Usage, err.Error(), "name another source for the role, or correct account_id of its customer"), true
	}
	return failure{}, false
}
