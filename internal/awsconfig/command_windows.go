package awsconfig

import "golang.org/x/sys/windows"

// shortPath is a path in names of the form PROGRA~1, "" if the file system has none.
func shortPath(path string) string {
	from, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return ""
	}
	buf := make([]uint16, windows.MAX_LONG_PATH)
	n, err := windows.GetShortPathName(from, &buf[0], uint32(len(buf)))
	if err != nil || int(n) > len(buf) {
		return ""
	}
	return windows.UTF16ToString(buf[:n])
}
