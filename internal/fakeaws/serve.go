package fakeaws

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
)

const maxBody = 256 << 10 // far above any request that passes validation

// call is a request whose caller is known.
type call struct {
	who  *identity
	form url.Values
	ip   string // aws:SourceIp

	region string // of the signature
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		panic(http.ErrAbortHandler) // half a request: nobody waits for an answer
	}
	if s.rest(w, r, body) {
		return
	}
	form, formErr := url.ParseQuery(string(body))
	req := parseRequest(r, form, s.Now())
	s.arrive(req)
	defer s.leave()

	fault, alive := s.holdUp(r.Context(), req.RoleARN)
	if !alive || fault == Drop {
		panic(http.ErrAbortHandler)
	}
	id, svc := newRequestID(), serviceOf(form)
	result, err := s.do(r, body, form, formErr, fault)
	status, reply := http.StatusOK, []byte(nil)
	if err != nil {
		status, reply = encodeError(svc, err, id)
	} else {
		fault.lie(result, s.Now())
		reply = encodeResult(svc, req.Action, result, id)
	}
	h := w.Header()
	h.Set("Date", s.Now().UTC().Format(http.TimeFormat))
	h.Set("Content-Type", "text/xml")
	h.Set("X-Amzn-Requestid", id)
	fault.write(w, status, reply)
}

// do checks a request and carries it out.
func (s *Server) do(r *http.Request, body []byte, form url.Values, formErr error, fault Fault) (any, error) {
	if e := refusals[fault]; e != nil {
		return nil, e
	}
	if r.Method != http.MethodPost || r.URL.Path != "/" || r.URL.RawQuery != "" {
		return nil, &apiError{http.StatusBadRequest, "InvalidAction", "Only POST / without a query is understood here."}
	}
	if formErr != nil {
		return nil, &apiError{http.StatusBadRequest, "MalformedInput", "The body is not a form."}
	}
	action, version := form.Get("Action"), form.Get("Version")
	who := &identity{} // nobody
	if version != apiVersion || action != webIdentityAction {
		var err error
		if who, err = s.authenticate(serviceOf(form), r, body); err != nil {
			return nil, err
		}
	}
	do := services[version].actions[action]
	if do == nil {
		return nil, &apiError{http.StatusBadRequest, "InvalidAction",
			"Could not find operation " + action + " for version " + strconv.Quote(version)}
	}
	ip, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return nil, fmt.Errorf("read the caller's address: %w", err)
	}
	auth, _ := parseAuthorization(r.Header.Get("Authorization")) // checked above, if there has to be one
	return do(s, call{who: who, form: form, ip: ip, region: auth.region})
}
