package fakeaws

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

const maxTrust = 2048 // characters of a trust policy without white space (IAM quotas)

var (
	documentText    = regexp.MustCompile(`[\x{9}\x{A}\x{D}\x{20}-\x{FF}]*`)
	descriptionText = regexp.MustCompile(`[\x{9}\x{A}\x{D}\x{20}-\x{7E}\x{A1}-\x{FF}]*`)
	pathText        = regexp.MustCompile(`/([!-~]*/)?`)

	descriptionParam = param{"Description", false, 0, 1000, descriptionText}
	boundaryParam    = param{"PermissionsBoundary", false, 20, 2048, anyText}
	createParams     = []param{roleParam, {"AssumeRolePolicyDocument", true, 1, 131072, documentText}, {"Path", false, 1, 512, pathText}, descriptionParam, boundaryParam}
)

// createRole is CreateRole. It is the one action on a role that is not there yet.
func (s *Server) createRole(c call) (any, error) {
	if err := iamForm(c, createParams); err != nil {
		return nil, err
	}
	path, name, now := c.form.Get("Path"), c.form.Get("RoleName"), s.Now()
	if path == "" {
		path = "/"
	}
	a, err := parseARN(fmt.Sprintf("arn:%s:iam::%s:role%s%s", c.who.partition, c.who.account, path, name))
	if err != nil {
		return nil, invalid("The path %s is invalid", path)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.mayDo(c, "iam:CreateRole", a.text, a.text, now); err != nil {
		return nil, err
	}
	if s.findRole(a.account, name) != nil {
		return nil, &apiError{http.StatusConflict, "EntityAlreadyExists", "Role with name " + name + " already exists."}
	}
	r := &role{arn: a, id: newID("AROA", 17), created: now, description: c.form.Get("Description"), permissions: (*permissions)(nil).clone()}
	if r.maxSession, err = formSession(c.form, time.Hour); err != nil {
		return nil, err
	}
	if r.tags, err = addTags(nil, formTags(c.form)); err != nil {
		return nil, err
	}
	if r.boundary, err = s.formBoundary(c.form); err != nil {
		return nil, err
	}
	if err := r.setTrust(c.form.Get("AssumeRolePolicyDocument")); err != nil {
		return nil, err
	}
	s.roles[a.text] = r
	return &roleResult{r.detail()}, nil
}

// formBoundary returns the permissions boundary that a request names, if it does. The caller has s.mu.
func (s *Server) formBoundary(form url.Values) (string, error) {
	boundary := form.Get("PermissionsBoundary")
	if boundary == "" {
		return "", nil
	}
	if _, err := s.managedPolicy(boundary); err != nil {
		return "", noEntity("Scope ARN: %s does not exist or is not attachable.", boundary)
	}
	return boundary, nil
}

// formSession returns MaxSessionDuration.
func formSession(form url.Values, usual time.Duration) (time.Duration, error) {
	value := form.Get("MaxSessionDuration")
	if value == "" {
		return usual, nil
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < 3600 || n > maxDuration {
		var v violations
		v.add(value, "maxSessionDuration", fmt.Sprintf("Member must have value between 3600 and %d", maxDuration))
		return 0, v.err()
	}
	return time.Duration(n) * time.Second, nil
}

// setTrust changes a role that no request reads yet.
func (r *role) setTrust(text string) error {
	if n := size(text); n > maxTrust {
		return &apiError{http.StatusConflict, "LimitExceeded", fmt.Sprintf("Cannot exceed quota for ACLSizePerRole: %d", maxTrust)}
	}
	p, err := parsePolicy(text)
	if err != nil {
		return malformed(err)
	}
	r.trust, r.trustText = p, text
	return nil
}

func malformed(err error) error {
	return &apiError{http.StatusBadRequest, "MalformedPolicyDocument", err.Error()}
}

// size is what counts of a policy: IAM leaves white space out.
func size(policy string) int {
	n := 0
	for _, r := range policy {
		if !unicode.IsSpace(r) {
			n++
		}
	}
	return n
}

// addTags puts tags on what has some.
func addTags(old, more []tag) ([]tag, error) {
	all := slices.Clone(old)
	var v violations
	for i, t := range more {
		v.text(t.key, fmt.Sprintf("tags.%d.member.key", i+1), 1, 128, tagText)
		v.text(t.value, fmt.Sprintf("tags.%d.member.value", i+1), 0, 256, tagText)
		if strings.HasPrefix(strings.ToLower(t.key), "aws:") {
			return nil, badInput("Tag keys that begin with aws: are reserved.")
		}
		same := func(other tag) bool { return strings.EqualFold(other.key, t.key) }
		if slices.ContainsFunc(more[:i], same) {
			return nil, badInput("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
		}
		all = append(slices.DeleteFunc(all, same), t)
	}
	if len(all) > maxTags {
		return nil, &apiError{http.StatusConflict, "LimitExceeded", fmt.Sprintf("The number of tags has reached the maximum limit of %d.", maxTags)}
	}
	return all, v.err()
}

func badInput(message string) error { return &apiError{http.StatusBadRequest, "InvalidInput", message} }

func (s *Server) updateTrust(r *role, c call) (any, error) {
	changed := *r
	if err := changed.setTrust(c.form.Get("PolicyDocument")); err != nil {
		return nil, err
	}
	s.roles[r.text] = &changed
	return nil, nil
}

// updateRole is UpdateRole: what it does not name stays.
func (s *Server) updateRole(r *role, c call) (any, error) {
	d, err := formSession(c.form, r.maxSession)
	if err != nil {
		return nil, err
	}
	s.changeRole(r, func(r *role) {
		r.maxSession = d
		if c.form.Has("Description") {
			r.description = c.form.Get("Description")
		}
	})
	return struct{}{}, nil
}

func (s *Server) tagRole(r *role, c call) (any, error) {
	tags, err := addTags(r.tags, formTags(c.form))
	if err != nil {
		return nil, err
	}
	s.changeRole(r, func(r *role) { r.tags = tags })
	return nil, nil
}

func (s *Server) untagRole(r *role, c call) (any, error) {
	gone := members(c.form, "TagKeys.member.%d")
	tags := slices.DeleteFunc(slices.Clone(r.tags), func(t tag) bool { return slices.Contains(gone, t.key) })
	s.changeRole(r, func(r *role) { r.tags = tags })
	return nil, nil
}

// deleteRole refuses while there are policies, as IAM does. Sessions live on and may do nothing.
func (s *Server) deleteRole(r *role, _ call) (any, error) {
	conflict := func(what string) error {
		return &apiError{http.StatusConflict, "DeleteConflict", "Cannot delete entity, must " + what + " first."}
	}
	if p := r.permissions; p != nil && len(p.managed) > 0 {
		return nil, conflict("detach all policies")
	} else if p != nil && len(p.inline) > 0 {
		return nil, conflict("delete policies")
	}
	delete(s.roles, r.text)
	return nil, nil
}
