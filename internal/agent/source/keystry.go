package source

import (
	"context"
	"errors"
	"time"

	"credd/internal/agent/sts"
)

// Tried is what AWS says of an access key that is in no vault.
type Tried struct {
	Accepted bool
	Created  time.Time // zero where AWS does not tell
}

// TryKey asks AWS about an access key and stores nothing.
func (d Deps) TryKey(ctx context.Context, spec Spec, n NewKey) (Tried, error) {
	key, err := newKeys(spec, d).prove(ctx, storedKey{ID: n.ID, Secret: keep(n.Secret.Reveal())})
	var refused *sts.Error
	if errors.As(err, &refused) && refused.Reason == sts.Login {
		return Tried{}, nil
	}
	return Tried{err == nil, key.Created}, err
}
