package source

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"credd/internal/agent/cred"
	ways "credd/internal/agent/iam"
	"credd/internal/agent/sts"
)

// Error codes of IAM and STS.
const (
	unknownKey = "InvalidClientTokenId" // also of a key that is inactive, or too new to be known everywhere
	noEntity   = "NoSuchEntity"
	overQuota  = "LimitExceeded"

	unknownError = "UnknownError" // the SDK's, of an answer without a code: it is not AWS's
)

// sameUser checks that the credentials of the source are of the user that the key is of.
func (r *rotor) sameUser(ctx context.Context, key *storedKey) error {
	var id sts.Identity
	err := r.asUser(ctx, func(by *cred.Session) (err error) {
		id, err = r.deps.STS.Identity(ctx, r.spec.caller(by))
		return err
	})
	if err != nil {
		return err
	}
	if key.ARN == "" {
		key.ARN, key.Account = id.ARN, id.AccountID
	}
	r.arn = key.ARN
	if key.ARN != id.ARN {
		return r.foreign(id.ARN, key.ARN)
	}
	return nil
}

// asUser makes a call with the MFA session, else with the key in use. A session that AWS refuses is replaced, once.
func (r *rotor) asUser(ctx context.Context, call func(by *cred.Session) error) error {
	for again := false; ; again = true {
		by, err := r.Credentials(ctx)
		if err != nil {
			return err
		}
		sorted := func() error {
			err := call(by)
			if own := (*Error)(nil); err == nil || errors.As(err, &own) {
				return err
			}
			return sts.Sort(err, r.deps.Now())
		}
		if r.New != nil && by.AccessKeyID == r.New.ID {
			err = r.patiently(ctx, sorted)
		} else {
			err = sorted()
		}
		var e *sts.Error
		if r.spec.MFASerial == "" || again || !errors.As(err, &e) || e.Reason != sts.Login {
			return r.explain(err)
		}
		r.Invalidate(by.AccessKeyID)
	}
}

// explain says what to do where IAM denies.
func (r *rotor) explain(err error) error {
	var e *sts.Error
	if !errors.As(err, &e) || e.Reason != sts.Denied {
		return err
	}
	message := fmt.Sprintf("AWS does not let source %s change its own access keys", r.spec.Name)
	var api smithy.APIError
	if errors.As(err, &api) {
		for _, why := range []string{" because ", " with an explicit deny "} {
			if _, because, ok := strings.Cut(api.ErrorMessage(), why); ok {
				message += ":" + strings.TrimPrefix(why, " because") + because
				break
			}
		}
	}
	hint := "its user needs iam:ListAccessKeys, iam:CreateAccessKey, iam:UpdateAccessKey and iam:DeleteAccessKey for itself"
	if r.spec.MFASerial == "" {
		hint += "; if AWS asks for MFA there, give the source its device with mfa_serial"
	}
	return &Error{Kind: Config, Message: message, Hint: hint, Err: err}
}

// full is that there is no room for another key.
func (r *rotor) full(keys []types.AccessKeyMetadata, inUse string) error {
	var names []string
	unneeded := "ID"
	for _, m := range keys {
		what := strings.ToLower(string(m.Status))
		if m.CreateDate != nil {
			what += ", created " + date(*m.CreateDate)
		}
		if *m.AccessKeyId == inUse {
			what += ", in use here"
		} else {
			unneeded = *m.AccessKeyId
		}
		names = append(names, fmt.Sprintf("%s (%s)", *m.AccessKeyId, what))
	}
	return &Error{
		Kind:    Config,
		Message: fmt.Sprintf("source %s: AWS allows two access keys a user, and there are two: %s: delete one", r.spec.Name, strings.Join(names, " and ")),
		Hint:    "if nobody needs it: aws iam delete-access-key --access-key-id " + unneeded,
	}
}

func (r *rotor) list(ctx context.Context) (all []types.AccessKeyMetadata, err error) {
	err = r.asUser(ctx, func(by *cred.Session) (err error) {
		all, err = r.listAs(ctx, by, r.arn)
		return err
	})
	return all, err
}

func (k *Keys) listAs(ctx context.Context, by *cred.Session, arn string) ([]types.AccessKeyMetadata, error) {
	var all []types.AccessKeyMetadata
	for pages := iam.NewListAccessKeysPaginator(k.iam(by, arn), nil); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, m := range page.AccessKeyMetadata {
			if m.AccessKeyId == nil {
				return nil, errors.New("AWS lists an access key without an ID")
			}
			all = append(all, m)
		}
	}
	return all, nil
}

