package paths

import (
	"errors"
	"strings"
	"syscall"
)

const (
	pipes     = `\\.\pipe\`
	maxSocket = 256 // characters of a pipe's name, CreateNamedPipe says
)

var (
	errNoHome = errors.New("APPDATA, LOCALAPPDATA or USERPROFILE is not set to an absolute path, as Windows sets them at logon")
	errNoPipe = errors.New(`CREDD_SOCK is not the name of a pipe, such as \\.\pipe\credd-work`)
)

// ownSocket is one a user, by the SID.
func ownSocket() (string, error) {
	sid, err := UserSID()
	return pipes + "credd-" + sid, err
}

// UserSID returns who this process runs as.
func UserSID() (string, error) {
	t, err := syscall.OpenCurrentProcessToken()
	if err != nil {
		return "", err
	}
	defer t.Close()
	u, err := t.GetTokenUser()
	if err != nil {
		return "", err
	}
	return u.User.Sid.String()
}

// fits returns the name of a pipe of this machine.
func fits(name string) (string, error) {
	rest, ok := strings.CutPrefix(folded(name), pipes)
	if !ok || rest == "" || len(name) > maxSocket {
		return "", errNoPipe
	}
	return name, nil
}

func sameSocket(a, b string) bool { return folded(a) == folded(b) }

// folded is a pipe's name in the one form of all that Windows takes for it.
func folded(name string) string { return strings.ToLower(strings.ReplaceAll(name, "/", `\`)) }
