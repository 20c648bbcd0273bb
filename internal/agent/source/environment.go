package source

import (
	"os"
	"strings"

	"credd/internal/agent/cred"
)

// proxies are what Go's HTTP and other programs take a proxy from. [network] in credd.toml says it instead.
var proxies = []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"}

// containerEnv is what ECS and EKS say of the credentials of a container. It is of the container and not of a terminal, so
// that sources of type container may use it.
type containerEnv struct {
	relative  string // AWS_CONTAINER_CREDENTIALS_RELATIVE_URI
	full      string // AWS_CONTAINER_CREDENTIALS_FULL_URI
	token     cred.Secret
	tokenFile string // goes before token
}

// ownContainer is what ClearEnvironment found.
var ownContainer containerEnv

func (c *containerEnv) keep(name, value string) {
	switch name {
	case "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI":
		c.relative = value
	case "AWS_CONTAINER_CREDENTIALS_FULL_URI":
		c.full = value
	case "AWS_CONTAINER_AUTHORIZATION_TOKEN":
		c.token = cred.NewSecret(value)
	case "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE":
		c.tokenFile = value
	}
}

// stderr is kept because what is collected is closed.
var stderr = os.Stderr

// ClearEnvironment removes from this process all that the AWS SDK, or a credential_process that it runs, would take from
// the environment: a daemon must not mean another identity in each terminal that starts it. It takes stderr from the latter
// too, to which the SDK gives os.Stderr: ours is the log, and what such a program says there may be a secret.
func ClearEnvironment() {
	if os.Stderr == stderr {
		if null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0); err == nil {
			os.Stderr = null
		}
	}
	for _, kv := range os.Environ() {
		name, value, _ := strings.Cut(kv, "=")
		upper := strings.ToUpper(name)
		if strings.HasPrefix(upper, "AWS_") {
			ownContainer.keep(upper, value)
			os.Unsetenv(name)
		}
		for _, p := range proxies {
			if upper == p {
				os.Unsetenv(name)
			}
		}
	}
}
