package awsconfig

// Command is the credential_process that asks a helper for a role, quoted so that every SDK runs it.
func Command(helper, role string) (string, error) {
	return `"` + helper + `" ` + role, nil
}
