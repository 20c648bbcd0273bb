package source

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"credd/internal/agent/cred"
	"credd/internal/awsconfig"
)

const processVersion = 1 // of what a credential_process prints (AWS CLI, sourcing credentials with an external process)

// newProcess returns what a command prints, in the form of credential_process. A session without Expiration is asked for at
// every use: held takes its end as past, and lets those that wait share one run.
func newProcess(spec Spec, d Deps) *minted {
	m := &minted{spec: spec, held: held{now: d.Now}, who: fmt.Sprintf("%q", split(spec.Command))}
	m.fetch = func(ctx context.Context) (*cred.Session, error) { return process(ctx, &spec, d.Now) }
	return m
}

func process(ctx context.Context, spec *Spec, now func() time.Time) (*cred.Session, error) {
	if awsconfig.RunsUs(split(spec.Command)) {
		return nil, &Error{
			Kind: Config, Message: fmt.Sprintf("the command of source %s runs credd: a source cannot be a role of credd through a command", spec.Name),
			Hint: "name the role itself as source, such as source = \"acme/admin\"",
		}
	}
	byHand := "run it by hand to see what it says: " + strings.Join(split(spec.Command), " ")
	out, err := run(ctx, spec.Command)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, err // not the command's
	case err != nil:
		e := &Error{Kind: Login, Message: fmt.Sprintf("the command of source %s %v", spec.Name, err), Hint: byHand}
		if errors.Is(err, errNotRun) {
			e.Kind = Config
		}
		return nil, e
	}
	s, err := parseProcess(out)
	if err != nil {
		return nil, &Error{Kind: Config, Message: fmt.Sprintf("the command of source %s %v", spec.Name, err), Hint: byHand}
	}
	if !s.Expires.IsZero() && s.Left(now()) <= 0 {
		return nil, &Error{
			Kind: Login, Message: fmt.Sprintf("the command of source %s gives a session that expired at %s", spec.Name, s.Expires.Format(time.RFC3339)),
			Hint: "it may need a login; " + byHand,
		}
	}
	return s, nil
}

// parseProcess reads what the command printed. Its errors follow "the command …" and quote nothing: also what is no JSON may
// hold a secret.
func parseProcess(out []byte) (*cred.Session, error) {
	var doc struct {
		Version                                   int
		AccessKeyID                               string `json:"AccessKeyId"`
		SecretAccessKey, SessionToken, Expiration string
		AccountID                                 string `json:"AccountId"`
	}
	if err := json.Unmarshal(out, &doc); err != nil {
		return nil, errors.New("does not print the JSON of a credential_process and nothing else")
	}
	switch {
	case doc.Version != processVersion:
		return nil, fmt.Errorf("does not print \"Version\": %d", processVersion)
	case doc.AccessKeyID == "":
		return nil, errors.New("prints no AccessKeyId")
	case doc.SecretAccessKey == "":
		return nil, errors.New("prints no SecretAccessKey")
	}
	s := &cred.Session{
		AccessKeyID:     doc.AccessKeyID,
		SecretAccessKey: cred.NewSecret(doc.SecretAccessKey),
		SessionToken:    cred.NewSecret(doc.SessionToken),
	}
	if len(doc.AccountID) == 12 && strings.Trim(doc.AccountID, "0123456789") == "" {
		s.AccountID = doc.AccountID
	}
	if doc.Expiration != "" {
		end, err := time.Parse(time.RFC3339, doc.Expiration)
		if err != nil || end.IsZero() {
			return nil, errors.New("prints an Expiration that is not a time of RFC 3339")
		}
		s.Expires = end.UTC()
	}
	return s, nil
}
