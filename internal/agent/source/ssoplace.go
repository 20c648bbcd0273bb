package source

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ssooidc"
)

// ssoPlace is where a person logs in. The services are part of it: no token of AWS goes to a simulator.
type ssoPlace struct{ startURL, region, services string }

// cleanStartURL drops what the address in a browser has more than the one that AWS documents: /start/#/.
func cleanStartURL(u string) string {
	u, _, _ = strings.Cut(u, "#")
	return strings.TrimRight(u, "/")
}

var ssoRegionForm = regexp.MustCompile(`^[a-z0-9-]{1,40}$`) // it becomes part of a host's name

func (p ssoPlace) check(source string) error {
	u, err := url.Parse(p.startURL)
	if err != nil || u.Host == "" {
		return &Error{Kind: Config, Message: fmt.Sprintf("the start URL of source %s is not a URL such as https://example.awsapps.com/start", source)}
	}
	if !ssoRegionForm.MatchString(p.region) {
		return &Error{Kind: Config, Message: fmt.Sprintf("the IAM Identity Center region of source %s is not a region such as eu-west-1", source)}
	}
	return nil
}

// item is the login's name in the vault.
func (p ssoPlace) item() string {
	name := "sso/" + p.region + "/" + p.startURL
	if p.services != "" {
		name += " at " + p.services
	}
	return name
}

// authorizePage returns the page on which a person allows the login. No SDK knows it, but the host is the service's own.
func (p ssoPlace) authorizePage(ctx context.Context) (string, error) {
	params := ssooidc.EndpointParameters{Region: &p.region}
	if p.services != "" {
		params.Endpoint = &p.services
	}
	at, err := ssooidc.NewDefaultEndpointResolverV2().ResolveEndpoint(ctx, params)
	if err != nil {
		return "", &Error{Kind: Config, Message: fmt.Sprintf("IAM Identity Center has no address in region %s", p.region), Err: err}
	}
	return at.URI.JoinPath("authorize").String(), nil
}
