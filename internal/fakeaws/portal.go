package fakeaws

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

func portalError(status int, kind, message string) error {
	return &restError{status, kind, map[string]string{"message": message, "__type": "com.amazonaws.switchboard.portal#" + kind}}
}

func tooManyRequests() error {
	return portalError(http.StatusTooManyRequests, "TooManyRequestsException", "HTTP 429 Unknown Code")
}

func noAccess() error { return portalError(http.StatusForbidden, "ForbiddenException", "No access") }

func portalRefusal(e *apiError) (any, error) {
	if e.code == "Throttling" {
		return nil, tooManyRequests()
	}
	return nil, portalError(e.status, e.code+"Exception", e.message)
}

// ThrottleSSO makes the portal refuse its next n calls.
func (s *Server) ThrottleSSO(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.center.throttled = n
}

// SetSSOPage sets how many accounts or roles one page has at most; at first 2.
func (s *Server) SetSSOPage(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.center.pageSize = max(n, 1)
}

// portal wraps what all calls of the portal have in common: throttling, then the access token. do runs under s.mu.
func portal(do func(*Server, restCall, *signIn) (any, error)) func(*Server, restCall) (any, error) {
	return func(s *Server, c restCall) (any, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.center.throttled > 0 {
			s.center.throttled--
			return nil, tooManyRequests()
		}
		t := s.center.access[c.Header.Get("X-Amz-Sso_bearer_token")]
		if t == nil || !c.now.Before(t.expires) {
			return nil, portalError(http.StatusUnauthorized, "UnauthorizedException", "Session token not found or invalid")
		}
		return do(s, c, t.signIn)
	}
}

// portalRole returns the role's ARN that a request is about, whoever sends it, and "" for a role of nobody.
func (s *Server) portalRole(v url.Values) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.center.directories {
		if r := d.assigned(v.Get("account_id"), v.Get("role_name")); r != nil {
			return r.arn
		}
	}
	return ""
}

func (s *Server) getRoleCredentials(c restCall, in *signIn) (any, error) {
	v := c.URL.Query()
	account, name := v.Get("account_id"), v.Get("role_name")
	if account == "" || name == "" {
		return nil, portalError(http.StatusBadRequest, "InvalidRequestException", "account_id and role_name are required")
	}
	r := in.directory.assigned(account, name)
	if r == nil {
		return nil, noAccess()
	}
	full := r.arn[strings.LastIndex(r.arn, "/")+1:]
	i := &identity{
		key:       Key{ID: newID("ASIA", 16), Secret: newSecret()},
		arn:       fmt.Sprintf("arn:aws:sts::%s:assumed-role/%s/%s", account, full, ssoUser),
		principal: r.arn,
		partition: "aws",
		account:   account,
		id:        r.id + ":" + ssoUser,
		token:     newToken(),
		issued:    c.now,
		expires:   c.now.Add(s.center.roleLife).Truncate(time.Second),
		chained:   true,
	}
	s.identities[i.key.ID] = i
	return map[string]any{"roleCredentials": map[string]any{
		"accessKeyId":     i.key.ID,
		"secretAccessKey": i.key.Secret,
		"sessionToken":    i.token,
		"expiration":      i.expires.UnixMilli(),
	}}, nil
}

func (s *Server) listAccounts(c restCall, in *signIn) (any, error) {
	accounts := []map[string]string{}
	for _, a := range in.directory.accounts {
		accounts = append(accounts, map[string]string{"accountId": a.id, "accountName": a.name, "emailAddress": a.email})
	}
	return s.center.page(c, "accountList", accounts)
}

func (s *Server) listAccountRoles(c restCall, in *signIn) (any, error) {
	a := in.directory.account(c.URL.Query().Get("account_id"))
	if a == nil {
		return nil, noAccess()
	}
	roles := []map[string]string{}
	for _, r := range a.roles {
		roles = append(roles, map[string]string{"accountId": a.id, "roleName": r.name})
	}
	return s.center.page(c, "roleList", roles)
}

// page cuts a list to what the request asks for. A next_token is where its page begins, bound to the kind of list.
func (c *identityCenter) page(r restCall, list string, all []map[string]string) (any, error) {
	v, from, size := r.URL.Query(), 0, c.pageSize
	if token := v.Get("next_token"); token != "" {
		n, err := strconv.Atoi(strings.TrimPrefix(token, list+"-"))
		if err != nil || n < 0 || n > len(all) {
			return nil, portalError(http.StatusBadRequest, "InvalidRequestException", "Invalid next_token")
		}
		from = n
	}
	if v.Has("max_result") {
		n, err := strconv.Atoi(v.Get("max_result"))
		if err != nil || n < 1 || n > 100 { // 1 to 100 (SSO portal ListAccounts)
			return nil, portalError(http.StatusBadRequest, "InvalidRequestException", "Invalid max_result")
		}
		size = min(size, n)
	}
	to := min(from+size, len(all))
	out := map[string]any{list: all[from:to]}
	if to < len(all) {
		out["nextToken"] = list + "-" + strconv.Itoa(to)
	}
	return out, nil
}

// logout ends the sign-in that the token is of, and no other of the same user.
func (s *Server) logout(_ restCall, in *signIn) (any, error) {
	s.center.end(func(i *signIn) bool { return i == in })
	return struct{}{}, nil
}
