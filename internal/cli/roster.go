package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"credd/internal/agent/api"
	"credd/internal/agent/roster"
	"credd/internal/customer"
	"credd/internal/ipc"
)

// view is the configuration as the files say it now, or the machine's daemon, with what a running daemon knows.
type view struct {
	roster   *roster.Roster
	machine  bool                      // it is of the machine's credd
	guest    bool                      // … and was told by its daemon, which keeps some of it for itself
	roles    map[string][]*roster.Role // by customer
	records  *records
	sessions map[string]api.Session
	failing  map[string]api.Failure
	sources  map[string]api.Source
}

// look reads the files and asks the daemon, if one runs. What is broken in the files is told on stderr; the rest is shown.
func (s *Streams) look(ctx context.Context) (*view, error) {
	where, err := s.locate()
	if err != nil {
		return nil, err
	}
	r, err := s.roster(ctx, where)
	if err != nil {
		return nil, err
	}
	v := &view{roster: r, machine: where.machine, guest: where.guest, records: recordsOf(where, s.warn), sessions: map[string]api.Session{}, failing: map[string]api.Failure{}, sources: map[string]api.Source{}}
	v.roles = map[string][]*roster.Role{}
	for _, r := range v.roster.Roles() {
		v.roles[r.Customer.Key] = append(v.roles[r.Customer.Key], r)
	}
	for _, p := range v.roster.Problems() {
		s.warn(p.Error(), p.Hint)
	}
	st, _, err := s.liveStatus(ctx)
	if err != nil {
		s.warn("the daemon does not tell its state: "+err.Error(), "")
	}
	for _, l := range st.Sessions {
		v.sessions[l.Role] = l
	}
	for _, f := range st.Failing {
		v.failing[f.Role] = f
	}
	for _, src := range st.Sources {
		v.sources[src.Name] = src
	}
	return v, nil
}

// state says what the daemon knows of a role.
func (v *view) state(role string, now time.Time) string {
	if f, ok := v.failing[role]; ok {
		return f.Outcome + " since " + clock(f.Since, now)
	}
	if l, ok := v.sessions[role]; ok {
		return left(l.Expires.Sub(now)) + " left"
	}
	return "-"
}

// roleJSON is a role for programs.
type roleJSON struct {
	Name           string            `json:"name"`
	Customer       string            `json:"customer"`
	ARN            string            `json:"arn"`
	AccountID      string            `json:"account_id"`
	Environment    string            `json:"environment,omitempty"`
	Source         string            `json:"source"`
	Duration       string            `json:"duration"`
	SessionName    string            `json:"session_name"`
	Region         string            `json:"region,omitempty"`
	STSRegion      string            `json:"sts_region,omitempty"`
	Policy         string            `json:"policy,omitempty"`
	PolicyARNs     []string          `json:"policy_arns,omitempty"`
	Tags           map[string]string `json:"tags,omitempty"`
	TransitiveTags []string          `json:"transitive_tags,omitempty"`
	SourceIdentity string            `json:"source_identity,omitempty"`
	Allow          *roster.Allow     `json:"allow,omitempty"`
	HasExternalID  *bool             `json:"has_external_id"`       // null: a guest is not told
	ExternalID     string            `json:"external_id,omitempty"` // only if asked for
	Verified       *time.Time        `json:"verified"`              // null unless that holds
	Standing       customer.Standing `json:"standing"`
	LastWorked     time.Time         `json:"last_worked,omitzero"` // to the hour or so
	File           string            `json:"file"`
	Line           int               `json:"line"`
	Session        *api.Session      `json:"session"`
	Failing        *api.Failure      `json:"failing"`
}

func (v *view) role(r *roster.Role, showID bool) roleJSON {
	out := roleJSON{
		Name: r.Name, Customer: r.Customer.Key, ARN: r.ARN, AccountID: r.AccountID, Environment: r.Customer.Environment,
		Source: r.Source, Duration: roster.FormatDuration(r.Duration), SessionName: r.SessionName, Region: r.Region, STSRegion: r.STSRegion,
		Policy: r.Policy, PolicyARNs: r.PolicyARNs, Tags: r.Tags, TransitiveTags: r.TransitiveTags, SourceIdentity: r.SourceIdentity, Allow: v.allow(r.Allow),
		File: r.File, Line: r.Line, Standing: v.records.standing(r),
	}
	out.Verified = verifiedAt(out.Standing)
	out.LastWorked = v.records.seen(r.Name).Worked
	if !v.guest {
		out.HasExternalID = new(!r.ExternalID.IsZero())
	}
	if showID {
		out.ExternalID = r.ExternalID.Reveal()
	}
	if l, ok := v.sessions[r.Name]; ok {
		out.Session = &l
	}
	if f, ok := v.failing[r.Name]; ok {
		out.Failing = &f
	}
	return out
}

