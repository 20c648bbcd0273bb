package fakeaws

import (
	"fmt"
	"net/url"
	"strings"
)

var roleParam = param{"RoleName", true, 1, 64, nameText}

type roleResult struct{ Role roleDetail }

type roleDetail struct {
	Path                     string
	RoleName                 string
	RoleID                   string `xml:"RoleId"`
	ARN                      string `xml:"Arn"`
	CreateDate               string
	AssumeRolePolicyDocument string // URL-encoded
	Description              string `xml:",omitempty"`
	MaxSessionDuration       int    // seconds
	PermissionsBoundary      *boundaryDetail
	Tags                     *tagList
}

type boundaryDetail struct {
	PermissionsBoundaryType string
	PermissionsBoundaryARN  string `xml:"PermissionsBoundaryArn"`
}

type tagList struct {
	Members []tagDetail `xml:"member"`
}

type tagDetail struct{ Key, Value string }

// path returns the path of a user or role, from / to /.
func (a arn) path() string { return "/" + strings.TrimSuffix(a.name, a.last()) }

func (r *role) detail() roleDetail {
	d := roleDetail{
		Path: r.path(), RoleName: r.last(), RoleID: r.id, ARN: r.text, CreateDate: formatTime(r.created),
		AssumeRolePolicyDocument: encodeDocument(r.trustText), Description: r.description, MaxSessionDuration: int(r.maxSession.Seconds()),
	}
	if r.permissions != nil && r.boundary != "" {
		d.PermissionsBoundary = &boundaryDetail{"Policy", r.boundary}
	}
	for _, t := range r.tags {
		if d.Tags == nil {
			d.Tags = &tagList{}
		}
		d.Tags.Members = append(d.Tags.Members, tagDetail{t.key, t.value})
	}
	return d
}

// encodeDocument encodes a policy document as IAM returns it (RFC 3986: a blank is %20).
func encodeDocument(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }

// onRole makes an IAM action out of what it does to a role once the caller may. do is called with s.mu held.
func onRole(action string, params []param, do func(s *Server, r *role, c call) (any, error)) func(*Server, call) (any, error) {
	params = append([]param{roleParam}, params...)
	return func(s *Server, c call) (any, error) {
		if err := iamForm(c, params); err != nil {
			return nil, err
		}
		now := s.Now()
		s.mu.Lock()
		defer s.mu.Unlock()
		name := c.form.Get("RoleName")
		resource, r := fmt.Sprintf("arn:%s:iam::%s:role/%s", c.who.partition, c.who.account, name), s.findRole(c.who.account, name)
		if r != nil {
			resource = r.text
		}
		if err := s.mayDo(c, "iam:"+action, resource, "role "+name, now); err != nil {
			return nil, err
		}
		if r == nil {
			return nil, noEntity("The role with name %s cannot be found.", name)
		}
		return do(s, r, c)
	}
}

// iamForm checks what all of IAM's actions ask for.
func iamForm(c call, params []param) error {
	if c.who.plain && !c.who.mfa {
		return badToken("iam") // IAM does not take such a session for anybody's
	}
	return checkPlain(c.form, params).err()
}

// findRole returns a role of an account: IAM's role names differ by more than their path. The caller has s.mu.
func (s *Server) findRole(account, name string) *role {
	for _, r := range s.roles {
		if r.account == account && strings.EqualFold(r.last(), name) {
			return r
		}
	}
	return nil
}

func (s *Server) getRole(r *role, _ call) (any, error) { return &roleResult{r.detail()}, nil }
