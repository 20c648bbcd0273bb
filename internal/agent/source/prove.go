package source

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"credd/internal/agent/sts"
)

// keyID is the form of an access key's ID (IAM AccessKey), without what a secret has and an ID never had.
var keyID = regexp.MustCompile(`^[A-Z0-9]+$`)

// prove asks AWS whose a key is that is not stored yet, and fills in its user, account and, if AWS tells, its creation.
func (k *Keys) prove(ctx context.Context, key storedKey) (storedKey, error) {
	if len(key.ID) < 16 || len(key.ID) > 128 || !keyID.MatchString(key.ID) { // it may be the secret, pasted in its place, and is not quoted
		return key, &Error{
			Kind: Config, Message: "what was given as the ID of the access key is not one",
			Hint: "it is of capital letters and digits, such as AKIA…, and comes before the secret",
		}
	}
	if strings.HasPrefix(key.ID, "ASIA") {
		return key, &Error{
			Kind: Config, Message: fmt.Sprintf("%s is the key of a session, which ends by itself: source %s needs an access key of an IAM user (AKIA…)", key.ID, k.spec.Name),
			Hint: "leave sessions to the tool that makes them, and use a source of type profile, sso or login for it",
		}
	}
	id, err := k.deps.STS.Identity(ctx, k.spec.caller(key.session()))
	var e *sts.Error
	if errors.As(err, &e) && e.Reason == sts.Login {
		return key, &Error{
			Kind: Config, Message: fmt.Sprintf("AWS does not accept access key %s (%s)", key.ID, e.Code),
			Hint: "see that its ID and secret belong together and that it is active; a new key works after some seconds", Err: err,
		}
	}
	if err != nil {
		return key, err
	}
	if strings.HasSuffix(id.ARN, ":root") {
		return key, &Error{
			Kind: Config, Message: fmt.Sprintf("access key %s is the root user's", key.ID),
			Hint: "make an IAM user instead, and delete the root user's key",
		}
	}
	key.ARN, key.Account = id.ARN, id.AccountID
	all, err := k.listAs(ctx, key.session(), key.ARN)
	if err != nil {
		return key, nil // AWS need not tell
	}
	for _, m := range all {
		if *m.AccessKeyId == key.ID && m.CreateDate != nil {
			key.Created = m.CreateDate.UTC()
		}
	}
	return key, nil
}
