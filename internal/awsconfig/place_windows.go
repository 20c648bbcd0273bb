package awsconfig

import (
	"io/fs"
	"os"
	"time"
)

const asItIs = 0

func isLink(error) bool { return false }

// trade puts tmp in the place of target. There is no exchange here: the best is to look right before.
func trade(tmp, target string, have []byte) (*os.File, error) { return nil, replace(tmp, target, have) }

func steady(*os.File) (free func() bool) { return func() bool { return true } }

func settle(*os.File) (alone bool, free func() bool) { return false, func() bool { return true } }

func touched(i fs.FileInfo) time.Time { return i.ModTime() }

func planted(string) bool { return false }

// own has nothing to do: a new file has the owner and the rights of its directory.
func own(*os.File, fs.FileInfo) {}
