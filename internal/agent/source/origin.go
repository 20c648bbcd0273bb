package source

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"
	"github.com/aws/aws-sdk-go-v2/credentials/ssocreds"
	"github.com/aws/smithy-go"

	"credd/internal/awsconfig"
)

// fileFacts tell whether a file changed.
type fileFacts struct {
	size int64
	mod  time.Time
}

func factsOf(name string) fileFacts {
	i, err := os.Stat(name)
	if err != nil {
		return fileFacts{size: -1}
	}
	return fileFacts{i.Size(), i.ModTime()}
}

// origin describes where a profile's credentials come from. A key ID with a session token is left out: tools renew such
// keys in place, and that does not make the profile somebody else.
func origin(s *config.SharedConfig) string {
	var b strings.Builder
	for ; s != nil; s = s.Source {
		key := s.Credentials.AccessKeyID
		if s.Credentials.SessionToken != "" {
			key = "temporary"
		}
		fmt.Fprintf(&b, "%q", []string{key, s.CredentialSource, s.CredentialProcess, s.WebIdentityTokenFile,
			s.RoleARN, s.ExternalID, s.SSOSessionName, s.SSOStartURL, s.SSOAccountID, s.SSORoleName, s.LoginSession})
	}
	return b.String()
}

func usesSSO(s *config.SharedConfig) bool {
	return s.SSOSessionName != "" || s.SSOStartURL != "" || s.SSOAccountID != "" || s.SSORoleName != ""
}

// root returns the profile at the end of a chain of source profiles.
func root(s *config.SharedConfig) *config.SharedConfig {
	for s.Source != nil {
		s = s.Source
	}
	return s
}

// check refuses profiles that cannot work before the SDK tries them.
func (p *Profile) check(s *config.SharedConfig) error {
	for at := s; at != nil; at = at.Source {
		if awsconfig.CallsUs(at.CredentialProcess) {
			return &Error{
				Kind:    Config,
				Message: fmt.Sprintf("profile %q gets its credentials from credhelper: a source cannot be a role of credd through its own profile", at.Profile),
				Hint:    "name the role itself as source, such as source = \"acme/admin\", or a profile that holds its own credentials",
			}
		}
		if at.RoleARN != "" && at.MFASerial != "" {
			return &Error{
				Kind:    Config,
				Message: fmt.Sprintf("profile %q asks for an MFA code, which a source of type profile cannot give", at.Profile),
				Hint:    "make the keys a source that asks for codes: credd source add NAME --type keys --from-profile PROFILE --mfa-serial ARN",
			}
		}
	}
	r := root(s)
	if r.Credentials.HasKeys() || r.CredentialSource != "" || r.WebIdentityTokenFile != "" || usesSSO(r) ||
		r.LoginSession != "" || r.CredentialProcess != "" {
		return nil
	}
	// The SDK would go on to the metadata service and might answer with somebody else.
	return &Error{
		Kind:    Config,
		Message: fmt.Sprintf("profile %q has no credentials", r.Profile),
		Hint:    fmt.Sprintf("give it some (aws configure sso, aws login, aws configure) and try: aws sts get-caller-identity --profile %s", word(p.spec.Profile)),
	}
}

// unreadable explains why the files could not be read. The SDK's text is not passed on: it can quote a line with a key.
func unreadable(profile string, err error) error {
	var missing config.SharedConfigProfileNotExistError
	if errors.As(err, &missing) {
		return &Error{
			Kind:    Config,
			Message: fmt.Sprintf("profile %q is not in ~/.aws/config or ~/.aws/credentials", missing.Profile),
			Hint:    "see which there are: credd import --dry-run",
			Err:     err,
		}
	}
	var incomplete config.CredentialRequiresARNError
	if errors.As(err, &incomplete) {
		return &Error{Kind: Config, Message: fmt.Sprintf("profile %q needs role_arn beside %s", incomplete.Profile, incomplete.Type), Err: err}
	}
	return &Error{
		Kind:    Config,
		Message: fmt.Sprintf("profile %q cannot be read from ~/.aws", profile),
		Hint:    fmt.Sprintf("try: aws sts get-caller-identity --profile %s", word(profile)),
		Err:     err,
	}
}

// loginCodes are AWS's answers to a login that is over.
var loginCodes = map[string]bool{
	"UnauthorizedException": true, "InvalidGrantException": true, "ExpiredTokenException": true, "InvalidClientException": true,
	"AccessDeniedException": false, // of sign-in and the portal: no access, whoever logs in
}

// explain says why the credentials could not be had. An AWS call that failed for another reason than a login is
// returned as it is, to be sorted like every AWS call.
func (p *Profile) explain(r *resolved, err error) error {
	at := root(&r.shared)
	var own *Error
	if errors.As(err, &own) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	var api smithy.APIError
	if errors.As(err, &api) && !loginCodes[api.ErrorCode()] {
		return err
	}
	var sent interface{ ConnectionError() bool }
	if errors.As(err, &sent) {
		return err
	}
	var token *ssocreds.InvalidTokenError
	var process *processcreds.ProviderError
	switch {
	case errors.As(err, &token), usesSSO(at):
		return p.login("IAM Identity Center login", "aws sso login --profile "+word(at.Profile), err)
	case at.LoginSession != "":
		return p.login("login", "aws login --profile "+word(at.Profile), err)
	case errors.As(err, &process):
		return &Error{
			Kind:    Login,
			Message: fmt.Sprintf("the credential_process of profile %q failed", at.Profile),
			Hint:    fmt.Sprintf("it may need a login; try: aws sts get-caller-identity --profile %s", word(at.Profile)),
			Err:     err,
		}
	}
	return err
}

func (p *Profile) login(what, command string, err error) error {
	return &Error{
		Kind:    Login,
		Message: fmt.Sprintf("the %s of profile %q is missing or has expired", what, p.spec.Profile),
		Hint:    "log in with: " + command,
		Err:     err,
	}
}
