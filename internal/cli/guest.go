package cli

import (
	"context"
	"errors"
	"os"

	"credd/internal/agent/api"
	"credd/internal/agent/roster"
)

// roster is the configuration: as the files say it now, or for a guest of the machine's credd what its daemon tells.
func (s *Streams) roster(ctx context.Context, where locations) (*roster.Roster, error) {
	if !where.guest {
		return roster.Load(where.config, nil), nil
	}
	var told api.Roster
	if err := s.askAt(ctx, where, api.Request{Do: api.DoRoster}, &told); err != nil {
		return nil, err
	}
	return rosterOf(told)
}

// rosterOf makes a roster of what a daemon tells.
func rosterOf(told api.Roster) (*roster.Roster, error) {
	s := roster.Settings{
		Service: roster.Service{Name: told.Service}, Defaults: roster.Defaults{Region: told.Region},
		Network: roster.Network{EndpointURL: told.Endpoint}, Profiles: roster.Profiles{Name: told.Profiles},
	}
	var roles []roster.Role
	for _, c := range told.Customers {
		of := &roster.Customer{Key: c.Key, Name: c.Name, AccountID: c.AccountID, Environment: c.Environment, DefaultRole: c.DefaultRole}
		for _, r := range c.Roles {
			roles = append(roles, roster.Role{
				Name: c.Key + "/" + r.Name, Customer: of, ARN: r.ARN, AccountID: r.AccountID, Partition: r.Partition, Region: r.Region, Duration: r.Duration,
			})
		}
	}
	r, err := roster.Of(s, roles)
	if errors.Is(err, roster.ErrTold) {
		return nil, &userError{errOtherVersion.code, err.Error(), "ask the administrator of this machine's credd: it may be of another version"}
	}
	return r, err
}

func isThere(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
