package source

import (
	"os"
	"strings"
)

// proxies are what Go's HTTP and other programs take a proxy from. [network] in credd.toml says it instead.
var proxies = []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"}

// ClearEnvironment removes from this process all that the AWS SDK, or a credential_process that it runs, would take from
// the environment: a daemon must not mean another identity in each terminal that starts it.
func ClearEnvironment() {
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		upper := strings.ToUpper(name)
		if strings.HasPrefix(upper, "AWS_") {
			os.Unsetenv(name)
		}
		for _, p := range proxies {
			if upper == p {
				os.Unsetenv(name)
			}
		}
	}
}