func newCustomerCmd(s *Streams) *cobra.Command {
	var asJSON bool
	list := &cobra.Command{
		Use: "list", Short: "List customers", Example: "  credd customer list --json", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			v, err := s.look(cmd.Context())
			if err != nil {
				return err
			}
			all := []customerJSON{}
			var rows [][]string
			var stand []customer.Standing
			for _, c := range v.roster.Customers() {
				j := v.customer(c)
				all = append(all, j)
				stand = append(stand, j.Standing)
				rows = append(rows, []string{c.Key, c.Name, c.AccountID, c.Environment, fmt.Sprint(len(j.Roles)), cell(j.Standing)})
			}
			if asJSON {
				return printJSON(s.Out, all)
			}
			head := []string{"CUSTOMER", "NAME", "ACCOUNT", "ENVIRONMENT", "ROLES", "VERIFIED"}
			return paintedTable(s.Out, head, rows, len(head)-1, func(i int, text string) painted { return s.paint(colorOf(stand[i]), text) })
		},
	}
	show := &cobra.Command{
		Use: "show CUSTOMER", Short: "Show a customer and its roles", Example: "  credd customer show acme", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			v, err := s.look(cmd.Context())
			if err != nil {
				return err
			}
			c, ok := v.roster.Customer(args[0])
			if !ok {
				return v.noCustomer(args[0])
			}
			j := v.customer(c)
			if asJSON {
				return printJSON(s.Out, j)
			}
			if err := facts(s.Out, "customer", c.Key, "name", c.Name, "account", c.AccountID, "environment", c.Environment,
				"region", c.Region, "default role", c.DefaultRole, "allow", allowText(c.Allow), "note", c.Note, "file", c.File); err != nil {
				return err
			}
			s.say("")
			if err := s.roles(v, j.Roles, false); err != nil {
				return err
			}
			return s.troubles(v, c)
		},
	}
	for _, cmd := range []*cobra.Command{list, show} {
		cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	}
	return group("customer", "Look at customers, invite, verify and leave them", newCustomerAddCmd(s), list, show,
		newCustomerInviteCmd(s), newCustomerVerifyCmd(s), newCustomerFinishCmd(s), newCustomerRetireCmd(s), newCustomerExportCmd(s))
}

func (v *view) noCustomer(key string) error {
	if v.guest {
		return &userError{ipc.UnknownRole, "there is no customer " + key + " with a role that you may use", "see: credd customer list"}
	}
	return &userError{ipc.UnknownRole, "no such customer: " + key, "see: credd customer list"}
}

type customerJSON struct {
	Key         string        `json:"key"`
	Name        string        `json:"name"`
	AccountID   string        `json:"account_id,omitempty"`
	Environment string        `json:"environment,omitempty"`
	Region      string        `json:"region,omitempty"`
	DefaultRole string        `json:"default_role,omitempty"`
	Note        string        `json:"note,omitempty"`
	Allow       *roster.Allow `json:"allow,omitempty"` // of roles that have none of their own
	File        string        `json:"file"`
	Roles       []string      `json:"roles"`

	Verified *time.Time        `json:"verified"` // the oldest verification; null unless those of all roles hold
	Standing customer.Standing `json:"standing"` // the worst of its roles
}

func (v *view) customer(c *roster.Customer) customerJSON {
	j := customerJSON{
		Key: c.Key, Name: c.Name, AccountID: c.AccountID, Environment: c.Environment, Region: c.Region, DefaultRole: c.DefaultRole,
		Note: c.Note, Allow: c.Allow, File: c.File, Roles: []string{},
	}
	var standings []customer.Standing
	for _, r := range v.roles[c.Key] {
		j.Roles = append(j.Roles, r.Name)
		standings = append(standings, v.records.standing(r))
	}
	j.Standing, _ = worst(standings)
	j.Verified = verifiedAt(j.Standing)
	return j
}

// roles prints roles as a table, with their external IDs if asked for.
func (s *Streams) roles(v *view, names []string, showID bool) error {
	now := time.Now()
	if v.guest {
		return s.rolesOfGuest(v, names)
	}
	head := []string{"ROLE", "ACCOUNT", "SOURCE", "SESSION", "VERIFIED", "ARN"}
	if showID {
		head = append(head, "EXTERNAL ID")
	}
	if v.machine {
		head = append(head, "ALLOW")
	}
	const verified = 4
	var rows [][]string
	var stand []customer.Standing
	for _, r := range v.roster.Roles() {
		if slices.Contains(names, r.Name) {
			stand = append(stand, v.records.standing(r))
			row := []string{r.Name, r.AccountID, r.Source, v.state(r.Name, now), cell(stand[len(stand)-1]), r.ARN}
			if showID {
				row = append(row, cmp.Or(r.ExternalID.Reveal(), "-"))
			}
			if v.machine {
				row = append(row, allowText(v.allow(r.Allow)))
			}
			rows = append(rows, row)
		}
	}
	return paintedTable(s.Out, head, rows, verified, func(i int, text string) painted { return s.paint(colorOf(stand[i]), text) })
}

// allow is that of a role. On the machine's credd a role without one is open to nobody.
func (v *view) allow(of *roster.Allow) *roster.Allow {
	if of == nil && v.machine && !v.guest {
		return &roster.Allow{}
	}
	return of
}

// rolesOfGuest prints what the machine's daemon tells of roles.
func (s *Streams) rolesOfGuest(v *view, names []string) error {
	var rows [][]string
	for _, r := range v.roster.Roles() {
		if slices.Contains(names, r.Name) {
			rows = append(rows, []string{r.Name, r.AccountID, v.state(r.Name, time.Now()), r.ARN})
		}
	}
	if len(rows) == 0 {
		s.note("no role of this machine's credd is open to you")
	}
	return table(s.Out, []string{"ROLE", "ACCOUNT", "SESSION", "ARN"}, rows)
}

// troubles says of each role of a customer that is not well what is known, and what to do.
func (s *Streams) troubles(v *view, c *roster.Customer) (err error) {
	for _, r := range v.roles[c.Key] {
		if f, ok := v.failing[r.Name]; ok { // newer than what is on disk
			err = s.say("\n%s", f.Message)
			if f.Hint != "" {
				err = s.say("  hint: %s", s.mine(f.Hint))
			}
		} else if t := v.records.standing(r); isTrouble(t) || t.Word == customer.Invited {
			err = s.say("\n%s: %s", r.Name, t.Sentence)
			if t.Hint != "" {
				err = s.say("  hint: %s", s.mine(t.Hint))
			}
		}
	}
	return err
}
