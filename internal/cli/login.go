package cli

import (
	"time"

	"github.com/spf13/cobra"

	"credd/internal/agent/api"
	"credd/internal/ipc"
)

func newLoginCmd(s *Streams) *cobra.Command {
	var device, browser, noOpen, asJSON bool
	cmd := &cobra.Command{
		Use: "login SOURCE", Short: "Log in to a source ahead of time", Args: cobra.ExactArgs(1),
		Long: `Log in to a source ahead of time: in a browser for IAM Identity Center, by an MFA code for an access key. One login serves
every terminal and every role of the source, and is kept over a restart of credd.

IAM Identity Center redirects the browser back to this machine. Over ssh, in WSL or without a display the code of a device login is
shown instead, for a browser anywhere.`,
		Example: "  credd login work\n  credd login work --device",
		RunE: func(cmd *cobra.Command, args []string) error {
			if device && browser {
				return &userError{ipc.Usage, "--device and --browser exclude each other", ""}
			}
			req := api.Request{Do: api.DoLogin, Name: args[0], Device: device || !browser && remote()}
			var in api.Login
			err := s.talk(cmd.Context(), req, &in, func(e api.Event) { s.step(e, !noOpen && !req.Device) })
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(s.Out, in)
			}
			if in.Until.IsZero() {
				return s.say("%s is ready", in.Name)
			}
			return s.say("%s is ready until %s", in.Name, clock(in.Until, time.Now()))
		},
	}
	f := cmd.Flags()
	f.BoolVar(&device, "device", false, "log in by a code, in a browser anywhere")
	f.BoolVar(&browser, "browser", false, "log in in a browser on this machine, whatever it looks like")
	f.BoolVar(&noOpen, "no-open", false, "print the address and open no browser")
	f.BoolVar(&asJSON, "json", false, "print JSON at the end")
	return cmd
}

func newLogoutCmd(s *Streams) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "logout SOURCE", Short: "End a source's login and drop its sessions", Args: cobra.ExactArgs(1),
		Long:    "End a source's login, at AWS too for IAM Identity Center, and drop the sessions of its roles. Credentials that were handed out live until they expire.",
		Example: "  credd logout work",
		RunE: func(cmd *cobra.Command, args []string) error {
			var out api.Forgotten
			if err := s.talk(cmd.Context(), api.Request{Do: api.DoLogout, Name: args[0]}, &out, nil); err != nil {
				return err
			}
			if asJSON {
				return printJSON(s.Out, out)
			}
			return s.say("%s is logged out; dropped %s", args[0], count(len(out.Roles), "session"))
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// step tells what the person has to do, on stderr: stdout may be read by a program.
func (s *Streams) step(e api.Event, open bool) {
	switch {
	case e.Notice != "":
		s.note("%s", e.Notice)
	case e.Code != "":
		s.note("open in any browser:\n\n  %s\n\nand see that it shows the code %s", e.URL, e.Code)
	case e.URL != "":
		s.note("log in in the browser; if none opens, go to:\n\n  %s\n", e.URL)
		if open {
			openBrowser(e.URL)
		}
	}
}
