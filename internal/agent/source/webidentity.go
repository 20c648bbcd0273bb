package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"credd/internal/agent/cred"
	"credd/internal/agent/sts"
)

const (
	mostFile           = 64 << 10 // bytes of a file with a token
	mostToken          = 20_000   // characters of a web identity token (STS AssumeRoleWithWebIdentity)
	webIdentitySession = "credd"  // the role session's name
)

// newWebIdentity returns a role that is assumed with a token in a file. Somebody else renews the file, so it is read anew
// for each session.
func newWebIdentity(spec Spec, d Deps) *minted {
	m := &minted{spec: spec, held: held{now: d.Now}, who: fmt.Sprintf("%q %q", spec.TokenFile, spec.RoleARN)}
	m.fetch = func(ctx context.Context) (*cred.Session, error) { return webIdentity(ctx, &spec, d.STS) }
	return m
}

func webIdentity(ctx context.Context, spec *Spec, by STS) (*cred.Session, error) {
	role, err := arn.Parse(spec.RoleARN)
	if err != nil {
		return nil, &Error{Kind: Config, Message: fmt.Sprintf("the role_arn of source %s is not an ARN", spec.Name)}
	}
	token, err := readToken(spec.TokenFile)
	if err != nil {
		return nil, &Error{
			Kind: Config, Message: fmt.Sprintf("the token file of source %s cannot be used: %v", spec.Name, err),
			Hint: "see that token_file is right, that credd's user may read it, and that what writes it runs", Err: err,
		}
	}
	s, err := by.WebIdentity(ctx, spec.caller(nil), spec.RoleARN, webIdentitySession, token)
	var refused *sts.Error
	if errors.As(err, &refused) && refused.Reason == sts.Login {
		return nil, &Error{
			Kind: Login, Message: fmt.Sprintf("the web identity token of source %s is not accepted or has expired", spec.Name),
			Hint: "what writes " + spec.TokenFile + " has to renew it", Err: err,
		}
	}
	if err != nil {
		return nil, unquoted(err)
	}
	s.AccountID = role.AccountID
	return s, nil
}

// unquoted leaves out what AWS says of a request that it finds invalid: it quotes parameters, and one is a secret.
func unquoted(err error) error {
	var e *sts.Error
	if !errors.As(err, &e) || e.Reason != sts.Invalid {
		return err
	}
	return &sts.Error{Reason: sts.Invalid, Code: e.Code, Message: "AWS refuses the request (" + e.Code + ")", RequestID: e.RequestID, Err: err}
}

// readToken reads a file that holds one token. Its errors name the file and never quote it.
func readToken(name string) (cred.Secret, error) {
	if !filepath.IsAbs(name) {
		return cred.Secret{}, fmt.Errorf("%s is not an absolute path", name)
	}
	data, err := readSmall(name)
	if err != nil {
		return cred.Secret{}, err
	}
	token := bytes.TrimSpace(data)
	if len(token) == 0 {
		return cred.Secret{}, fmt.Errorf("%s is empty", name)
	}
	if bytes.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return cred.Secret{}, fmt.Errorf("%s holds more than a token", name)
	}
	if len(token) > mostToken {
		return cred.Secret{}, fmt.Errorf("%s holds more than the %d characters of a token", name, mostToken)
	}
	return cred.NewSecret(string(token)), nil
}

// readSmall reads a file of at most mostFile. A pipe is refused: it would be waited for without end.
func readSmall(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", name)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, mostFile+1))
	if err == nil && len(data) > mostFile {
		err = fmt.Errorf("%s is larger than %d KiB", name, mostFile>>10)
	}
	return data, err
}
