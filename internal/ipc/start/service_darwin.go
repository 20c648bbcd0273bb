package start

import "os"

// installed returns what opens the user's socket, if the user has a property list for it. launchd opens it at the login, so it is not
// there after `credd service stop`, or for who is logged in over ssh alone: then launchd has no session, and this fails.
func installed(string) (argv, env []string) {
	home, err := os.UserHomeDir()
	plist := home + "/Library/LaunchAgents/credd.plist"
	if err != nil || !there(plist) {
		return nil, nil
	}
	return []string{"/bin/launchctl", "bootstrap", "gui/" + digits(os.Getuid()), plist}, []string{}
}

// digits is a number as text: strconv would bring 10 KB of error texts.
func digits(n int) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return digits(n/10) + string(rune('0'+n%10))
}

// anew is nothing: launchd has no such command for a socket.
func anew([]string) []string { return nil }
