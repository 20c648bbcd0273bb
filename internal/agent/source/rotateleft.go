package source

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"credd/internal/agent/cred"
	"credd/internal/agent/sts"
)

// others returns the IDs of the user's keys, with room for one more: a key that is left over is deleted.
func (r *rotor) others(ctx context.Context, inUse string) ([]string, error) {
	all, err := r.list(ctx)
	if err != nil {
		return nil, err
	}
	left, err := r.leftover(ctx, all, inUse)
	if err != nil {
		return nil, err
	}
	if left != "" {
		if err := r.remove(ctx, left); err != nil {
			return nil, err
		}
		r.say("deleted access key %s, left over from a rotation that broke off", left)
		r.rotation = rotation{}
		all = slices.DeleteFunc(all, func(m types.AccessKeyMetadata) bool { return *m.AccessKeyId == left })
	}
	if len(all) >= mostKeys {
		return nil, r.full(all, inUse)
	}
	var ids []string
	for _, m := range all {
		ids = append(ids, *m.AccessKeyId)
	}
	return ids, nil
}

// leftover returns the ID of the key that a rotation made which broke off, "" if there is none. Where its secret was lost,
// so was its ID: then it is the only key that was not there before, made while AWS was asked for one, and never used. A key
// of that time of which the rest is not so may be a colleague's, and is a person's to delete.
func (r *rotor) leftover(ctx context.Context, all []types.AccessKeyMetadata, inUse string) (string, error) {
	var unknown []types.AccessKeyMetadata
	for _, m := range all {
		switch id := *m.AccessKeyId; {
		case id == inUse || slices.Contains(r.Before, id):
		case r.New != nil && id == r.New.ID:
			return id, nil
		case r.New == nil && r.Old.ID != "":
			unknown = append(unknown, m)
		}
	}
	i := slices.IndexFunc(unknown, r.isOfThen)
	if i < 0 {
		return "", nil
	}
	id, why := *unknown[i].AccessKeyId, "another came beside it"
	if len(unknown) == 1 {
		var err error
		if why, err = r.traces(ctx, id); err != nil || why == "" {
			return id, err
		}
	}
	return "", &Error{
		Kind:    Config,
		Message: fmt.Sprintf("source %s: access key %s may be left over from the rotation of %s, but %s: credd does not delete it", r.spec.Name, id, date(r.Started), why),
		Hint:    "if nobody needs it: aws iam delete-access-key --access-key-id " + id + "; then: " + r.command(),
	}
}

// isOfThen reports whether a key was made while AWS was asked for the one whose answer was lost.
func (r *rotor) isOfThen(m types.AccessKeyMetadata) bool {
	end := r.Lost
	if end.IsZero() {
		end = r.Started.Add(createWait)
	}
	return m.CreateDate != nil && !m.CreateDate.Before(r.Started.Add(-clockSlack)) && !m.CreateDate.After(end.Add(clockSlack))
}

// traces says why a key may be in use, "" if it was never used.
func (r *rotor) traces(ctx context.Context, id string) (why string, err error) {
	var out *iam.GetAccessKeyLastUsedOutput
	err = r.asUser(ctx, func(by *cred.Session) (err error) {
		out, err = r.iam(by, r.arn).GetAccessKeyLastUsed(ctx, &iam.GetAccessKeyLastUsedInput{AccessKeyId: &id})
		return err
	})
	var e *sts.Error
	switch {
	case errors.As(err, &e) && (e.Reason == sts.Denied || e.Reason == sts.Invalid):
		return "AWS does not tell whether it was used (iam:GetAccessKeyLastUsed)", nil
	case err != nil:
		return "", err
	case out.AccessKeyLastUsed == nil:
		return "AWS does not tell whether it was used", nil
	case out.AccessKeyLastUsed.LastUsedDate != nil:
		return "it was used on " + date(*out.AccessKeyLastUsed.LastUsedDate), nil
	}
	return "", nil
}
