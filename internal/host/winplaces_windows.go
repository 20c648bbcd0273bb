package host

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"

	"credd/internal/ipc/dial"
	"credd/internal/paths"
)

// makePlaces makes the directories of the machine's credd. Below ProgramData everybody may write otherwise.
func (w winService) makePlaces() error {
	p := paths.System()
	if !filepath.IsAbs(p.Config) {
		return &Error{Message: "ProgramData is not set to an absolute path, as Windows sets it"}
	}
	for _, of := range []struct{ dir, service string }{{p.Config, "0x1200a9"}, {p.State, "0x1301bf"}} { // read; and change
		made, err := makeDir(of.dir, "O:BAG:BAD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;"+of.service+";;;"+dial.ServiceSID+")")
		if err != nil {
			return denied(err)
		}
		if made {
			w.tell("made " + of.dir)
		}
	}
	_, _, err := w.firstConfig(p.Config)
	return err
}

// makeDir makes a directory with its access list from its first moment. One that is there has to be an administrator's, or of who runs
// this: whoever made it otherwise could have put something into it. Its list is made anew.
func makeDir(path, descriptor string) (made bool, err error) {
	d, err := windows.SecurityDescriptorFromString(descriptor)
	if err != nil {
		return false, err
	}
	name, err := syscall.UTF16PtrFromString(path)
	if err != nil {
		return false, err
	}
	err = windows.CreateDirectory(name, &windows.SecurityAttributes{Length: uint32(unsafe.Sizeof(windows.SecurityAttributes{})), SecurityDescriptor: d})
	if err == nil {
		return true, nil
	}
	if !errors.Is(err, windows.ERROR_ALREADY_EXISTS) {
		return false, &os.PathError{Op: "mkdir", Path: path, Err: err}
	}
	if ok, err := ownedByAdministrator(path); err != nil || !ok {
		return false, errors.Join(err, &Error{Message: path + " is there already, and is not an administrator's", Hint: "look what is in it, move it away, and then again"})
	}
	list, _, err := d.DACL()
	if err != nil {
		return false, err
	}
	return false, windows.SetNamedSecurityInfo(path, windows.SE_FILE_OBJECT,
		windows.DACL_SECURITY_INFORMATION|windows.PROTECTED_DACL_SECURITY_INFORMATION, nil, nil, list, nil)
}

func ownedByAdministrator(path string) (bool, error) {
	is, err := windows.GetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, windows.OWNER_SECURITY_INFORMATION)
	if err != nil {
		return false, err
	}
	owner, _, err := is.Owner()
	if err != nil || owner == nil {
		return false, err
	}
	self, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return false, err
	}
	return owner.IsWellKnown(windows.WinBuiltinAdministratorsSid) || owner.IsWellKnown(windows.WinLocalSystemSid) || owner.Equals(self.User.Sid), nil
}
