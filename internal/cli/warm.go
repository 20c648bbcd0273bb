package cli

import "os/exec"

// warm has a helper fetch the role's session while the person types on. It has no terminal, so it asks nothing, and no
// descriptor of ours, so nobody waits for it. That it fails shows in credd status, and at the first use.
func warm(role string) {
	helper, err := helperPath()
	if err != nil {
		return
	}
	cmd := exec.Command(helper, role)
	detach(cmd)
	if cmd.Start() == nil {
		cmd.Process.Release()
	}
}
