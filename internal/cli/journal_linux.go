package cli

import (
	"fmt"
	"io"
	"os"
	"syscall"
)

// isJournal reports whether what is written to w goes to journald: systemd says by JOURNAL_STREAM which device and inode that is
// (systemd.exec(5)). The variable alone says little: whoever starts a shell from a service passes it on.
func isJournal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	i, err := f.Stat()
	if err != nil {
		return false
	}
	st, ok := i.Sys().(*syscall.Stat_t)
	return ok && os.Getenv("JOURNAL_STREAM") == fmt.Sprintf("%d:%d", st.Dev, st.Ino)
}
