package cli

import (
	"golang.org/x/sys/windows"

	"credd/internal/ipc/peer"
)

// harden keeps the daemon's memory to itself: other processes of the same user may ask who it is, wait for it and end it, and neither
// read it nor change that list (OW are an owner's rights). Administrators and the system may all, as root may on Linux. Of a crash there
// is no dump: Go's own start tells Windows to make none.
func harden() error {
	const rights = "0x121001" // READ_CONTROL, SYNCHRONIZE, PROCESS_QUERY_LIMITED_INFORMATION, PROCESS_TERMINATE
	self, err := peer.Self()
	if err != nil {
		return err
	}
	d, err := windows.SecurityDescriptorFromString("D:P(A;;" + rights + ";;;OW)(A;;" + rights + ";;;" + self.SID + ")(A;;GA;;;SY)(A;;GA;;;BA)")
	if err != nil {
		return err
	}
	list, _, err := d.DACL()
	if err != nil {
		return err
	}
	return windows.SetSecurityInfo(windows.CurrentProcess(), windows.SE_KERNEL_OBJECT,
		windows.DACL_SECURITY_INFORMATION|windows.PROTECTED_DACL_SECURITY_INFORMATION, nil, nil, list, nil)
}
