package fakeaws

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
)

// packedMax is how many bytes session policies and tags may take together. AWS publishes neither its packed form nor
// its limit, so this is only of the right order: the largest policy with some tags fits, fifty large tags do not.
const packedMax = 4096

func badParameter(message string) error {
	return &apiError{http.StatusBadRequest, "InvalidParameterValue", message}
}

// inherit checks the session tags that caller sends, and returns the tags that go on to a next role: those that the
// caller's own session was told to hand on, and those now marked so.
func inherit(caller *identity, form url.Values) (map[string]string, error) {
	tags := map[string]string{} // by lower-case key: tag keys differ by more than case
	for _, t := range formTags(form) {
		key := strings.ToLower(t.key)
		if _, twice := tags[key]; twice {
			return nil, badParameter("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
		}
		if strings.HasPrefix(key, "aws:") {
			return nil, badParameter("The tag key prefix aws: is reserved.")
		}
		if _, taken := caller.transitive[key]; taken {
			return nil, badParameter("One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.")
		}
		tags[key] = t.value
	}
	next := maps.Clone(caller.transitive)
	for _, k := range members(form, "TransitiveTagKeys.member.%d") {
		value, sent := tags[strings.ToLower(k)]
		if !sent {
			return nil, badParameter("The specified transitive tag key must be included in the requested tags.")
		}
		if next == nil {
			next = map[string]string{}
		}
		next[strings.ToLower(k)] = value
	}
	return next, nil
}

// packed returns how much of the space for session policies and tags a request takes, in percent.
func packed(caller *identity, form url.Values) (int, error) {
	var policy bytes.Buffer
	if form.Has("Policy") {
		if err := json.Compact(&policy, []byte(form.Get("Policy"))); err != nil || !bytes.HasPrefix(policy.Bytes(), []byte("{")) {
			return 0, &apiError{http.StatusBadRequest, "MalformedPolicyDocument", "The policy is not in the valid JSON format."}
		}
	}
	n := policy.Len() + len(strings.Join(policyARNs(form), ""))
	for _, t := range formTags(form) {
		n += len(t.key) + len(t.value)
	}
	for k, v := range caller.transitive {
		n += len(k) + len(v)
	}
	percent := (n*100 + packedMax - 1) / packedMax
	if percent > 100 {
		return 0, &apiError{http.StatusBadRequest, "PackedPolicyTooLarge",
			fmt.Sprintf("Packed policy consumes %d%% of allotted space, please use smaller policy.", percent)}
	}
	return percent, nil
}

// sessionPolicy returns the policies that a request puts on its session, nil for none.
func (s *Server) sessionPolicy(form url.Values) (*grants, error) {
	arns := policyARNs(form)
	if !form.Has("Policy") && len(arns) == 0 {
		return nil, nil
	}
	var all grants
	if form.Has("Policy") {
		g, err := parseGrants(form.Get("Policy"))
		if err != nil {
			return nil, &apiError{http.StatusBadRequest, "MalformedPolicyDocument", err.Error()}
		}
		all = g
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, arn := range arns {
		g, _ := s.managedPolicy(arn) // one that is not known here allows nothing
		all = append(all, g...)
	}
	return &all, nil
}
