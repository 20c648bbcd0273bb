package source

import "context"

// ProfileKey returns the access key that a profile of ~/.aws holds itself, to move it into the vault.
func ProfileKey(ctx context.Context, awsDir, profile string) (id, secret string, err error) {
	shared, err := loadProfile(ctx, awsDir, profile)
	if err != nil {
		return "", "", err
	}
	k := shared.Credentials
	switch {
	case k.AccessKeyID == "" || k.SecretAccessKey == "":
		return "", "", &Error{Kind: Config, Message: "profile " + profile + " holds no access key of its own", Hint: "name the profile that does (its source_profile?)"}
	case k.SessionToken != "":
		return "", "", &Error{Kind: Config, Message: "the key of profile " + profile + " is a session's, which ends", Hint: "name a profile with the access key of an IAM user"}
	}
	return k.AccessKeyID, k.SecretAccessKey, nil
}
