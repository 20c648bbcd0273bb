package cli

import (
	"os"
	"runtime"
	"slices"
	"strings"
)

// shadowing are the environment variables that go before the profile that AWS_PROFILE names, each with who reads it.
var shadowing = []string{
	"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", // AWS CLI and all SDKs
	"AWS_SECURITY_TOKEN",               // the old name of the token; AWS CLI and boto3 read it first
	"AWS_ACCESS_KEY", "AWS_SECRET_KEY", // old names of the keys: SDK for Go, SDK for Java 1
	"AWS_CREDENTIAL_EXPIRATION",   // when the keys end: AWS CLI, boto3, SDK for JavaScript
	"AWS_CREDENTIAL_SCOPE",        // of the keys: SDK for JavaScript
	"AWS_ACCOUNT_ID",              // of the keys, for endpoints that hold it: AWS CLI 2, boto3, SDKs for Go and JavaScript
	"AWS_WEB_IDENTITY_TOKEN_FILE", // AWS CLI, boto3 and SDK for Go assume AWS_ROLE_ARN with it
	"AWS_ROLE_ARN",
	"AWS_ROLE_SESSION_NAME",
	"AWS_DEFAULT_PROFILE",      // AWS CLI 1 and boto3 read it before AWS_PROFILE
	"AWS_BEARER_TOKEN_BEDROCK", // a key of some account: clients of Bedrock in all SDKs prefer it to a signature
}

// misleading are those that come after credentials in the environment, and still say another identity to some program.
var misleading = []string{
	"AWS_PROFILE",                                                                  // SDK for JavaScript prefers it to keys; AWS CLI and boto3 end if there is no such profile
	"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI", // all SDKs, after a profile
	"AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", // with those two
	"AWS_CREDENTIAL_FILE", // a file of keys: boto 2, and botocore as its last resort
}

// shadows returns which of the shadowing names are set in this process, in their order.
func shadows() []string {
	var set []string
	for _, name := range shadowing {
		if os.Getenv(name) != "" {
			set = append(set, name)
		}
	}
	return set
}

// without is an environment less the names. Windows has them in any case.
func without(env []string, names ...string) []string {
	return slices.DeleteFunc(slices.Clone(env), func(kv string) bool {
		have, _, _ := strings.Cut(kv, "=")
		return slices.ContainsFunc(names, func(name string) bool {
			return have == name || runtime.GOOS == "windows" && strings.EqualFold(have, name)
		})
	})
}
