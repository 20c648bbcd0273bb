package source

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sso"
	"github.com/aws/smithy-go"
)

const (
	// The portal throttles early, and an organization may have a thousand accounts.
	ssoListAttempts = 8
	ssoListAtOnce   = 4

	ssoPerPage = 100 // the most (SSO portal ListAccounts)
)

// Account is an account of an IAM Identity Center login, with the roles (permission sets) that the user has in it.
type Account struct {
	ID, Name, Email string
	Roles           []string
}

// Accounts lists what the login may use, by name.
func (s *SSO) Accounts(ctx context.Context) ([]Account, error) {
	l, err := s.at()
	if err != nil {
		return nil, err
	}
	var all []Account
	err = l.with(ctx, func(token string) (err error) {
		if all, err = l.accounts(ctx, token); err == nil {
			err = l.roles(ctx, token, all)
		}
		return err
	})
	if err != nil {
		return nil, s.explain(l.place, err)
	}
	slices.SortFunc(all, func(a, b Account) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return all, nil
}

func moreAttempts(o *sso.Options) { o.Retryer = ssoRetryer(ssoListAttempts) }

func (l *ssoLogin) accounts(ctx context.Context, token string) ([]Account, error) {
	var all []Account
	in := &sso.ListAccountsInput{AccessToken: &token, MaxResults: aws.Int32(ssoPerPage)}
	for p := sso.NewListAccountsPaginator(l.portal, in); p.HasMorePages(); {
		out, err := p.NextPage(ctx, moreAttempts)
		if err != nil {
			return nil, err
		}
		for _, a := range out.AccountList {
			all = append(all, Account{ID: aws.ToString(a.AccountId), Name: aws.ToString(a.AccountName), Email: aws.ToString(a.EmailAddress)})
		}
	}
	return all, nil
}

// roles fills in the roles of accounts, a few at once.
func (l *ssoLogin) roles(ctx context.Context, token string, accounts []Account) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	var next atomic.Int64
	for range ssoListAtOnce {
		wg.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(accounts) {
					return
				}
				if err := l.rolesOf(ctx, token, &accounts[i]); err != nil {
					cancel(err) // the first counts
				}
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

func (l *ssoLogin) rolesOf(ctx context.Context, token string, a *Account) error {
	in := &sso.ListAccountRolesInput{AccessToken: &token, AccountId: &a.ID, MaxResults: aws.Int32(ssoPerPage)}
	for p := sso.NewListAccountRolesPaginator(l.portal, in); p.HasMorePages(); {
		out, err := p.NextPage(ctx, moreAttempts)
		var api smithy.APIError
		if errors.As(err, &api) && api.ErrorCode() == "ForbiddenException" {
			return nil // the account was taken away since it was listed
		}
		if err != nil {
			return err
		}
		for _, r := range out.RoleList {
			a.Roles = append(a.Roles, aws.ToString(r.RoleName))
		}
	}
	slices.Sort(a.Roles)
	return nil
}