// create makes a key. It asks once: an answer that is lost leaves a key that nobody knows, and a second call another one.
// isLost reports that, as nothing else does, there may be such a key.
func (r *rotor) create(ctx context.Context) (key *storedKey, isLost bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, createWait)
	defer cancel()
	var out *iam.CreateAccessKeyOutput
	err = r.asUser(ctx, func(by *cred.Session) (err error) {
		if err := ctx.Err(); err != nil {
			return err
		}
		end, _ := ctx.Deadline()
		ctx, cancel := context.WithDeadline(context.WithoutCancel(ctx), end) // whoever asked for it may leave
		defer cancel()
		out, err = r.iam(by, r.arn).CreateAccessKey(ctx, nil, func(o *iam.Options) { o.Retryer = aws.NopRetryer{} })
		isLost = isLost || err != nil && !isAnswer(err)
		return err
	})
	if hasCode(err, overQuota) {
		return nil, isLost, &Error{
			Kind: Wait, Message: fmt.Sprintf("source %s: AWS allows two access keys a user, and says that there are two, but does not list both", r.spec.Name),
			Hint: "try again in a minute: " + r.command(), Err: err,
		}
	}
	if err != nil {
		return nil, isLost, err
	}
	m := out.AccessKey
	if m == nil || aws.ToString(m.AccessKeyId) == "" || aws.ToString(m.SecretAccessKey) == "" {
		return nil, true, &sts.Error{Reason: sts.Broken, Message: "the answer of AWS lacks a key or its secret"}
	}
	key = &storedKey{ID: *m.AccessKeyId, Secret: keep(*m.SecretAccessKey), ARN: r.Old.ARN, Account: r.Old.Account}
	if m.CreateDate != nil {
		key.Created = m.CreateDate.UTC()
	}
	return key, false, nil
}

// isAnswer reports that nothing was done: AWS itself said no, or was not reached.
func isAnswer(err error) bool {
	var api smithy.APIError
	var resp *smithyhttp.ResponseError
	if errors.As(err, &api) && errors.As(err, &resp) && resp.Response != nil {
		status := resp.HTTPStatusCode()
		return status >= 400 && status < 500 && api.ErrorCode() != unknownError
	}
	var dial *net.OpError
	return errors.As(err, &dial) && dial.Op == "dial"
}

func (r *rotor) setStatus(ctx context.Context, id string, status types.StatusType) error {
	return r.asUser(ctx, func(by *cred.Session) error {
		_, err := r.iam(by, r.arn).UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{AccessKeyId: &id, Status: status})
		return r.own(ctx, by, err)
	})
}

// remove deletes a key, unless it is gone.
func (r *rotor) remove(ctx context.Context, id string) error {
	err := r.asUser(ctx, func(by *cred.Session) error {
		_, err := r.iam(by, r.arn).DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{AccessKeyId: &id})
		return r.own(ctx, by, err)
	})
	if hasCode(err, noEntity) {
		return nil
	}
	return err
}

// own doubts the answer that there is no such key until it is known who asked: AWS says the same of the keys of others.
func (r *rotor) own(ctx context.Context, by *cred.Session, err error) error {
	if err == nil || !hasCode(sts.Sort(err, r.deps.Now()), noEntity) {
		return err
	}
	id, ierr := r.deps.STS.Identity(ctx, r.spec.caller(by))
	if ierr != nil {
		return ierr
	}
	if id.ARN != r.arn {
		return r.foreign(id.ARN, r.arn)
	}
	return err
}

// foreign is that the credentials are of another user than the key.
func (r *rotor) foreign(arn, want string) error {
	return &Error{
		Kind: Config, Message: fmt.Sprintf("the credentials of source %s are of %s, not of %s, whose key was added", r.spec.Name, arn, want),
		Hint: "add the key again: credd source add " + r.spec.Name + " --type keys --replace",
	}
}

// iam is the IAM of the partition that a user is of.
func (k *Keys) iam(by *cred.Session, userARN string) *iam.Client {
	return ways.New(k.deps.HTTP, k.deps.Now).As(ways.Caller{Session: by, ARN: userARN, URL: k.spec.Services})
}

func hasCode(err error, code string) bool {
	var e *sts.Error
	return errors.As(err, &e) && e.Code == code
}

func isUnknownKey(err error) bool { return hasCode(err, unknownKey) }

// isRefusal reports whether AWS answered, and will not answer otherwise when it is asked again.
func isRefusal(err error) bool {
	var e *sts.Error
	var own *Error
	return errors.As(err, &own) || errors.As(err, &e) && !e.Passing() || hasCode(err, noEntity)
}
