package cli

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"credd/internal/agent/cred"
	"credd/internal/agent/roster"
	"credd/internal/customer"
	"credd/internal/customer/invite"
	"credd/internal/ipc"
)

// invitation are the flags of credd customer invite.
type invitation struct {
	account, name, environment, source     string
	service                                string
	permissions, resources                 []string
	policy, setup                          string
	role, roleName, path, boundary         string
	principals                             []string
	exact                                  bool
	maxSession                             time.Duration
	until                                  string
	sourceIPs, tags                        []string
	sessionTags, sourceIdentity, mfa, self bool
	region, stack, templateURL             string
	out                                    string
	again, dryRun, asJSON                  bool
	allow                                  allowed
}

func newCustomerInviteCmd(s *Streams) *cobra.Command {
	var a invitation
	cmd := &cobra.Command{
		Use: "invite CUSTOMER", Short: "Write what a customer needs to let us in", Args: cobra.ExactArgs(1),
		Long: `Make an external ID, an unverified customer, and a folder to send to the customer: a page that says who asks for what and how to end
it, and the role as a CloudFormation template, a Terraform module and AWS CLI commands. The folder holds the external ID: send it in a
way that only the customer reads. A customer that is there already keeps its ID and gets one more role.

Permissions are presets (` + strings.Join(presetNames(), ", ") + `), limited to --resource ARNs, or a policy of
yours. What --setup adds is there at first, until the customer ends it: credd customer finish-setup. --again writes the folder of an
invitation once more, as it was, with the same external ID.`,
		Example: `  credd customer invite acme --account 012345678901 --permissions readonly --name "Acme Corp"
  credd customer invite acme --account 012345678901 --permissions readonly --service-name northwind
  credd customer invite acme --permissions data --resource arn:aws:s3:::acme-reports --until 2027-03-31
  credd customer invite acme --role deploy --policy deploy.json --setup setup.json --self-check
  credd customer invite acme --role deploy --again --out ~/acme-again`,
		RunE: func(cmd *cobra.Command, args []string) error {
			where, err := s.locate()
			if err != nil {
				return err
			}
			if a.again {
				return s.inviteAgain(cmd.Context(), where, args[0], &a, cmd)
			}
			return s.invite(cmd.Context(), where, args[0], &a)
		},
	}
	a.flags(cmd)
	return cmd
}

func (a *invitation) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&a.account, "account", "", "the customer's account ID")
	f.StringArrayVar(&a.permissions, "permissions", nil, "a preset (more than once for more)")
	f.StringArrayVar(&a.resources, "resource", nil, "limit the presets to this ARN (more than once for more)")
	f.StringVar(&a.policy, "policy", "", "file with a policy, JSON")
	f.StringVar(&a.setup, "setup", "", "permissions for the setup only: a preset, or a file with a policy")
	f.StringVar(&a.role, "role", "", "name of the role here (default: its presets)")
	f.StringVar(&a.roleName, "role-name", "", "name of the role in the customer's account (default: SERVICE-ROLE)")
	f.StringVar(&a.path, "path", "/", "path of the role, such as /northwind/")
	f.StringVar(&a.name, "name", "", "name of a new customer, for people")
	f.StringVar(&a.environment, "environment", "", "environment of a new customer, such as production")
	f.StringVar(&a.service, "service-name", "", "what customers call you; asked for once, and kept in credd.toml")
	f.StringVar(&a.source, "source", "", "source, or another role (default: the customer's, or [defaults] source)")
	f.StringArrayVar(&a.principals, "principal", nil, "who of us may assume the role, an ARN with * or ? (default: who the source is)")
	f.BoolVar(&a.exact, "exact", false, "trust one ARN without wildcards, as the principal itself")
	f.DurationVar(&a.maxSession, "max-session", time.Hour, "longest session, 1h to 12h")
	f.Lookup("max-session").DefValue = "1h"
	f.StringVar(&a.until, "until", "", "when the trust ends by itself, such as 2027-03-31")
	f.StringArrayVar(&a.sourceIPs, "source-ip", nil, "only from this range, such as 192.0.2.0/24 (more than once for more)")
	f.StringVar(&a.boundary, "boundary", "", "ARN of a permissions boundary")
	f.StringArrayVar(&a.tags, "tag", nil, "tag of the role, as KEY=VALUE (more than once for more)")
	f.BoolVar(&a.sessionTags, "session-tags", false, "let sessions have tags")
	f.BoolVar(&a.sourceIdentity, "source-identity", false, "let sessions have a source identity")
	f.BoolVar(&a.mfa, "mfa", false, "ask for MFA; only with a source of type keys that has it")
	f.BoolVar(&a.self, "self-check", false, "let the role read itself, so that verify can look at its trust and permissions")
	f.StringVar(&a.region, "region", "", "region of the stack (default: [defaults] region, or that of the customer's other stacks)")
	f.StringVar(&a.stack, "stack", "", "name of the stack (default: SERVICE-ROLE)")
	f.StringVar(&a.templateURL, "template-url", "", "where you put the template, https on S3: makes a link to the console")
	f.StringVar(&a.out, "out", "", "folder to make (default: ./invitation-CUSTOMER, or …-CUSTOMER-ROLE)")
	a.allow.flags(f)
	f.BoolVar(&a.again, "again", false, "write the folder of an invitation once more")
	f.BoolVar(&a.dryRun, "dry-run", false, "show the terms, and write nothing")
	f.BoolVar(&a.asJSON, "json", false, "print JSON")
}

