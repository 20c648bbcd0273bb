package sts

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strings"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
)

// maxSkew is how far this machine's clock may be from AWS's. It equals the least life of a session that is handed
// out, so that within it no session that is already dead looks alive. AWS itself refuses above 15 minutes.
const maxSkew = 5 * time.Minute

// Reason sorts errors by what the user can do.
type Reason int

const (
	Broken      Reason = iota // an answer that makes no sense: nothing to do but tell
	Denied                    // AWS said no, and does not say why
	Login                     // the caller's own credentials are no longer good
	Throttled                 // wait
	Unreachable               // fix the network, or wait
	Clock                     // set the clock
	Invalid                   // the request is wrong: change the configuration
	WrongCode                 // the MFA code is wrong, was used, or is of another device
	Rejected                  // AWS said no in another way, which its code tells
)

// Error is a failed call, safe to show: it holds no secret and no external ID.
type Error struct {
	Reason    Reason
	Code      string // AWS's error code, "" where no answer came
	Message   string
	RequestID string
	Skew      time.Duration // of Reason Clock: AWS's clock less ours
	Err       error
}

func (e *Error) Error() string { return e.Message }
func (e *Error) Unwrap() error { return e.Err }

// Passing reports whether the cause can end without a change to the role, the source or the configuration.
func (e *Error) Passing() bool {
	switch e.Reason {
	case Throttled, Unreachable, Broken, Clock:
		return true
	}
	return false
}

var reasons = map[string]Reason{
	"AccessDenied":                Denied,
	"AccessDeniedException":       Denied,
	"ExpiredToken":                Login,
	"ExpiredTokenException":       Login,
	"InvalidClientTokenId":        Login,
	"UnrecognizedClientException": Login,
	"InvalidAccessKeyId":          Login,
	"InvalidIdentityToken":        Login, // of a web identity
	"IDPRejectedClaim":            Login,
	"SignatureDoesNotMatch":       Login, // the clock was looked at before
	"MissingAuthenticationToken":  Login,
	"IncompleteSignature":         Login,
	"Throttling":                  Throttled,
	"ThrottlingException":         Throttled,
	"RequestLimitExceeded":        Throttled,
	"TooManyRequestsException":    Throttled,
	"TooManyRequestsError":        Throttled,   // of sign-in
	"SlowDownException":           Throttled,   // of SSO-OIDC
	busyEntity:                    Throttled,   // of IAM
	"IDPCommunicationError":       Unreachable, // AWS could not ask a web identity's provider
	"NoSuchEntity":                Rejected,    // of IAM, with the following
	"LimitExceeded":               Rejected,    // a quota, which does not pass
	"OptInRequired":               Rejected,
	"RequestExpired":              Clock,
	"ValidationError":             Invalid,
	"MalformedPolicyDocument":     Invalid,
	"PackedPolicyTooLarge":        Invalid,
	"RegionDisabledException":     Invalid,
	"InvalidParameterValue":       Invalid,
	"InvalidParameterCombination": Invalid,
	"InvalidAction":               Invalid,
}

func (c *Client) sorted(err error) error { return Sort(err, c.now()) }

// Sort returns err as an *Error. It serves every AWS call, also those that the SDK makes to resolve a profile.
func Sort(err error, now time.Time) *Error {
	var done *Error
	if errors.As(err, &done) {
		return done
	}
	resp := answered(err)
	if resp != nil {
		if e := clockError(skewOf(resp, now)); e != nil {
			e.RequestID, e.Err = resp.ServiceRequestID(), err
			return e
		}
	}
	var api smithy.APIError
	if !errors.As(err, &api) {
		return transport(err, resp)
	}
	e := &Error{Code: api.ErrorCode(), Err: err}
	if resp != nil {
		e.RequestID = resp.ServiceRequestID()
	}
	status := 0
	if resp != nil {
		status = resp.HTTPStatusCode()
	}
	reason, known := reasons[e.Code]
	switch {
	case strings.HasPrefix(api.ErrorMessage(), "MultiFactorAuthentication failed"):
		e.Reason = WrongCode
	case known:
		e.Reason = reason
	case status >= 500:
		e.Reason = Unreachable
	case status == http.StatusTooManyRequests:
		e.Reason = Throttled
	case status >= 400 && e.Code != noCode && len(e.Code) <= 80 && codeForm.MatchString(e.Code):
		e.Reason = Rejected
	}
	e.Message = message(e.Reason, api)
	if e.Reason == Broken && resp != nil {
		e.Message = fmt.Sprintf("an answer that is not AWS's usual form (HTTP %d, %.40q)", status, api.ErrorCode())
	}
	return e
}

