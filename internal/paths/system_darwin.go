package paths

// System are the places of the credd of this machine. /var/run is emptied at each start of macOS, and launchd makes no directory for a
// socket: it is beside the state, in a directory of root's.
func System() Places { return Places{"/etc/credd", "/var/db/credd/state", "/var/db/credd/agent.sock"} }
