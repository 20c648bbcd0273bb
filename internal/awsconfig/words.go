package awsconfig

// Words returns the words of a credential_process that is one command, as a shell cuts them. It is false of pipelines, lists and
// substitutions, which only some of the SDKs run.
func Words(command string) ([]string, bool) {
	all := commands(command)
	if len(all) != 1 {
		return nil, false
	}
	return all[0], true
}
