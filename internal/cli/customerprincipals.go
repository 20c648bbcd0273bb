package cli

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"strings"

	"credd/internal/agent/api"
	"credd/internal/agent/roster"
	"credd/internal/customer/invite"
	"credd/internal/ipc"
	"credd/internal/partition"
)

// What IAM Identity Center puts around the name of a permission set to make that of its role.
const (
	ssoPath   = "aws-reserved/sso.amazonaws.com/"
	ssoPrefix = "AWSReservedSSO_"
	ssoSuffix = "_????????????????" // 16 hex digits; a * would also mean permission sets whose names begin alike
)

var (
	iamARN     = regexp.MustCompile(`^arn:(aws[a-z-]*):iam::([0-9]{12}):(?:user|role)/[\w+=,.@/*?-]+$`)
	assumedARN = regexp.MustCompile(`^arn:(aws[a-z-]*):sts::([0-9]{12}):assumed-role/([\w+=,.@-]+)/`)
	ssoRole    = regexp.MustCompile(`^` + ssoPrefix + `([\w+=,.@-]+)_[0-9a-f]{16}$`)
)

// trusted says who of us may assume the role, by the source that will.
func (s *Streams) trusted(ctx context.Context, now *roster.Roster, v *invited, a *invitation) error {
	t := v.terms
	source := a.source
	if c, ok := now.Customer(t.Customer); ok && source == "" {
		source = c.SourceOfAll()
	}
	if source == "" {
		source = now.Settings.Defaults.Source
	} else if source == a.source {
		v.role.Source = source
	}
	if source == "" {
		return missing("there is no source that would assume the role", "name one: --source NAME; or add one first: credd source add --help")
	}
	if err := a.wantsMFA(now, source); err != nil {
		return err
	}
	var err error
	if t.Principals = a.principals; len(t.Principals) == 0 {
		if t.Principals, err = s.principals(ctx, now, source); err != nil {
			return err
		}
	}
	if m := iamARN.FindStringSubmatch(t.Principals[0]); m != nil && t.ServiceAccount == "" {
		t.ServiceAccount, v.placed = m[2], true
	}
	passOn(now, source, t)
	return checkPrincipals(t, source)
}

// wantsMFA says why a trust cannot ask for MFA: a session of anything but a user's key with MFA says nothing of it.
func (a *invitation) wantsMFA(now *roster.Roster, source string) error {
	if !a.mfa {
		return nil
	}
	hint := "leave --mfa out, or name a source of type keys with mfa_serial: --source NAME"
	if strings.Contains(source, "/") {
		return missing("--mfa: the source is role "+source+", and the session of a role never tells AWS of an MFA code", hint)
	}
	src, err := now.FindSource(source)
	switch {
	case err != nil:
		return err
	case src.Type != "keys":
		return missing(fmt.Sprintf("--mfa: source %s is of type %s, whose sessions do not tell AWS of an MFA code: the role could never be assumed", source, src.Type), hint)
	case src.MFASerial == "":
		return missing("--mfa: source "+source+" has no mfa_serial, so that the role could never be assumed", "add it: credd source show "+source+" names the file; or leave --mfa out")
	}
	return nil
}

// principals are the patterns of who a source is: known from the files, or asked of AWS.
func (s *Streams) principals(ctx context.Context, now *roster.Roster, source string) ([]string, error) {
	if strings.Contains(source, "/") {
		role, err := now.Role(source)
		if err != nil {
			return nil, err
		}
		if role.ARN != "" {
			return []string{role.ARN}, nil
		}
		source = role.Source // the role hands out its session
	}
	src, err := now.FindSource(source)
	if err != nil {
		return nil, err
	}
	switch src.Type {
	case "sso":
		region := cmp.Or(src.SSORegion, src.Region, now.Settings.Defaults.Region) // with sso_session it is in ~/.aws/config
		in, _ := partition.OfRegion(region)
		return ssoPrincipals(cmp.Or(in.Name, "aws"), src.AccountID, src.RoleName), nil
	case "web-identity":
		return []string{src.RoleARN}, nil
	}
	var id api.Identity
	if err := s.talk(ctx, api.Request{Do: api.DoTest, Name: source}, &id, nil); err != nil {
		e := sorted(err)
		return nil, &userError{e.code, "who source " + source + " is at AWS is not known: " + e.message,
			strings.TrimPrefix(e.hint+"; or say it: --principal arn:aws:iam::ACCOUNT:user/NAME", "; ")}
	}
	return patternsOf(id.ARN, source)
}

// patternsOf are those of an identity as AWS names it. The ARN of a role's session is without the role's path.
func patternsOf(arn, source string) ([]string, error) {
	if m := assumedARN.FindStringSubmatch(arn); m != nil {
		if sso := ssoRole.FindStringSubmatch(m[3]); sso != nil {
			return ssoPrincipals(m[1], m[2], sso[1]), nil
		}
		of := "arn:" + m[1] + ":iam::" + m[2] + ":role/"
		return []string{of + m[3], of + "*/" + m[3]}, nil
	}
	if iamARN.MatchString(arn) {
		return []string{arn}, nil
	}
	return nil, missing("source "+source+" is "+arn+", which a customer cannot trust", "name who may assume the role: --principal arn:aws:iam::ACCOUNT:role/NAME")
}

// ssoPrincipals are those of a permission set's role: in us-east-1 its path has no region.
func ssoPrincipals(partition, account, name string) []string {
	of := "arn:" + partition + ":iam::" + account + ":role/" + ssoPath
	return []string{of + ssoPrefix + name + ssoSuffix, of + "*/" + ssoPrefix + name + ssoSuffix}
}

// passOn lets the trust take what a chain brings with it: AWS refuses the role otherwise.
func passOn(now *roster.Roster, source string, t *invite.Terms) {
	for at, err := now.Role(source); err == nil; at, err = now.Role(at.Source) {
		t.SessionTags = t.SessionTags || len(at.TransitiveTags) > 0
		t.SourceIdentity = t.SourceIdentity || at.SourceIdentity != ""
	}
}

// checkPrincipals sees that all are of our account, and takes the partition from them.
func checkPrincipals(t *invite.Terms, source string) error {
	for _, p := range t.Principals {
		m := iamARN.FindStringSubmatch(p)
		if m == nil {
			return missing("--principal "+quoted(p)+" is not the ARN of a user or a role", "such as arn:aws:iam::"+cmp.Or(t.ServiceAccount, "ACCOUNT")+":role/NAME; in names * and ? stand for others")
		}
		if m[2] != t.ServiceAccount {
			return missing(fmt.Sprintf("%s is of account %s, and the customer is asked to trust account %s ([service] account_id)", p, m[2], t.ServiceAccount),
				"correct account_id in credd.toml, or name another --source, which is "+source+" now")
		}
		if t.Partition == "" {
			t.Partition = m[1]
		}
		if m[1] != t.Partition {
			return missing("the principals are of two partitions, "+t.Partition+" and "+m[1], "name those of one")
		}
	}
	if t.Exact && (len(t.Principals) != 1 || strings.ContainsAny(t.Principals[0], "*?")) {
		return &userError{ipc.Usage, "--exact needs one ARN without wildcards, and source " + source + " is known by a pattern only", "name it: --principal arn:" + t.Partition + ":iam::" + t.ServiceAccount + ":role/…/NAME"}
	}
	return nil
}
