package fakeaws

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"
)

// restCall is a request to IAM Identity Center or sign-in, which speak JSON, or of a browser to one of their pages.
type restCall struct {
	*http.Request
	body []byte
	now  time.Time // once latency and a stall are over
}

// restOp is an operation or a page. do returns what is to be answered: a page, a redirect or what becomes JSON.
type restOp struct {
	action string
	refuse func(*apiError) (any, error) // says a fault in the service's own words
	do     func(*Server, restCall) (any, error)
}

// restOps are the operations, by method and path.
var restOps = map[string]restOp{
	"POST /client/register":       {"RegisterClient", oidcRefusal, (*Server).registerClient},
	"POST /device_authorization":  {"StartDeviceAuthorization", oidcRefusal, (*Server).startDevice},
	"POST /token":                 {"CreateToken", oidcRefusal, (*Server).createToken},
	"GET /authorize":              {"Authorize", pageRefusal, (*Server).askAuthorize},
	"POST /authorize":             {"AuthorizeDecision", pageRefusal, (*Server).decideAuthorize},
	"GET /device":                 {"Device", pageRefusal, (*Server).askDevice},
	"POST /device":                {"DeviceDecision", pageRefusal, (*Server).decideDevice},
	"GET /federation/credentials": {"GetRoleCredentials", portalRefusal, portal((*Server).getRoleCredentials)},
	"GET /assignment/accounts":    {"ListAccounts", portalRefusal, portal((*Server).listAccounts)},
	"GET /assignment/roles":       {"ListAccountRoles", portalRefusal, portal((*Server).listAccountRoles)},
	"POST /logout":                {"Logout", portalRefusal, portal((*Server).logout)},
	"POST /v1/token":              {"SigninToken", signinRefusal, (*Server).signinToken},
	"POST /federation":            {"Federation", federationRefusal, (*Server).federation},
	"GET /federation":             {"Federation", federationRefusal, (*Server).federation},
}

// restError is an error of a REST service. Each service has its own body.
type restError struct {
	status int
	kind   string // X-Amzn-Errortype, by which the SDKs choose their type
	body   map[string]string
}

func (e *restError) Error() string { return e.kind }

// redirect is the address to which a browser is sent.
type redirect string

// rest answers the services that are not of the query protocol: IAM Identity Center and sign-in. It reports whether the
// method and path are one of theirs.
func (s *Server) rest(w http.ResponseWriter, r *http.Request, body []byte) bool {
	op, ok := restOps[r.Method+" "+r.URL.Path]
	if !ok {
		return false
	}
	req := Request{Action: op.action, UserAgent: r.UserAgent(), Time: s.Now()}
	switch op.action {
	case "GetRoleCredentials":
		req.RoleARN = s.portalRole(r.URL.Query())
	case "Federation":
		req.Action = federationAction(r, body)
	}
	s.arrive(req)
	defer s.leave()

	fault, alive := s.holdUp(r.Context(), req.RoleARN)
	if !alive || fault == Drop {
		panic(http.ErrAbortHandler)
	}
	now := s.Now()
	result, err := any(nil), error(nil)
	if refusal := refusals[fault]; refusal != nil {
		result, err = op.refuse(refusal)
	} else {
		result, err = op.do(s, restCall{r, body, now})
	}
	h := w.Header()
	h.Set("Date", now.UTC().Format(http.TimeFormat))
	h.Set("X-Amzn-Requestid", newRequestID())
	h.Set("Cache-Control", "no-store") // tokens and codes are in most answers
	status, reply := renderREST(h, result, err)
	fault.write(w, status, reply)
	return true
}

// renderREST sets the headers of an answer and returns its status and body.
func renderREST(h http.Header, result any, err error) (int, []byte) {
	switch v := result.(type) {
	case *page:
		v.setHeaders(h)
		return v.status, v.body
	case redirect:
		h.Set("Location", string(v))
		return http.StatusFound, nil
	}
	status := http.StatusOK
	if err != nil {
		e := &restError{http.StatusInternalServerError, "InternalServerException", map[string]string{"message": err.Error()}}
		errors.As(err, &e)
		h.Set("X-Amzn-Errortype", e.kind)
		status, result = e.status, e.body
	}
	h.Set("Content-Type", "application/json")
	reply, err := json.Marshal(result)
	if err != nil {
		panic(err) // our own structs of strings and numbers always encode
	}
	return status, reply
}
