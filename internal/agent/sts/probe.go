package sts

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// Answer is what an STS endpoint told without being asked for anything.
type Answer struct {
	URL  string
	Skew time.Duration // AWS's clock less ours, within a second or two
}

// Probe sees whether the STS of a region answers, or what is at url in its place if that is set. It sends no credentials, and
// whatever answers in HTTP will do. Its error is an *Error.
func (c *Client) Probe(ctx context.Context, region, url string) (Answer, error) {
	a := Answer{URL: url}
	if url == "" {
		at, err := sts.NewDefaultEndpointResolverV2().ResolveEndpoint(ctx, sts.EndpointParameters{Region: &region}.WithDefaults())
		if err != nil {
			return a, &Error{Reason: Invalid, Message: "there is no STS of region " + region, Err: err}
		}
		a.URL = at.URI.String()
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, a.URL, nil)
	if err != nil {
		return a, &Error{Reason: Invalid, Message: "the URL of STS cannot be used: " + cause(err), Err: err}
	}
	resp, err := c.http.Do(r)
	if err != nil {
		e := transport(err, nil)
		if e.Reason == Broken {
			e.Reason, e.Message = Unreachable, "cannot reach AWS: "+cause(err)
		}
		return a, e
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection ends well
	t, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		return a, &Error{Reason: Broken, Message: fmt.Sprintf("what answers in AWS's place does not tell the time (HTTP %d)", resp.StatusCode), Err: err}
	}
	a.Skew = t.Sub(c.now()).Round(time.Second)
	return a, nil
}