func presetNames() (names []string) {
	for _, p := range invite.Presets() {
		names = append(names, p.Name)
	}
	return names
}

// invited is an invitation that is worked out.
type invited struct {
	terms  *invite.Terms
	id     cred.Secret
	role   roster.NewRole // to add
	anew   bool           // the customer is new
	named  bool           // our name is not in credd.toml yet
	placed bool           // nor is our account
	out    string
	files  []invite.File
	file   string // the customer's, once it is written
}

func (v *invited) roleName() string { return v.terms.Customer + "/" + v.terms.Role }

func (s *Streams) invite(ctx context.Context, where locations, key string, a *invitation) error {
	v, err := s.workOut(ctx, where, key, a)
	if err != nil {
		return err
	}
	if v.files, err = v.terms.Folder(v.id); err != nil {
		return missing(err.Error(), "see: credd customer invite --help")
	}
	if err := vacant(v.out); err != nil {
		return err
	}
	for _, w := range v.terms.Warnings() {
		s.warn(w, "")
	}
	if a.dryRun {
		return s.showInvitation(v, a.asJSON)
	}
	s.warnOfRoot()
	if err := v.write(where); err != nil {
		return asUsage(err)
	}
	if err := s.reloadIfRunning(ctx); err != nil {
		e := sorted(err)
		s.warn("the daemon did not take it: "+e.message, e.hint)
	}
	if a.asJSON {
		return s.showInvitation(v, true)
	}
	return s.tellInvited(ctx, where, v)
}

// write makes the folder, keeps the terms and adds the role; or none of it, if one of them fails.
func (v *invited) write(where locations) (err error) {
	var undo []func() error
	defer func() {
		for i := len(undo) - 1; i >= 0 && err != nil; i-- {
			err = errors.Join(err, undo[i]())
		}
	}()
	tmp, err := folder(v.out, v.files)
	if err != nil {
		return err
	}
	undo = append(undo, func() error { return os.RemoveAll(tmp) })
	if err := v.keepTerms(where, &undo); err != nil {
		return err
	}
	e := roster.Editor{Dir: where.config, Before: func(path string, old, data []byte) error {
		undo = append(undo, func() error {
			_, err := roster.Restore(where.config, path, old, func(now []byte) bool { return string(now) == string(data) })
			return err
		})
		return nil
	}}
	if err := v.keepService(e); err != nil {
		return err
	}
	if v.file, err = e.AddRole(v.role); err != nil {
		return err
	}
	if err := os.Rename(tmp, v.out); err != nil {
		return noFolder(v.out, err)
	}
	return nil
}

// keepService keeps who we are: a later invitation must not ask for trust in another account unnoticed.
func (v *invited) keepService(e roster.Editor) error {
	if v.placed {
		if _, err := e.AddSetting("service", "account_id", v.terms.ServiceAccount); err != nil {
			return err
		}
	}
	if !v.named {
		return nil
	}
	_, err := e.AddSetting("service", "name", v.terms.Service) // goes above the account
	return err
}

// keepTerms keeps the terms in place of those that an earlier role of that name had.
func (v *invited) keepTerms(where locations, undo *[]func() error) error {
	before, err := customer.Invitation(where.state, v.terms.Customer, v.terms.Role)
	if err != nil {
		return err
	}
	*undo = append(*undo, func() error {
		if before != nil {
			return customer.Invite(where.state, *before)
		}
		return customer.Uninvite(where.state, v.terms.Customer, v.terms.Role)
	})
	return customer.Invite(where.state, *v.terms)
}

// outOf is the folder of an invitation: that of the flag, or one in the current directory. many is whether the customer has more
// roles than this.
func (a *invitation) outOf(key, role string, many bool) (string, error) {
	out := a.out
	if out == "" {
		out = "invitation-" + key
		if many {
			out += "-" + strings.ReplaceAll(role, "/", "-")
		}
	}
	return filepath.Abs(out)
}

// missing is an error that is mended by other flags, or in the configuration.
func missing(message, hint string) error { return &userError{ipc.Usage, message, hint} }
