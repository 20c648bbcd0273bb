//go:build !windows

package host

import "os"

// needRoot refuses who may not change the machine's service.
func (s *Service) needRoot(command string) error {
	if !s.System || os.Geteuid() == 0 {
		return nil
	}
	return &Error{Message: "the credd of the machine is root's to change", Hint: "sudo credd service " + command + " --system"}
}

// notBySudo refuses a service of a user's to who is root by sudo: it would be root's.
func (s *Service) notBySudo() error {
	if s.System || os.Geteuid() != 0 || os.Getenv("SUDO_UID") == "" {
		return nil
	}
	return &Error{Message: "this is root by sudo, and would be a service of root's",
		Hint: "leave sudo out, for the service of your own; or add --system, for that of all users of the machine"}
}
