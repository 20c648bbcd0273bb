package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/aws/smithy-go"

	"credd/internal/agent/cred"
)

const (
	imdsEndpoint = "http://169.254.169.254"
	imdsAnswer   = 2 * time.Second // one request
	imdsAttempts = 2

	emptyRoleList = "unexpected empty EC2 IMDS role list" // the SDK's text, for which it has no type

	localConnect = time.Second // what is on this machine accepts at once, or is not there
	localBody    = 64 << 10    // bytes of an answer; credentials are a few KB
)

// newIMDS returns the role of the EC2 instance that the daemon runs on.
func newIMDS(spec Spec, d Deps) *minted { return newIMDSAt(spec, d, imdsEndpoint) }

func newIMDSAt(spec Spec, d Deps, endpoint string) *minted {
	m := &minted{spec: spec, held: held{now: d.Now}, who: "instance"}
	m.fetch = func(ctx context.Context) (*cred.Session, error) {
		client := newLocalHTTP(imdsAnswer, nil)
		c, err := ec2rolecreds.New(func(o *ec2rolecreds.Options) {
			o.Client = imds.New(imds.Options{
				Endpoint:          endpoint,
				HTTPClient:        client,
				Retryer:           localRetryer(imdsAttempts),
				ClientEnableState: imds.ClientEnabled, // nothing is taken from the environment
				EnableFallback:    aws.FalseTernary,   // version 1 answers whoever makes a server here fetch a URL
			})
		}).Retrieve(ctx)
		if err != nil {
			return nil, explainIMDS(ctx, client, err)
		}
		return localSession(c, d.Now(), "the instance metadata")
	}
	return m
}

// explainIMDS sorts by the last answer: the SDK hides it in some of its errors, which can quote what was answered.
func explainIMDS(ctx context.Context, client *localHTTP, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var api *smithy.GenericAPIError
	isAPI := errors.As(err, &api)
	e := &Error{Kind: Config}
	switch status := client.status; {
	case errors.Is(client.err, errCut):
		e.Kind, e.Message = Wait, "an answer of the instance metadata broke off"
		e.Hint = "try again in a moment"
	case errors.Is(client.err, errTooLarge):
		e.Message = "what answers at 169.254.169.254 is not the instance metadata of EC2: " + client.err.Error()
	case status == 0:
		e.Message = "no instance metadata here (169.254.169.254 does not answer): not an EC2 instance, its metadata is off, or a hop limit of 1 keeps containers from it"
		e.Hint = "in a container on ECS or EKS the type is container"
	case passes(status):
		e.Kind, e.Message = Wait, fmt.Sprintf("the instance metadata is failing (HTTP %d)", status)
		e.Hint = "try again in a moment"
	case status == http.StatusNotFound && client.method == http.MethodGet, err.Error() == emptyRoleList:
		e.Message = "this EC2 instance has no role"
		e.Hint = "attach an instance profile with a role to this instance"
	case !good(status):
		e.Message = fmt.Sprintf("the instance metadata refuses to answer (HTTP %d)", status)
		e.Hint = "see the instance's metadata options: it may be turned off"
	case isAPI:
		e.Message = "the instance metadata gives no credentials of the instance's role"
		if api.Code != "" && strings.Trim(strings.ToLower(api.Code), "abcdefghijklmnopqrstuvwxyz") == "" {
			e.Message += " (" + api.Code + ")"
		}
		e.Hint = "see the instance profile, and that the role's trust policy names ec2.amazonaws.com"
	default:
		e.Message = "what answers at 169.254.169.254 is not the instance metadata of EC2"
	}
	return e
}

func good(status int) bool { return status >= 200 && status <= 299 }

// passes reports whether an HTTP status is likely to end by itself.
func passes(status int) bool { return status >= 500 || status == http.StatusTooManyRequests }

// localSession checks what a metadata service gave. A session without an end is used once: see held.
func localSession(c aws.Credentials, now time.Time, from string) (*cred.Session, error) {
	if c.AccessKeyID == "" || c.SecretAccessKey == "" || c.SessionToken == "" {
		return nil, &Error{Kind: Wait, Message: "an answer of " + from + " lacks a key, secret or token", Hint: "try again in a moment"}
	}
	s := &cred.Session{
		AccessKeyID:     c.AccessKeyID,
		SecretAccessKey: cred.NewSecret(c.SecretAccessKey),
		SessionToken:    cred.NewSecret(c.SessionToken),
		AccountID:       c.AccountID,
	}
	if c.CanExpire {
		s.Expires = c.Expires.UTC()
		if s.Left(now) <= 0 {
			return nil, &Error{
				Kind: Wait, Message: fmt.Sprintf("%s gives a session that expired at %s", from, s.Expires.Format(time.RFC3339)),
				Hint: "see that this machine's clock is right; else try again in a moment",
			}
		}
	}
	return s, nil
}

func localRetryer(attempts int) aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts, o.RateLimiter = attempts, ratelimit.None
		o.Retryables = append(o.Retryables, retry.RetryableHTTPStatusCode{Codes: map[int]struct{}{http.StatusTooManyRequests: {}}})
	})
}

// localHTTP is the way to a metadata service: never through a proxy, and without connections kept between its rare uses.
// It serves one fetch, whose requests come one after the other.
type localHTTP struct {
	client *http.Client
	object bool // a good answer is a JSON object: the SDK's reader does not survive null

	method string // of the last request
	status int    // of its answer, 0 if none came or not all of it
	err    error  // then, or of an answer that is too large
}

var (
	errNotObject = errors.New("the answer is not a JSON object")
	errCut       = errors.New("the answer broke off")
	errTooLarge  = fmt.Errorf("an answer is larger than %d KiB", localBody>>10)
)

// dialControl is asked about each address that is about to be connected to. See net.Dialer.
type dialControl = func(network, address string, _ syscall.RawConn) error

// newLocalHTTP takes the time of one request, and what refuses addresses, or nil.
func newLocalHTTP(answer time.Duration, control dialControl) *localHTTP {
	return &localHTTP{client: &http.Client{
		Transport: &http.Transport{
			DialContext:       (&net.Dialer{Timeout: localConnect, Control: control}).DialContext,
			DisableKeepAlives: true,
		},
		Timeout:       answer,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Do sends one request. Of an answer that is an error only the status is passed on, so that nothing quotes the rest.
func (l *localHTTP) Do(r *http.Request) (*http.Response, error) {
	resp, err := l.client.Do(r)
	l.method, l.status, l.err = r.Method, 0, err
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	l.status = resp.StatusCode
	if !good(l.status) {
		resp.Body = http.NoBody
		resp.Header.Del("Content-Type")
		return resp, nil
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, localBody+1))
	if err != nil {
		l.status, l.err = 0, fmt.Errorf("%w: %w", errCut, err)
		return nil, l.err
	}
	if len(body) > localBody {
		l.err = errTooLarge
		return nil, l.err
	}
	if l.object && !bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")) {
		return nil, errNotObject
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}
