package cli

import (
	"cmp"
	"context"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"credd/internal/agent/audit"
	"credd/internal/agent/roster"
	"credd/internal/awsconfig"
	"credd/internal/customer/invite"
)

// ending is what is left to do and to know once a customer is retired.
type ending struct {
	Customer string       `json:"customer"`
	Archive  string       `json:"archive,omitempty"` // not with --dry-run
	Roles    []endingRole `json:"roles"`
	Profiles []string     `json:"profiles"` // that are removed
	Live     []liveUntil  `json:"live"`     // credentials that were handed out

	withProfile []string // the roles of Profiles
}

// endingRole is a role that the customer is to delete.
type endingRole struct {
	Name    string        `json:"name"`
	ARN     string        `json:"arn,omitempty"` // none: it handed out a session of ours
	Invited bool          `json:"invited"`
	End     []commandJSON `json:"end"` // of the customer's: no new sessions
	Revoke  []commandJSON `json:"revoke"`
}

// liveUntil is when the last credentials of a role expire.
type liveUntil struct {
	Role  string    `json:"role"`
	Keys  int       `json:"access_keys"`
	Until time.Time `json:"until"`
}

// endingOf works out what there is to do, from the customer's file, wherever that is, and its invitations.
func endingOf(where locations, key, file string, terms []invite.Terms) (*ending, error) {
	managed, err := profilesOf(where, key)
	if err != nil {
		return nil, err
	}
	e := &ending{
		Customer: key, Roles: []endingRole{}, Profiles: slices.AppendSeq([]string{}, maps.Keys(managed)), Live: []liveUntil{},
		withProfile: slices.Sorted(maps.Values(managed)),
	}
	slices.Sort(e.Profiles)
	roles, err := roster.RolesIn(file)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(roles)) {
		arn := roles[name]
		i := slices.IndexFunc(terms, func(t invite.Terms) bool { return t.Role == name && t.RoleARN() == arn })
		if i >= 0 {
			e.Roles = append(e.Roles, endRole(key+"/"+name, arn, &terms[i], true))
			continue
		}
		e.Roles = append(e.Roles, endRole(key+"/"+name, arn, termsOf(arn), false))
	}
	return e, nil
}

func endRole(name, arn string, t *invite.Terms, invited bool) endingRole {
	r := endingRole{Name: name, ARN: arn, Invited: invited, End: []commandJSON{}, Revoke: []commandJSON{}}
	if t != nil {
		r.Revoke = commandsJSON(t.RevokeSessions())
	}
	if invited {
		r.End = commandsJSON(t.End())
	}
	return r
}

var roleARN = regexp.MustCompile(`^arn:(aws[a-z-]*):iam::([0-9]{12}):role(/(?:[^/]+/)*)([^/]+)$`)

// termsOf are the terms of a role that credd did not ask for: no more than its ARN says.
func termsOf(arn string) *invite.Terms {
	m := roleARN.FindStringSubmatch(arn)
	if m == nil {
		return nil
	}
	return &invite.Terms{Partition: m[1], AccountID: m[2], Path: m[3], RoleName: m[4]}
}

// alive is what the audit log says was handed out and has not expired.
func (s *Streams) alive(where locations, key string) []liveUntil {
	now := time.Now()
	keys := map[string]map[string]bool{}
	until := map[string]time.Time{}
	const longest = 12 * time.Hour // of a role's session (STS AssumeRole)
	_, err := audit.Read(where.audit, audit.Filter{Role: key, Outcome: "ok", Since: now.Add(-longest)}, func(e audit.Entry) error {
		if !e.Expires.After(now) || e.AccessKeyID == "" || e.From == "verify" { // of a verification nobody got any
			return nil
		}
		if keys[e.Role] == nil {
			keys[e.Role] = map[string]bool{}
		}
		keys[e.Role][e.AccessKeyID] = true
		if e.Expires.After(until[e.Role]) {
			until[e.Role] = e.Expires
		}
		return nil
	})
	if err != nil {
		s.warn("the audit log does not tell what still lives: "+err.Error(), "what was handed out lives for 12 h at most")
	}
	all := []liveUntil{}
	for role, end := range until {
		all = append(all, liveUntil{role, len(keys[role]), end.UTC()})
	}
	slices.SortFunc(all, func(a, b liveUntil) int { return cmp.Compare(a.Role, b.Role) })
	return all
}

// profilesOf are the profiles of a customer in credd's block, with their roles; none if there is no block.
func profilesOf(where locations, key string) (map[string]string, error) {
	if where.machine { // its daemon keeps none; those of the users are theirs
		return nil, nil
	}
	f, err := awsconfig.Read(awsconfig.InEnvironment(where.aws))
	if err != nil {
		return nil, err
	}
	managed, err := f.Managed()
	maps.DeleteFunc(managed, func(_, role string) bool { return !strings.HasPrefix(role, key+"/") })
	return managed, err
}

// others is a wish that leaves all profiles of the block but a customer's as they are.
func others(key string) awsconfig.Wish {
	return awsconfig.Wish{Unsure: func(role string) bool { return !strings.HasPrefix(role, key+"/") }}
}

// dropProfiles takes a customer's profiles out of the block.
func dropProfiles(where locations, key string) error {
	if managed, err := profilesOf(where, key); err != nil || len(managed) == 0 {
		return err
	}
	f, err := awsconfig.Read(awsconfig.InEnvironment(where.aws))
	if err != nil {
		return err
	}
	_, err = others(key).Write(f)
	return err
}

// returnProfiles writes those of a customer that is back, of these roles.
func (s *Streams) returnProfiles(ctx context.Context, where locations, key string, roles []string) error {
	all, f, err := s.profiles(ctx, where)
	if err != nil {
		return err
	}
	w := others(key)
	for _, m := range all.Profiles {
		if strings.HasPrefix(m.Role, key+"/") && slices.Contains(roles, m.Role) {
			w.Profiles = append(w.Profiles, m)
		}
	}
	p, err := w.Write(f)
	if err == nil {
		s.aboutPlan(f, p)
	}
	return err
}
