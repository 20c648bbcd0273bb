package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"credd/internal/agent/api"
	"credd/internal/agent/roster"
	"credd/internal/ipc"
)

type sourceJSON struct {
	Name        string      `json:"name"`
	Type        string      `json:"type"`
	Profile     string      `json:"profile,omitempty"`
	Region      string      `json:"region,omitempty"`
	STSRegion   string      `json:"sts_region,omitempty"`
	EndpointURL string      `json:"endpoint_url,omitempty"`
	MFASerial   string      `json:"mfa_serial,omitempty"`
	MFA         string      `json:"mfa,omitempty"`
	MFACommand  []string    `json:"mfa_command,omitempty"`
	StartURL    string      `json:"start_url,omitempty"`
	SSORegion   string      `json:"sso_region,omitempty"`
	SSOSession  string      `json:"sso_session,omitempty"`
	AccountID   string      `json:"account_id,omitempty"`
	RoleName    string      `json:"role_name,omitempty"`
	TokenFile   string      `json:"token_file,omitempty"`
	RoleARN     string      `json:"role_arn,omitempty"`
	Command     []string    `json:"command,omitempty"`
	File        string      `json:"file"`
	Line        int         `json:"line"`
	State       *api.Source `json:"state"` // null: no daemon runs
}

func (v *view) source(r *roster.Source) sourceJSON {
	j := sourceJSON{
		Name: r.Name, Type: r.Type, Profile: r.Profile, Region: r.Region, STSRegion: r.STSRegion, EndpointURL: r.EndpointURL,
		MFASerial: r.MFASerial, MFA: r.MFA, MFACommand: r.MFACommand, StartURL: r.StartURL, SSORegion: r.SSORegion, SSOSession: r.SSOSession,
		AccountID: r.AccountID, RoleName: r.RoleName, TokenFile: r.TokenFile, RoleARN: r.RoleARN, Command: r.Command,
		File: r.File, Line: r.Line,
	}
	if st, ok := v.sources[r.Name]; ok {
		j.State = &st
	}
	return j
}

// means says in a few words where the source's credentials come from.
func (j *sourceJSON) means() string {
	switch j.Type {
	case "keys":
		if j.MFASerial != "" {
			return "key in the vault, MFA by " + j.MFA
		}
		return "key in the vault"
	case "sso":
		return strings.TrimSpace(j.AccountID + " " + j.RoleName)
	case "web-identity":
		return j.TokenFile
	case "process":
		return strings.Join(j.Command, " ")
	}
	return j.Profile
}

// sourceState says how a source is.
func sourceState(st *api.Source, now time.Time) string {
	switch {
	case st == nil:
		return "-"
	case st.State == "ready" && !st.Until.IsZero():
		return "ready until " + clock(st.Until, now)
	case st.State == "ready", st.State == "untried":
		return st.State
	}
	if st.State == "login" {
		return "login needed since " + clock(st.Since, now)
	}
	return st.State + " since " + clock(st.Since, now)
}

// waiting returns the roles that fail for no other reason than their source.
func waiting(src api.Source, failing []api.Failure) []string {
	var roles []string
	for _, f := range failing {
		if src.Message != "" && f.Message == f.Role+": "+src.Message {
			roles = append(roles, f.Role)
		}
	}
	return roles
}

// sources prints how sources are: those that were used, or that have something to tell.
func (s *Streams) sources(all []api.Source, failing []api.Failure, now time.Time) error {
	var rows [][]string
	untried := 0
	for _, src := range all {
		if src.State == "untried" && len(src.Notes) == 0 {
			untried++
			continue
		}
		rows = append(rows, []string{src.Name, src.Type, sourceState(&src, now)})
	}
	if len(rows) > 0 {
		s.say("")
		if err := table(s.Out, []string{"SOURCE", "TYPE", "STATE"}, rows); err != nil {
			return err
		}
	}
	if untried > 0 {
		s.say("%s not used since credd started", count(untried, "source"))
	}
	for _, same := range together(all) {
		s.told(same, failing)
	}
	return nil
}

// told prints what there is to tell of sources of which all that is the same.
func (s *Streams) told(same []api.Source, failing []api.Failure) {
	src, others := same[0], ""
	var names, waits []string
	for _, of := range same {
		names = append(names, of.Name)
		waits = append(waits, waiting(of, failing)...)
	}
	if len(names) > 1 {
		others = "; so it is with " + count(len(names)-1, "other source") + ": " + few(names[1:])
	}
	if src.Message != "" {
		s.say("%s%s", s.paint(red, src.Message), others)
	}
	if src.Hint != "" {
		s.say("  hint: %s", s.mine(src.Hint))
	}
	if len(waits) > 0 {
		s.say("  %s: %s", count(len(waits), "waiting role"), few(waits))
	}
	for _, note := range src.Notes {
		if src.Message == "" || !strings.Contains(note, "credd login ") { // else the hint says it
			s.say("%s source %s: %s%s", s.paint(yellow, "note"), src.Name, note, others)
		}
	}
}

