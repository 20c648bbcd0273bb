package source

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials/endpointcreds"

	"credd/internal/agent/cred"
)

const (
	ecsEndpoint       = "http://169.254.170.2"
	containerAnswer   = 4 * time.Second // one request: the agent that answers asks AWS itself
	containerAttempts = 3               // within a flight's 20 s
)

// Those that may be asked without TLS, beside this machine: the agents of ECS and of EKS (the AWS SDKs' rule).
var agents = []netip.Addr{
	netip.MustParseAddr("169.254.170.2"), netip.MustParseAddr("169.254.170.23"), netip.MustParseAddr("fd00:ec2::23"),
}

var errForeign = errors.New("not this machine and not the agent of ECS or EKS")

// newContainer returns the role of the ECS task or EKS pod that the daemon runs in.
func newContainer(spec Spec, d Deps) *minted { return newContainerOf(spec, d, ownContainer) }

func newContainerOf(spec Spec, d Deps, env containerEnv) *minted {
	m := &minted{spec: spec, held: held{now: d.Now}, who: fmt.Sprintf("%q %q", env.relative, env.full)}
	m.fetch = func(ctx context.Context) (*cred.Session, error) {
		endpoint, open, err := env.endpoint()
		if err != nil {
			return nil, err
		}
		token, err := env.authorization()
		if err != nil {
			return nil, err
		}
		var control dialControl
		if open {
			control = onlyAgents
		}
		client := newLocalHTTP(containerAnswer, control)
		client.object = true
		c, err := endpointcreds.New(endpoint, func(o *endpointcreds.Options) {
			o.HTTPClient, o.Retryer, o.AuthorizationToken = client, localRetryer(containerAttempts), token.Reveal()
		}).Retrieve(ctx)
		if err != nil {
			return nil, explainContainer(ctx, client)
		}
		return localSession(c, d.Now(), "the container's credential endpoint")
	}
	return m
}

// endpoint returns the URL to ask, and whether it is without TLS. The URL is not shown: it can be a secret itself.
func (c containerEnv) endpoint() (address string, open bool, err error) {
	if c.relative != "" {
		if !strings.HasPrefix(c.relative, "/") {
			return "", false, &Error{Kind: Config, Message: "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI in credd's environment is not a path"}
		}
		return ecsEndpoint + c.relative, true, nil
	}
	if c.full == "" {
		return "", false, &Error{
			Kind:    Config,
			Message: "credd was started without AWS_CONTAINER_CREDENTIALS_RELATIVE_URI (ECS) or AWS_CONTAINER_CREDENTIALS_FULL_URI (EKS) in its environment",
			Hint:    "start credd in the container, with the variables that ECS or EKS set there; on an EC2 instance the type is imds",
		}
	}
	u, err := url.Parse(c.full)
	if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", false, &Error{Kind: Config, Message: "AWS_CONTAINER_CREDENTIALS_FULL_URI in credd's environment is not an http or https URL"}
	}
	return c.full, u.Scheme == "http", nil
}

// authorization returns what the endpoint wants to see, the zero Secret for nothing. EKS renews the file.
func (c containerEnv) authorization() (cred.Secret, error) {
	if c.tokenFile == "" {
		if strings.ContainsFunc(c.token.Reveal(), func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return cred.Secret{}, &Error{Kind: Config, Message: "AWS_CONTAINER_AUTHORIZATION_TOKEN in credd's environment is not a token"}
		}
		return c.token, nil
	}
	token, err := readToken(c.tokenFile)
	if err != nil {
		return cred.Secret{}, &Error{
			Kind: Config, Message: fmt.Sprintf("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE in credd's environment cannot be used: %v", err), Err: err,
		}
	}
	return token, nil
}

// onlyAgents is asked about each address before it is connected to, whatever name it had.
func onlyAgents(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return errForeign
	}
	ip := at.Addr().Unmap()
	for _, a := range agents {
		if ip == a {
			return nil
		}
	}
	if ip.IsLoopback() {
		return nil
	}
	return errForeign
}

// explainContainer sorts by the last answer. The SDK's errors are not passed on: they quote the URL and what was answered.
func explainContainer(ctx context.Context, client *localHTTP) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	e := &Error{Kind: Config}
	switch status := client.status; {
	case errors.Is(client.err, errForeign):
		e.Message = "AWS_CONTAINER_CREDENTIALS_FULL_URI in credd's environment has a host that may be asked over https only"
		e.Hint = "http is for this machine, 169.254.170.2, 169.254.170.23 and [fd00:ec2::23]"
	case errors.Is(client.err, errCut):
		e.Kind, e.Message = Wait, "an answer of the container's credential endpoint broke off"
		e.Hint = "try again in a moment"
	case errors.Is(client.err, errTooLarge):
		e.Message = "what answers for the container's credentials is not their endpoint: " + client.err.Error()
	case status == 0:
		e.Kind, e.Message = Wait, "the container's credential endpoint does not answer"
		e.Hint = "see that credd runs in the container whose environment it has"
	case passes(status):
		e.Kind, e.Message = Wait, fmt.Sprintf("the container's credential endpoint is failing (HTTP %d)", status)
		e.Hint = "try again in a moment"
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		e.Message = fmt.Sprintf("the container's credential endpoint does not accept credd's authorization token (HTTP %d)", status)
	case !good(status):
		e.Message = fmt.Sprintf("the container's credential endpoint gives no credentials (HTTP %d)", status)
		e.Hint = "see that the task has a task role, or the pod's service account a pod identity association"
	default:
		e.Message = "what answers for the container's credentials is not their endpoint"
	}
	return e
}
