package cli

import (
	"fmt"

	"credd/internal/adopt"
	"credd/internal/awsconfig"
)

// keysInClear names the access keys that ~/.aws still holds, until they are gone from there. A session's keys end by themselves.
func keysInClear() []string {
	where, err := locate()
	if err != nil {
		return nil
	}
	files, err := awsconfig.Read(awsconfig.InEnvironment(where.aws))
	if err != nil {
		return nil
	}
	var out []string
	for _, k := range adopt.KeysIn(files) {
		out = append(out, fmt.Sprintf("access key %s of profile %s is in clear in %s: move it into the vault with credd import --keys, or disable it and take its lines out", k.ID, k.Profile, k.File))
	}
	return out
}
