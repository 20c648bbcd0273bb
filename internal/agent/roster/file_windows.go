package roster

import (
	"os"
	"time"
)

const openFlags = 0

// facts tell whether a file changed.
type facts struct {
	size int64
	mod  time.Time
	mode os.FileMode
}

func factsOf(i os.FileInfo) facts { return facts{i.Size(), i.ModTime(), i.Mode()} }

// writableByOthers says nothing here: the profile directory's access list keeps others out.
func writableByOthers(os.FileInfo, bool) *fault { return nil }
