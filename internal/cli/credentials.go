package cli

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"credd/internal/agent/cred"
	"credd/internal/ipc"
	"credd/internal/ipc/dial"
	"credd/internal/ipc/start"
)

// credentials are a role's, as the daemon hands them out. What is secret in them does not print.
type credentials struct {
	AccessKeyID     string
	SecretAccessKey cred.Secret
	SessionToken    cred.Secret
	Expires         time.Time
	AccountID       string // "" where unknown
}

// credentials asks the daemon as credhelper does: it starts one if none runs, and puts its questions to the person at the
// terminal. role is a whole name, or a source's with its @.
func (s *Streams) credentials(ctx context.Context, role string) (credentials, error) {
	const patience = 50 * time.Second // credhelper's: the daemon's own limits are below it
	if len(role) > ipc.MaxRole {
		return credentials{}, &userError{ipc.UnknownRole, "the role's name is longer than 512 bytes", ""}
	}
	where, err := s.locate()
	if err != nil {
		return credentials{}, err
	}
	deadline := time.Now().Add(patience)
	if d, ok := ctx.Deadline(); ok && d.Before(deadline) {
		deadline = d
	}
	frame := ipc.Append(nil, ipc.KindCredentials, ipc.AppendCredentials(nil, role))
	kind, payload, err := s.askAgain(where, frame, deadline)
	if err != nil {
		return credentials{}, unanswered(err, where)
	}
	switch kind {
	case ipc.KindDocument:
		return readDocument(payload)
	case ipc.KindError:
		if e, err := ipc.ParseError(payload); err == nil {
			return credentials{}, e
		}
	}
	return credentials{}, errOtherVersion
}

// askAgain sends the request. A connection lost before the reply is tried again, after a pause: a daemon that is killed closes
// its listening socket last.
func (s *Streams) askAgain(where locations, frame []byte, deadline time.Time) (ipc.Kind, []byte, error) {
	for _, pause := range []time.Duration{50 * time.Millisecond, 250 * time.Millisecond} {
		kind, payload, err := s.askOnce(where, frame, deadline)
		if !errors.Is(err, dial.ErrLost) {
			return kind, payload, err
		}
		time.Sleep(pause)
	}
	return s.askOnce(where, frame, deadline)
}

// askOnce sends the request to the daemon that runs, or else to one that it starts.
func (s *Streams) askOnce(where locations, frame []byte, deadline time.Time) (ipc.Kind, []byte, error) {
	person := func(q ipc.Question, fd int, deadline time.Time) ipc.Answer {
		q.Text = "credd: " + q.Text
		return s.answer(q, fd, deadline)
	}
	kind, payload, err := dial.Ask(where.socket, frame, deadline, person)
	if errors.Is(err, dial.ErrNoDaemon) && !where.machine {
		s.warnOfRoot()
		if err := start.Daemon(where.socket, deadline); err != nil {
			return 0, nil, err
		}
		kind, payload, err = dial.Ask(where.socket, frame, deadline, person)
	}
	return kind, payload, err
}

var errOtherVersion = &userError{ipc.Internal, "the reply of the daemon is not understood", "it may be of another version: restart it"}

// unanswered is the error for a request without a reply.
func unanswered(err error, where locations) error {
	look := "see what it does: credd status"
	if !where.machine {
		look += ", or what it logged: credd service logs"
	}
	var own *start.Error
	switch {
	case errors.As(err, &own):
		return notStarted(err)
	case errors.Is(err, dial.ErrNoDaemon) && where.machine:
		return undialled(where, err)
	case errors.Is(err, dial.ErrNoDaemon):
		return &userError{ipc.NoDaemon, err.Error(), "start it with: credd serve"}
	case errors.Is(err, dial.ErrForeign):
		return &userError{ipc.Refused, err.Error() + ": nothing was sent to it", "check " + where.socket + ", and CREDD_SOCK"}
	case errors.Is(err, dial.ErrTimeout), errors.Is(err, dial.ErrLost):
		return &userError{ipc.NoDaemon, err.Error(), look}
	case errors.Is(err, ipc.ErrTooLarge), errors.Is(err, ipc.ErrMalformed):
		return errOtherVersion
	}
	return &userError{ipc.NoDaemon, "connect to credd: " + err.Error(), "check " + where.socket + ", and CREDD_SOCK"}
}

// readDocument reads what credhelper would print. Its errors quote nothing of it.
func readDocument(text []byte) (credentials, error) {
	var d struct {
		AccessKeyID     string `json:"AccessKeyId"`
		SecretAccessKey string
		SessionToken    string
		Expiration      time.Time
		AccountID       string `json:"AccountId"`
	}
	if json.Unmarshal(text, &d) != nil || d.AccessKeyID == "" || d.SecretAccessKey == "" || d.SessionToken == "" || d.Expiration.IsZero() {
		return credentials{}, errOtherVersion
	}
	return credentials{d.AccessKeyID, cred.NewSecret(d.SecretAccessKey), cred.NewSecret(d.SessionToken), d.Expiration, d.AccountID}, nil
}
