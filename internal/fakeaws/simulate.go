package fakeaws

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	usualItems = 100 // MaxItems where none is asked for (IAM)
	maxItems   = 1000
)

var (
	simulateParams = []param{
		{"PolicySourceArn", true, 20, 2048, anyText},
		{"Marker", false, 1, 320, regexp.MustCompile(`[\x{20}-\x{FF}]*`)},
		{"MaxItems", false, 1, 4, codeText},
	}
	simulatedAction = regexp.MustCompile(`^[a-zA-Z0-9-]+:[a-zA-Z0-9]+$`)
)

type simulateResult struct {
	EvaluationResults evaluationList
	IsTruncated       bool
	Marker            string `xml:",omitempty"`
}

type evaluationList struct {
	Members []evaluation `xml:"member"`
}

type evaluation struct {
	EvalActionName       string
	EvalResourceName     string
	EvalDecision         string
	MatchedStatements    *struct{}
	MissingContextValues missingValues
	Boundary             *boundaryDecision `xml:"PermissionsBoundaryDecisionDetail"`
}

type missingValues struct {
	Members []string `xml:"member"`
}

type boundaryDecision struct{ AllowedByPermissionsBoundary bool }

// simulatePrincipalPolicy says what the policies of a role or user would decide. The policies of the caller's session do not
// count in that, only in whether it may ask.
func (s *Server) simulatePrincipalPolicy(c call) (any, error) {
	if err := iamForm(c, simulateParams); err != nil {
		return nil, err
	}
	source, now := c.form.Get("PolicySourceArn"), s.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.mayDo(c, "iam:SimulatePrincipalPolicy", source, source, now); err != nil {
		return nil, err
	}
	p, err := s.simulated(c.who.account, source)
	if err != nil {
		return nil, err
	}
	all, err := s.evaluations(c, p, source, now)
	if err != nil {
		return nil, err
	}
	return paged(all, c.form.Get("Marker"), c.form.Get("MaxItems"))
}

// simulated returns the permissions of whom a simulation is about. The caller has s.mu.
func (s *Server) simulated(account, source string) (*permissions, error) {
	a, err := parseARN(source)
	if err != nil || a.service != "iam" || a.kind != "role" && a.kind != "user" {
		return nil, invalidInput("Invalid Entity Arn: %s does not clearly define entity type and name.", source)
	}
	r, u := s.roles[source], s.users[source]
	switch {
	case a.account != account || r == nil && u == nil:
		return nil, noEntity("The %s with name %s cannot be found.", a.kind, a.last())
	case r != nil:
		return r.permissions, nil
	}
	return u.permissions, nil
}

func invalidInput(format string, args ...any) error {
	return &apiError{http.StatusBadRequest, "InvalidInput", fmt.Sprintf(format, args...)}
}

// evaluations are of each action on each resource. The caller has s.mu.
func (s *Server) evaluations(c call, p *permissions, source string, now time.Time) ([]evaluation, error) {
	for _, odd := range []string{"PolicyInputList.member.1", "PermissionsBoundaryPolicyInputList.member.1", "ResourcePolicy", "CallerArn", "ResourceOwner"} {
		if c.form.Has(odd) {
			return nil, invalidInput("%s is not supported here", odd)
		}
	}
	actions, resources := members(c.form, "ActionNames.member.%d"), members(c.form, "ResourceArns.member.%d")
	if len(actions) == 0 {
		return nil, checkPlain(c.form, []param{{"ActionNames", true, 0, 0, anyText}}).err()
	}
	if len(resources) == 0 {
		resources = []string{"*"}
	}
	values := map[string]string{keyPrincipalARN: source, keyCurrentTime: now.UTC().Format(time.RFC3339Nano)}
	for i, key := range members(c.form, "ContextEntries.member.%d.ContextKeyName") {
		values[strings.ToLower(key)] = c.form.Get(fmt.Sprintf("ContextEntries.member.%d.ContextKeyValues.member.1", i+1))
	}
	var all []evaluation
	for _, action := range actions {
		if !simulatedAction.MatchString(action) {
			return nil, invalidInput("Invalid Action %s: wildcards and unknown forms cannot be simulated", action)
		}
		for _, resource := range resources {
			if !validResource.MatchString(resource) {
				return nil, invalidInput("Invalid resource %s: it must be an ARN or *", resource)
			}
			all = append(all, evaluate(s.layers(p), action, resource, values))
		}
	}
	return all, nil
}

func evaluate(layers []layer, action, resource string, values map[string]string) evaluation {
	e := evaluation{EvalActionName: action, EvalResourceName: resource, EvalDecision: allowed, MatchedStatements: &struct{}{}}
	for i, l := range layers {
		decision := l.decide(action, resource, values)
		if decision == explicitDeny || decision == implicitDeny && e.EvalDecision == allowed {
			e.EvalDecision = decision
		}
		if i > 0 {
			e.Boundary = &boundaryDecision{decision == allowed}
		}
		for _, g := range l.grants {
			for _, cond := range g.conditions {
				_, known := values[cond.key]
				if !known && g.actions.match(strings.ToLower(action)) && !slices.Contains(e.MissingContextValues.Members, cond.key) {
					e.MissingContextValues.Members = append(e.MissingContextValues.Members, cond.key)
				}
			}
		}
	}
	return e
}

// paged returns the page that marker, an offset, begins.
func paged(all []evaluation, marker, items string) (any, error) {
	at, n := 0, usualItems
	var err error
	if items != "" {
		if n, err = strconv.Atoi(items); err != nil || n < 1 || n > maxItems {
			return nil, invalid("1 validation error detected: Value '%s' at 'maxItems' failed to satisfy constraint: Member must have value between 1 and %d", items, maxItems)
		}
	}
	if marker != "" {
		if at, err = strconv.Atoi(marker); err != nil || at < 0 || at >= len(all) {
			return nil, invalidInput("Invalid Marker.")
		}
	}
	r := &simulateResult{}
	end := min(at+n, len(all))
	if r.EvaluationResults.Members = all[at:end]; end < len(all) {
		r.IsTruncated, r.Marker = true, strconv.Itoa(end)
	}
	return r, nil
}
