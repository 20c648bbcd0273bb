package fakeaws

import (
	"encoding/json"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials/logincreds"
)

// LoginToken is what `aws login` leaves on the disk.
type LoginToken struct {
	UserARN      string // login_session of the profile
	AccountID    string
	Key          Key
	SessionToken string
	Expires      time.Time // of Key; a test that wants a refresh sets it into the past
	RefreshToken string
	ClientID     string
	DPoPKey      string // PEM of the EC key that refreshes are signed with
}

// CacheJSON returns the content of the cache file, as the AWS CLI writes it and the SDKs read it.
func (t LoginToken) CacheJSON() []byte {
	b, err := json.Marshal(map[string]any{
		"accessToken": map[string]string{
			"accessKeyId":     t.Key.ID,
			"secretAccessKey": t.Key.Secret,
			"sessionToken":    t.SessionToken,
			"accountId":       t.AccountID,
			"expiresAt":       formatTime(t.Expires),
		},
		"tokenType":    "aws_sigv4",
		"refreshToken": t.RefreshToken,
		"clientId":     t.ClientID,
		"dpopKey":      t.DPoPKey,
	})
	if err != nil {
		panic(err) // strings always encode
	}
	return b
}

// CacheFile returns the path of the cache file in dir, which AWS_LOGIN_CACHE_DIRECTORY names; "" is ~/.aws/login/cache.
func (t LoginToken) CacheFile(dir string) (string, error) {
	return logincreds.StandardCachedTokenFilepath(t.UserARN, dir)
}