const (
	noCode     = "UnknownError"                  // what the SDK makes of an answer without a code
	busyEntity = "EntityTemporarilyUnmodifiable" // of IAM: it was just changed
)

var codeForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._]+$`)

// quotation is what AWS repeats of a request that it finds invalid, such as in "Value 'x' at 'externalId' failed to satisfy
// constraint". One without an end is cut to the end of the text.
var quotation = regexp.MustCompile(`(?s)Value '.*?(' at |$)`)

// unquoted is AWS's message without what it quotes, which may be a secret.
func unquoted(api smithy.APIError) string {
	return quotation.ReplaceAllStringFunc(api.ErrorMessage(), func(q string) string {
		if strings.HasSuffix(q, "' at ") {
			return "Value at "
		}
		return "Value"
	})
}

// message says what AWS said. What AWS quotes of the request is left out.
func message(r Reason, api smithy.APIError) string {
	switch r {
	case Denied:
		for _, why := range []string{" because ", " with an explicit deny "} { // see Why
			if _, rest, ok := strings.Cut(unquoted(api), why); ok {
				return "denied by AWS" + why + rest
			}
		}
		return "denied by AWS"
	case WrongCode:
		return "AWS does not accept the MFA code"
	case Login:
		return "AWS does not accept the source's credentials (" + api.ErrorCode() + ")"
	case Throttled:
		if api.ErrorCode() == busyEntity {
			return "AWS asks to wait (" + busyEntity + ")"
		}
		return "AWS is throttling requests (" + api.ErrorCode() + ")"
	case Unreachable:
		return "AWS is failing (" + api.ErrorCode() + ")"
	case Invalid:
		if strings.Contains(strings.ToLower(api.ErrorMessage()), "externalid") {
			return "AWS refuses the request (" + api.ErrorCode() + "): the external ID is not valid"
		}
		return "AWS refuses the request (" + api.ErrorCode() + "): " + unquoted(api)
	case Rejected:
		return "AWS refuses: " + api.ErrorCode()
	}
	return "unexpected error of AWS (" + api.ErrorCode() + ")"
}

// transport sorts an error that is no answer of the service.
func transport(err error, resp *awshttp.ResponseError) *Error {
	e := &Error{Reason: Unreachable, Err: err}
	var dns *net.DNSError
	var timeout net.Error
	var send interface{ ConnectionError() bool }
	switch {
	case resp != nil && resp.HTTPStatusCode() < 500:
		e.Reason, e.Message = Broken, fmt.Sprintf("the answer of AWS cannot be read (HTTP %d)", resp.HTTPStatusCode())
	case resp != nil:
		e.Message = fmt.Sprintf("AWS is failing (HTTP %d)", resp.HTTPStatusCode())
	case errors.As(err, &dns):
		e.Message = "cannot reach AWS: no address found for " + dns.Name
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		e.Message = "cannot reach AWS: no answer in time"
	case errors.As(err, &send):
		e.Message = "cannot reach AWS: " + cause(err)
	default:
		e.Reason, e.Message = Broken, "the call to AWS failed"
	}
	return e
}

// cause returns the innermost error, such as "connection refused", without the URL and request around it.
func cause(err error) string {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err.Error()
		}
		if op, ok := err.(*net.OpError); ok {
			return op.Error()
		}
		err = next
	}
}

// answered returns the HTTP answer that came with an error, nil if none came: the SDK has one in either case.
func answered(err error) *awshttp.ResponseError {
	var resp *awshttp.ResponseError
	if !errors.As(err, &resp) || resp.ResponseError == nil || resp.Response == nil || resp.HTTPStatusCode() == 0 {
		return nil
	}
	return resp
}

func skewOf(resp *awshttp.ResponseError, now time.Time) time.Duration {
	t, err := http.ParseTime(resp.Response.Header.Get("Date"))
	if err != nil {
		return 0
	}
	return t.Sub(now)
}

// clockError returns an error if the clocks are too far apart, else nil.
func clockError(skew time.Duration) *Error {
	if skew.Abs() <= maxSkew {
		return nil
	}
	side := "behind"
	if skew < 0 {
		side = "ahead of"
	}
	return &Error{
		Reason:  Clock,
		Skew:    skew,
		Message: fmt.Sprintf("this machine's clock is %d s %s AWS", int(skew.Abs()/time.Second), side),
	}
}

func isOverMaximum(err error) bool {
	var e *Error
	var api smithy.APIError
	return errors.As(err, &e) && e.Code == "ValidationError" &&
		errors.As(e.Err, &api) && strings.Contains(api.ErrorMessage(), "MaxSessionDuration")
}
