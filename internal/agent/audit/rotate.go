package audit

import (
	"errors"
	"os"
	"strconv"
)

const (
	// maxSize and maxOld keep 128 MiB. CloudTrail's event history goes back 90 days; at 3,000 answers a working day of
	// some 450 bytes each this reaches as far.
	maxSize = 16 << 20 // bytes of one file
	maxOld  = 7        // audit.log.1, the youngest, to audit.log.7

	maxTries = 10 // a reader that meets a rotation each time reads what it has: rotations are days apart
)

func generation(path string, n int) string {
	if n == 0 {
		return path
	}
	return path + "." + strconv.Itoa(n)
}

// rotate moves path to path.1, and each older file one further. It renames from the old end, so that a crash leaves at
// most a gap in the numbers. A gap is filled before a file is given up, so that none is given up early.
func rotate(path string) error {
	free := 1
	for free < maxOld && exists(generation(path, free)) {
		free++
	}
	for n := free; n > 0; n-- {
		err := os.Rename(generation(path, n-1), generation(path, n))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// openAll opens the log's files, the youngest first, as they are between two rotations.
func openAll(path string) ([]*os.File, error) {
	for try := 1; ; try++ {
		before, _ := os.Lstat(path)
		files, err := openEach(path)
		after, _ := os.Lstat(path)
		if err != nil || try == maxTries || os.SameFile(before, after) {
			return files, err
		}
		closeAll(files)
	}
}

// openEach opens in the order in which a rotation that begins meanwhile can only show a file twice, under its next number;
// in the other order it would hide one.
func openEach(path string) ([]*os.File, error) {
	var files []*os.File
	var last os.FileInfo
	for n := range maxOld + 1 {
		f, info, err := openRegular(generation(path, n), os.O_RDONLY)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			closeAll(files)
			return nil, err
		}
		if os.SameFile(info, last) {
			f.Close()
			continue
		}
		files, last = append(files, f), info
	}
	return files, nil
}

func closeAll(files []*os.File) {
	for _, f := range files {
		f.Close()
	}
}
