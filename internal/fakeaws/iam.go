package fakeaws

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

const (
	explicitDenied = " with an explicit deny in an identity-based policy"
	unallowed      = " because no identity-based policy allows the %s action"
)

var (
	userParam = param{"UserName", false, 1, 128, nameText}
	keyParams = []param{{"AccessKeyId", true, 16, 128, regexp.MustCompile(`[\w]*`)}}
)

// RequireMFA gives a user a policy that denies IAM and AssumeRole without a second factor. GetSessionToken stays
// allowed: it is how the user proves one.
func (s *Server) RequireMFA(userARN string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.needMFA[userARN] = true
}

// ForbidIAM takes from a user, or from every session of a role, the right to IAM actions such as iam:CreateAccessKey;
// to all of them where none is named.
func (s *Server) ForbidIAM(principalARN string, actions ...string) {
	if len(actions) == 0 {
		actions = []string{"*"}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range actions {
		s.forbiddenIAM[principalARN] = append(s.forbiddenIAM[principalARN], strings.TrimPrefix(a, "iam:"))
	}
}

// onUser makes an IAM action out of what it does to a user once the caller may. do is called with s.mu held.
func onUser(action string, params []param, do func(s *Server, u *user, form url.Values, now time.Time) (any, error)) func(*Server, call) (any, error) {
	params = append([]param{userParam}, params...)
	return func(s *Server, c call) (any, error) {
		if c.who.plain && !c.who.mfa {
			return nil, badToken("iam") // IAM does not take such a session for anybody's
		}
		if err := checkPlain(c.form, params).err(); err != nil {
			return nil, err
		}
		name := c.form.Get("UserName")
		if name == "" {
			a, err := parseARN(c.who.arn)
			if err != nil || a.kind != "user" {
				return nil, invalid("Must specify userName when calling with non-User credentials")
			}
			name = a.last()
		}
		now := s.Now()
		s.mu.Lock()
		defer s.mu.Unlock()
		u := s.findUser(c.who.account, name)
		if err := s.mayIAM(c, action, name, u, now); err != nil {
			return nil, err
		}
		if u == nil {
			return nil, noEntity("The user with name %s cannot be found.", name)
		}
		return do(s, u, c.form, now)
	}
}

// mayIAM refuses what the caller's own policies do not allow; one that denies goes before one that does not allow. u is nil
// where there is no user of that name. The caller has s.mu.
func (s *Server) mayIAM(c call, action, userName string, u *user, now time.Time) error {
	who := c.who
	resource := fmt.Sprintf("arn:%s:iam::%s:user/%s", who.partition, who.account, userName)
	if u != nil {
		resource = u.text
	}
	without := s.forbiddenIAM[who.principal]
	why := s.oldRefusal(c, "iam:"+action, resource, now)
	switch {
	case s.needMFA[who.arn] && !who.mfa:
		why = explicitDenied
	case slices.Contains(without, action) || slices.Contains(without, "*"):
		why = fmt.Sprintf(unallowed, "iam:"+action)
	case why == "":
		return nil
	}
	return &apiError{http.StatusForbidden, "AccessDenied",
		fmt.Sprintf("User: %s is not authorized to perform: iam:%s on resource: user %s%s", who.arn, action, userName, why)}
}

// findUser returns a user of an account: IAM's user names differ by more than their path. The caller has s.mu.
func (s *Server) findUser(account, name string) *user {
	for _, u := range s.users {
		if u.account == account && u.last() == name {
			return u
		}
	}
	return nil
}

func noEntity(format string, args ...any) error {
	return &apiError{http.StatusNotFound, "NoSuchEntity", fmt.Sprintf(format, args...)}
}