// together groups the sources of IAM Identity Center of which the same is to be told: one login serves many.
func together(all []api.Source) (groups [][]api.Source) {
	at := map[string]int{}
	for _, src := range all {
		what := strings.Join(append([]string{src.Message, src.Hint}, src.Notes...), "\n") + "\n"
		key := strings.NewReplacer("source "+src.Name+" ", "source ", "credd login "+src.Name+"\n", "credd login\n").Replace(what)
		if i, ok := at[key]; ok && src.Type == "sso" {
			groups[i] = append(groups[i], src)
			continue
		}
		if src.Type == "sso" {
			at[key] = len(groups)
		}
		groups = append(groups, []api.Source{src})
	}
	return groups
}

func newSourceCmd(s *Streams) *cobra.Command {
	return group("source", "Look at sources, the identities that assume roles; add, remove and rotate them", newSourceAddCmd(s), newSourceListCmd(s),
		newSourceShowCmd(s), newSourceRemoveCmd(s), newSourceTestCmd(s), newSourceRotateCmd(s))
}

func newSourceListCmd(s *Streams) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "list", Short: "List sources", Example: "  credd source list", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			v, err := s.look(cmd.Context())
			if err != nil {
				return err
			}
			all := []sourceJSON{}
			var rows [][]string
			for _, src := range v.roster.Sources() {
				j := v.source(src)
				all = append(all, j)
				rows = append(rows, []string{src.Name, src.Type, sourceState(j.State, time.Now()), j.means(), src.Region})
			}
			if asJSON {
				return printJSON(s.Out, all)
			}
			return table(s.Out, []string{"SOURCE", "TYPE", "STATE", "FROM", "REGION"}, rows)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func newSourceShowCmd(s *Streams) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "show SOURCE", Short: "Show a source", Example: "  credd source show work", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			v, err := s.look(cmd.Context())
			if err != nil {
				return err
			}
			src, ok := v.roster.Source(args[0])
			if !ok {
				return &userError{ipc.UnknownRole, "no such source: " + args[0], "see: credd source list"}
			}
			j := v.source(src)
			if asJSON {
				return printJSON(s.Out, j)
			}
			pairs := []string{"source", j.Name, "type", j.Type, "state", sourceState(j.State, time.Now()), "profile", j.Profile,
				"mfa device", j.MFASerial, "mfa", j.MFA, "mfa command", strings.Join(j.MFACommand, " "), "start url", j.StartURL, "sso region", j.SSORegion, "sso session", j.SSOSession,
				"account", j.AccountID, "role", j.RoleName, "token file", j.TokenFile, "role arn", j.RoleARN,
				"command", strings.Join(j.Command, " "), "region", j.Region, "sts region", j.STSRegion, "endpoint", j.EndpointURL,
				"file", fmt.Sprintf("%s:%d", j.File, j.Line)}
			if j.State != nil {
				pairs = append(pairs, "failing", j.State.Message, "hint", j.State.Hint, "note", strings.Join(j.State.Notes, "; "))
			}
			return facts(s.Out, pairs...)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func newSourceTestCmd(s *Streams) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "test SOURCE|ROLE", Short: "Ask AWS who a source is", Args: cobra.ExactArgs(1),
		Long:    "Ask AWS who a source, or a role's session, is (GetCallerIdentity). It needs no permission in AWS.",
		Example: "  credd source test work",
		RunE: func(cmd *cobra.Command, args []string) error {
			var id api.Identity
			if err := s.talk(cmd.Context(), api.Request{Do: api.DoTest, Name: args[0]}, &id, nil); err != nil {
				return err
			}
			if asJSON {
				return printJSON(s.Out, id)
			}
			kind := "long-term key"
			if id.Temporary {
				kind = "temporary, so that roles assumed from it last at most 1h"
			}
			expires := ""
			if !id.Expires.IsZero() {
				expires = clock(id.Expires, time.Now())
			}
			return facts(s.Out, "source", id.Name, "arn", id.ARN, "account", id.AccountID, "sts region", id.Region,
				"credentials", kind, "expires", expires, "answered in", fmt.Sprintf("%d ms", id.Millis))
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
