package watch

import "path/filepath"

// AWS returns the directories below dir, usually ~/.aws, whose files decide what an AWS profile gives: config and
// credentials, and what aws sso login and aws login leave.
func AWS(dir string) []string {
	return []string{dir, filepath.Join(dir, "sso", "cache"), filepath.Join(dir, "login", "cache")}
}
