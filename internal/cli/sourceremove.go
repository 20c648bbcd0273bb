package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"credd/internal/agent/api"
	"credd/internal/agent/roster"
	"credd/internal/ipc"
)

func newSourceRemoveCmd(s *Streams) *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use: "remove SOURCE", Short: "Remove a source, and its key from the vault", Args: cobra.ExactArgs(1),
		Long: `Remove a source from credd.toml, and for type keys its access key from the vault. The key itself stays at AWS. Where credd.toml
has the source no more, a key that the vault still has of it is removed.`,
		Example: "  credd source remove old",
		RunE: func(cmd *cobra.Command, args []string) error {
			where, err := s.locate()
			if err != nil {
				return err
			}
			return s.removeSource(cmd.Context(), where, args[0], yes)
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return cmd
}

// removeSource takes a source out of credd.toml and its key out of the vault. It can be repeated when only the first was done.
func (s *Streams) removeSource(ctx context.Context, where locations, name string, yes bool) error {
	src, err := roster.Load(where.config, nil).FindSource(name)
	gone := errors.Is(err, roster.ErrUnknownSource)
	if err != nil && !gone {
		return err
	}
	question, none := "the key in the vault cannot be brought back; remove it", &userError{ipc.Usage, "there is no terminal to ask at", "say --yes"}
	if gone {
		question = "credd.toml has no source " + printable(name) + "; remove a key of that name from the vault"
		none = &userError{ipc.UnknownRole, err.Error(), "if its key is still in the vault: credd source remove " + name + " --yes"}
	}
	hasKey := gone || src.Type == "keys"
	if !gone { // before a person is asked
		if err := roster.CheckRemoval(where.config, name); err != nil {
			return asUsage(err)
		}
	}
	if hasKey && !yes {
		if err := confirm(question, none); err != nil {
			return err
		}
	}
	if !gone {
		path, err := roster.RemoveSource(where.config, name)
		if err != nil {
			return asUsage(err)
		}
		s.say("removed source %s from %s", name, path)
	}
	if hasKey {
		var key api.Dropped
		if err := s.talk(ctx, api.Request{Do: api.DoDropKey, Name: name}, &key, nil); err != nil {
			e := sorted(err)
			s.warn(e.message, e.hint)
			return &userError{e.code, "the key of " + name + " is still in the vault, if it had one", "when that is mended: credd source remove " + name}
		}
		if !key.Had && gone {
			return &userError{ipc.UnknownRole, "no such source: " + name + ", and no key of it in the vault", "see: credd source list"}
		}
		s.say("the vault has no key of %s any more; at AWS it still works: delete it there if nothing else uses it", name)
	}
	return s.reloadIfRunning(ctx)
}
