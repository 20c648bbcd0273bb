package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"credd/internal/agent/api"
	"credd/internal/agent/source"
	"credd/internal/ipc"
)

// addKey has a key proved and stored by the daemon.
func (s *Streams) addKey(ctx context.Context, where locations, a *sourceAdd) error {
	// Before a person is asked for secrets: there has to be a vault to keep them.
	if err := s.vaultReady(ctx, a.Name); err != nil {
		return err
	}
	key, err := s.readKey(ctx, where, a)
	if err != nil {
		return err
	}
	key.Replace, key.Region, key.STSRegion, key.EndpointURL = a.replace, a.Region, a.STSRegion, a.EndpointURL
	var id api.Identity
	if err := s.talk(ctx, api.Request{Do: api.DoStoreKey, Name: a.Name, Key: key}, &id, nil); err != nil {
		return err
	}
	s.say("the key of %s is in the vault", id.ARN)
	if a.fromProfile != "" {
		s.say("it is still in ~/.aws too: remove it there when all works")
	}
	return nil
}

// readKey gets the access key from where the flags say.
func (s *Streams) readKey(ctx context.Context, where locations, a *sourceAdd) (*api.NewKey, error) {
	from := 0
	for _, set := range []bool{a.fromStdin, a.fromEnv, a.fromProfile != ""} {
		if set {
			from++
		}
	}
	if from > 1 {
		return nil, &userError{ipc.Usage, "--from-stdin, --from-env and --from-profile exclude each other", ""}
	}
	key := &api.NewKey{}
	var err error
	switch {
	case a.key != nil:
		key = a.key
	case a.fromStdin:
		key, err = readKeyLines(s.In)
	case a.fromEnv:
		key.ID, key.Secret = os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY")
		if os.Getenv("AWS_SESSION_TOKEN") != "" {
			err = &userError{ipc.Usage, "AWS_SESSION_TOKEN is set: the key in the environment is a session's, which ends", "use the access key of an IAM user"}
		}
	case a.fromProfile != "":
		var id, secret string
		id, secret, err = source.ProfileKey(ctx, where.aws, a.fromProfile)
		key.ID, key.Secret = id, secret
	default:
		const without = "use --from-stdin, --from-env or --from-profile"
		if key.ID, err = s.prompt("access key ID", false, without); err == nil {
			key.Secret, err = s.prompt("secret access key (not shown)", true, without)
		}
	}
	if err != nil {
		return nil, err
	}
	key.ID, key.Secret = strings.TrimSpace(key.ID), strings.TrimSpace(key.Secret)
	if key.ID == "" || key.Secret == "" {
		return nil, &userError{ipc.Usage, "there is no access key and secret where they were to be read", "see: credd source add --help"}
	}
	if a.MFA == source.TOTP && key.Seed == "" {
		key.Seed, err = s.prompt("seed of the MFA device, as AWS shows it where the device is made (not shown)", true, "give it as the third line with --from-stdin")
	}
	return key, err
}

// readKeyLines reads an ID, a secret and perhaps a seed, a line each, or what aws iam create-access-key prints.
func readKeyLines(r io.Reader) (*api.NewKey, error) {
	const most = 16 << 10
	data, err := io.ReadAll(io.LimitReader(r, most))
	if err != nil {
		return nil, fmt.Errorf("read the access key: %w", err)
	}
	var made struct {
		AccessKey struct{ AccessKeyID, SecretAccessKey string } `json:"AccessKey"`
	}
	if json.Unmarshal(data, &made) == nil {
		return &api.NewKey{ID: made.AccessKey.AccessKeyID, Secret: made.AccessKey.SecretAccessKey}, nil
	}
	var lines [3]string
	in := bufio.NewScanner(strings.NewReader(string(data)))
	for i := 0; i < len(lines) && in.Scan(); {
		if text := strings.TrimSpace(in.Text()); text != "" {
			lines[i] = text
			i++
		}
	}
	return &api.NewKey{ID: lines[0], Secret: lines[1], Seed: lines[2]}, nil
}

func newSourceRotateCmd(s *Streams) *cobra.Command {
	return &cobra.Command{
		Use: "rotate SOURCE", Short: "Change the access key of a source", Args: cobra.ExactArgs(1),
		Long: `Change the access key of a source of type keys: create a second one, prove it, store it, disable the old one, prove again, delete
the old one. Should that be interrupted, run it again: a key that works is stored at every moment.

The user needs iam:ListAccessKeys, iam:CreateAccessKey, iam:UpdateAccessKey and iam:DeleteAccessKey for itself; and after a rotation
that broke off iam:GetAccessKeyLastUsed, to tell a key that it lost from one of somebody else.`,
		Example: "  credd source rotate work",
		RunE: func(cmd *cobra.Command, args []string) error {
			err := s.talk(cmd.Context(), api.Request{Do: api.DoRotate, Name: args[0]}, &api.Done{}, func(e api.Event) { s.step(e, false) })
			if err != nil {
				return err
			}
			return s.say("the access key of %s is a new one", args[0])
		},
	}
}

// vaultReady asks whether the vault takes the key of a source, before a person is asked for it.
func (s *Streams) vaultReady(ctx context.Context, source string) error {
	return s.talk(ctx, api.Request{Do: api.DoStoreKey, Name: source, Key: &api.NewKey{}}, &api.Identity{}, nil)
}
