package paths

// System are the places of the credd of this machine.
func System() Places { return Places{"/etc/credd", "/var/lib/credd", "/run/credd/agent.sock"} }
