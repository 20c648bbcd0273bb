package cli

import (
	"github.com/spf13/cobra"

	"credd/internal/agent/vault"
)

func newVaultCmd(s *Streams) *cobra.Command {
	newKey := &cobra.Command{
		Use: "new-key", Short: "Print a new key for a vault, for systemd credentials", Args: cobra.NoArgs,
		Long: `Print a new key for a vault. It is a secret: pipe it on. It is only needed where credd cannot keep the key itself, with
[vault] key = "systemd" in credd.toml. The machine's service finds it in /etc/credstore.encrypted; see docs/system.md.`,
		Example: "  credd vault new-key | sudo systemd-creds encrypt --name=credd-vault-key - /etc/credstore.encrypted/credd-vault-key",
		RunE: func(*cobra.Command, []string) error {
			key, err := vault.NewKey()
			if err != nil {
				return err
			}
			return s.say("%s", key)
		},
	}
	return group("vault", "Make keys for the vault of secrets", newKey)
}
