package fakeaws

import (
	"encoding/json"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"time"
)

const (
	clientLife   = 90 * 24 * time.Hour // as long as AWS lets a registration live
	accountScope = "sso:account:access"

	grantCode    = "authorization_code"
	grantRefresh = "refresh_token"
	grantDevice  = "urn:ietf:params:oauth:grant-type:device_code"
)

// oidcCodes are SSO-OIDC's exceptions with the words of OAuth for them. All are 400, but InvalidClientException is 401
// and InternalServerException 500.
var oidcCodes = map[string]string{
	"AccessDeniedException":          "access_denied",
	"AuthorizationPendingException":  "authorization_pending",
	"ExpiredTokenException":          "expired_token",
	"InternalServerException":        "server_error",
	"InvalidClientException":         "invalid_client",
	"InvalidClientMetadataException": "invalid_client_metadata",
	"InvalidGrantException":          "invalid_grant",
	"InvalidRedirectUriException":    "invalid_redirect_uri",
	"InvalidRequestException":        "invalid_request",
	"SlowDownException":              "slow_down",
	"UnauthorizedClientException":    "unauthorized_client",
	"UnsupportedGrantTypeException":  "unsupported_grant_type",
}

func oidcError(kind, description string) error {
	e := &restError{http.StatusBadRequest, kind, map[string]string{"error": oidcCodes[kind], "error_description": description}}
	switch kind {
	case "InvalidClientException":
		e.status = http.StatusUnauthorized
	case "InternalServerException":
		e.status = http.StatusInternalServerError
	}
	return e
}

// oidcRefusal says a fault. Throttling and unavailability are the front door's, which the service's model has no
// exception for.
func oidcRefusal(e *apiError) (any, error) {
	switch e.code {
	case "Throttling":
		return nil, &restError{http.StatusTooManyRequests, "TooManyRequestsException", map[string]string{"message": e.message}}
	case "InternalFailure":
		return nil, oidcError("InternalServerException", e.message)
	}
	return nil, &restError{e.status, e.code + "Exception", map[string]string{"message": e.message}}
}

// oidcClient is a registered program.
type oidcClient struct {
	id, secret, name string
	expires          time.Time
	directory        *directory // nil where none was named, as for the device grant
	scopes           []string
	grants           []string
	redirects        []*url.URL
}

// may reports whether the client registered for a grant. Clients from before there was a choice named none.
func (c *oidcClient) may(grant string) bool {
	if len(c.grants) == 0 {
		return grant == grantDevice || grant == grantRefresh
	}
	return slices.Contains(c.grants, grant)
}

func (s *Server) registerClient(c restCall) (any, error) {
	var in struct {
		ClientName, ClientType, IssuerURL string
		Scopes, GrantTypes, RedirectURIs  []string
	}
	if json.Unmarshal(c.body, &in) != nil || in.ClientName == "" {
		return nil, oidcError("InvalidRequestException", "clientName is missing")
	}
	if in.ClientType != "public" {
		return nil, oidcError("InvalidClientMetadataException", "clientType must be public")
	}
	client := &oidcClient{
		id: randomHex(16), secret: randomBase64(192), name: in.ClientName, expires: c.now.Add(clientLife).Truncate(time.Second),
		scopes: in.Scopes, grants: in.GrantTypes,
	}
	for _, g := range in.GrantTypes {
		if g != grantCode && g != grantRefresh && g != grantDevice {
			return nil, oidcError("UnsupportedGrantTypeException", "unsupported grant type "+g)
		}
	}
	for _, text := range in.RedirectURIs {
		u, err := url.Parse(text)
		if err != nil || u.Host == "" || u.Fragment != "" || u.Scheme != "https" && !loopback(u) {
			return nil, oidcError("InvalidRedirectUriException", "a redirect URI is https, or http on a loopback address")
		}
		client.redirects = append(client.redirects, u)
	}
	if client.may(grantCode) && (len(client.redirects) == 0 || in.IssuerURL == "") {
		return nil, oidcError("InvalidRequestException", "authorization_code needs redirectUris and issuerUrl")
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	if in.IssuerURL != "" {
		if client.directory = s.center.find(in.IssuerURL); client.directory == nil {
			return nil, oidcError("InvalidRequestException", "unknown issuerUrl")
		}
	}
	s.center.clients[client.id] = client
	return map[string]any{
		"clientId":              client.id,
		"clientSecret":          client.secret,
		"clientIdIssuedAt":      c.now.Unix(),
		"clientSecretExpiresAt": client.expires.Unix(),
	}, nil
}

// loopback reports whether only this machine can be at u. Names do not count: a resolver may say anything.
func loopback(u *url.URL) bool {
	a, err := netip.ParseAddr(u.Hostname())
	return u.Scheme == "http" && err == nil && a.IsLoopback()
}

// redirectsTo reports whether text is registered. On loopback any port will do (RFC 8252, 7.3): a program learns its
// port only when it listens.
func (c *oidcClient) redirectsTo(text string) bool {
	u, err := url.Parse(text)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(c.redirects, func(known *url.URL) bool {
		if known.String() == text {
			return true
		}
		same := *known
		if loopback(known) && known.Port() == "" && loopback(u) && u.Hostname() == known.Hostname() {
			same.Host = u.Host
		}
		return same.String() == text
	})
}

// client returns a registration that still holds. The caller has s.mu.
func (c *identityCenter) client(id, secret string, now time.Time) (*oidcClient, error) {
	known := c.clients[id]
	if known == nil || known.secret != secret {
		return nil, oidcError("InvalidClientException", "Invalid client")
	}
	if !now.Before(known.expires) {
		return nil, oidcError("InvalidClientException", "Client is expired")
	}
	return known, nil
}
