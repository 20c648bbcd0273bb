package cli

import (
	"context"
	"fmt"
	"time"

	"credd/internal/adopt"
	"credd/internal/agent/api"
	"credd/internal/awsconfig"
	"credd/internal/ipc"
	"credd/internal/paths"
)

// noteKeys names the keys that are still in files, unless AWS takes them no more, and of all keys of an import those that are old.
func (s *Streams) noteKeys(ctx context.Context, plan *adopt.Plan) {
	const patience = 10 * time.Second // for all: beyond it they are named without their age
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for _, k := range plan.LeftKeys {
		tried, err := s.tryKey(ctx, k.Key, k.Region, k.EndpointURL)
		if err == nil && !tried.Accepted {
			s.say("key %s of profile %s is not accepted by AWS any more: its lines in %s can go", k.ID, k.Profile, k.File)
			continue
		}
		if err != nil && sorted(err).code != ipc.Usage { // no daemon, or no network: the others would fare no better
			cancel()
		}
		s.say("key %s of profile %s is still in clear in %s", k.ID, k.Profile, k.File)
		s.noteAge("access key "+k.ID+" of profile "+k.Profile, tried.Created, "move it into the vault, and change it there: credd import --keys, credd source rotate")
	}
	for _, src := range plan.Keys() {
		tried, err := s.tryKey(ctx, *src.Key, src.Region, src.EndpointURL)
		if err != nil {
			return // it was proved a moment ago
		}
		s.noteAge("source "+src.Name+": access key "+src.Key.ID, tried.Created, "change it: credd source rotate "+src.Name)
	}
}

func (s *Streams) tryKey(ctx context.Context, k adopt.Key, region, endpoint string) (out api.Tried, err error) {
	key := &api.NewKey{ID: k.ID, Secret: k.Secret.Reveal(), Region: region, EndpointURL: endpoint}
	err = s.talk(ctx, api.Request{Do: api.DoTryKey, Key: key}, &out, nil)
	return out, err
}

// noteAge warns of a key that is old.
func (s *Streams) noteAge(key string, created time.Time, hint string) {
	const old = 90 * 24 * time.Hour
	if age := time.Since(created); !created.IsZero() && age > old {
		s.warn(fmt.Sprintf("%s was created %d days ago", key, age/(24*time.Hour)), hint)
	}
}

// keysInClear names the access keys that ~/.aws still holds, until they are gone from there. A session's keys end by themselves.
func keysInClear() []string {
	dir, err := paths.AWS()
	if err != nil {
		return nil
	}
	files, err := awsconfig.Read(awsconfig.InEnvironment(dir))
	if err != nil {
		return nil
	}
	var out []string
	for _, k := range adopt.KeysIn(files) {
		out = append(out, fmt.Sprintf("access key %s of profile %s is in clear in %s: move it into the vault with credd import --keys, or disable it and take its lines out", k.ID, k.Profile, k.File))
	}
	return out
}
