package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"credd/internal/adopt"
	"credd/internal/agent/api"
	"credd/internal/awsconfig"
	"credd/internal/doctor"
	"credd/internal/ipc"
	"credd/internal/paths"
)

// importWorld is what an import works on: the files, and the vault by way of the daemon.
func (s *Streams) importWorld(where locations) (adopt.World, error) {
	state, err := paths.State()
	if err != nil {
		return adopt.World{}, &userError{ipc.Usage, err.Error(), ""}
	}
	return adopt.World{
		Config: where.config, Journal: adopt.JournalIn(state), Keys: vaultKeys{s}, Shelf: vaultShelf{s}, Update: awsconfig.Update, Now: time.Now,
		Added: func(ctx context.Context) {
			if err := s.reloadIfRunning(ctx); err != nil {
				e := sorted(err)
				s.warn("the daemon did not take it: "+e.message, e.hint)
			}
		},
	}, nil
}

// vaultKeys has the daemon keep keys.
type vaultKeys struct{ s *Streams }

func (v vaultKeys) Store(ctx context.Context, n adopt.NewSource) error {
	key := &api.NewKey{ID: n.Key.ID, Secret: n.Key.Secret.Reveal(), Region: n.Region, STSRegion: n.STSRegion, EndpointURL: n.EndpointURL}
	err := v.s.talk(ctx, api.Request{Do: api.DoStoreKey, Name: n.Name, Key: key}, &api.Identity{}, nil)
	if err == nil {
		return nil
	}
	e := sorted(err)
	return &userError{e.code, fmt.Sprintf("the key of profile %s was not taken: %s", n.From, e.message), strings.TrimPrefix(e.hint+"; or leave the profile as it is: --except "+doctor.Quote(n.From), "; ")}
}

func (v vaultKeys) KeyID(ctx context.Context, source string) (string, error) {
	var out api.KeyID
	err := v.s.talk(ctx, api.Request{Do: api.DoKeyID, Name: source}, &out, nil)
	return out.ID, err
}

func (v vaultKeys) Drop(ctx context.Context, source string) error {
	return v.s.talk(ctx, api.Request{Do: api.DoDropKey, Name: source}, &api.Dropped{}, nil)
}

// vaultShelf has it keep texts.
type vaultShelf struct{ s *Streams }

func (v vaultShelf) Keep(ctx context.Context, name, text string) error {
	return v.s.talk(ctx, api.Request{Do: api.DoKeep, Name: name, Text: text}, &api.Done{}, nil)
}

func (v vaultShelf) Kept(ctx context.Context, name string) (string, error) {
	var out api.Kept
	err := v.s.talk(ctx, api.Request{Do: api.DoKept, Name: name}, &out, nil)
	return out.Text, err
}
