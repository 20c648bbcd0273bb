package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// vault moves an access key off the disk, and changes it.
func vault(ctx context.Context, w *world) error {
	title(7, "An access key: into the vault, behind MFA, and changed")
	key, err := w.aws.AddUser(ops)
	if err != nil {
		return err
	}
	device, err := w.aws.AddMFADevice(ops)
	if err != nil {
		return err
	}
	w.aws.RequireMFA(ops)
	for _, step := range []struct {
		stdin string
		args  string
	}{
		{key.ID + "\n" + key.Secret + "\n" + device.Seed + "\n", "source add ops --type keys --from-stdin --mfa totp --mfa-serial " + device.Serial},
		{"", "source rotate ops"},
		{"", "source list"},
	} {
		out, err := w.show(ctx, step.stdin, "credd", strings.Fields(step.args)...)
		fmt.Print(out)
		if err != nil {
			return fmt.Errorf("%s: %w", step.args, err)
		}
	}
	if now := w.aws.Keys(ops); len(now) != 1 || now[0].ID == key.ID {
		return errors.New("the key was not changed")
	}
	return nil
}
