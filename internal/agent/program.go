package agent

import (
	"io/fs"
	"os"
)

// program is the file that this process was started from. An upgrade puts another one in its place.
type program struct {
	path string
	at   fs.FileInfo // nil: it cannot be told
}

func thisProgram() program {
	path, err := os.Executable()
	if err != nil {
		return program{}
	}
	at, err := os.Stat(path)
	if err != nil {
		return program{}
	}
	return program{path, at}
}

// replaced reports whether the file is gone or another one. What cannot be told is no.
func (p program) replaced() bool {
	if p.at == nil {
		return false
	}
	now, err := os.Stat(p.path)
	return os.IsNotExist(err) || err == nil && (!os.SameFile(p.at, now) || !p.at.ModTime().Equal(now.ModTime()))
}
