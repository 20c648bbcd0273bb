package cli

import (
	"errors"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"credd/internal/agent/roster"
	"credd/internal/disk"
	"credd/internal/ipc"
)

func newCustomerExportCmd(s *Streams) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use: "export CUSTOMER", Short: "Print a customer's file to share with a colleague", Args: cobra.ExactArgs(1),
		Long: `Print a customer's file for the customers directory of somebody else. It has the account, the roles and what narrows their
sessions. It does not have what is yours: sources, session names, notes, session tags and source identities; nor the external ID,
which goes another way. The file says where to put it, and is refused until it is there.`,
		Example: `  credd customer export acme --output acme.toml
  credd role show acme/readonly --show-external-id    # to tell them, not in the same message`,
		RunE: func(_ *cobra.Command, args []string) error {
			where, err := s.locate()
			if err != nil {
				return err
			}
			text, err := roster.Load(where.config, nil).Export(args[0])
			if err != nil {
				return err
			}
			if output == "" {
				_, err = io.WriteString(s.Out, text)
				return err
			}
			err = disk.Create(output, []byte(text))
			switch {
			case errors.Is(err, fs.ErrExist):
				return &userError{ipc.Usage, output + " is there already", "name another file: --output FILE"}
			case err != nil:
				return &userError{ipc.Usage, output + " cannot be written: " + reason(err), "name another file: --output FILE"}
			}
			return s.say("wrote %s, without the external ID", output)
		},
	}
	cmd.Flags().StringVar(&output, "output", "", "write it into this new file")
	return cmd
}

// reason is an error without the paths that it is about, which may be those of temporary files.
func reason(err error) string {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err.Error()
	}
	var link *os.LinkError
	if errors.As(err, &link) {
		return link.Err.Error()
	}
	return err.Error()
}
