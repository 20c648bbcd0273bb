package awsconfig

import (
	"slices"
	"strings"
)

// hiddenSettings are not for the screen.
var hiddenSettings = []string{"aws_secret_access_key", "aws_session_token", "aws_security_token", "external_id"}

// Hidden is a line as it may be shown: without the value of a secret or an external ID, also one that is commented out.
func Hidden(line string) string {
	at := strings.IndexAny(line, "=:")
	if at < 0 || !slices.Contains(hiddenSettings, strings.ToLower(strings.Trim(line[:at], "#; \t\ufeff"))) {
		return line
	}
	return line[:at+1] + " (not shown)"
}
