package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"credd/internal/agent/api"
	"credd/internal/agent/roster"
	"credd/internal/ipc"
)

type sourceJSON struct {
	Name        string `json:"name"`
	Type        string `json:"type"`
	Profile     string `json:"profile,omitempty"`
	Region      string `json:"region,omitempty"`
	STSRegion   string `json:"sts_region,omitempty"`
	EndpointURL string `json:"endpoint_url,omitempty"`
	File        string `json:"file"`
	Line        int    `json:"line"`
}

func sourceOf(r *roster.Source) sourceJSON {
	return sourceJSON{r.Name, r.Type, r.Profile, r.Region, r.STSRegion, r.EndpointURL, r.File, r.Line}
}

func newSourceCmd(s *Streams) *cobra.Command {
	return group("source", "Look at sources: the identities that assume roles", newSourceListCmd(s), newSourceShowCmd(s), newSourceTestCmd(s))
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
				all = append(all, sourceOf(src))
				rows = append(rows, []string{src.Name, src.Type, src.Profile, src.Region})
			}
			if asJSON {
				return printJSON(s.Out, all)
			}
			return table(s.Out, []string{"SOURCE", "TYPE", "PROFILE", "REGION"}, rows)
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
			if asJSON {
				return printJSON(s.Out, sourceOf(src))
			}
			return facts(s.Out, "source", src.Name, "type", src.Type, "profile", src.Profile, "region", src.Region,
				"sts region", src.STSRegion, "endpoint", src.EndpointURL, "file", fmt.Sprintf("%s:%d", src.File, src.Line))
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
			if err := ask(cmd.Context(), api.Request{Do: api.DoTest, Name: args[0]}, &id); err != nil {
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
