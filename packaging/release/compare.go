package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// errDiffer is the answer of compare.
var errDiffer = errors.New("the two are not the same")

// compare tells which files of two folders, of those whose names match a pattern, are not the same in both. That there are none is an
// error too.
func compare(one, two, pattern string, out io.Writer) error {
	names := map[string]bool{}
	for _, dir := range []string{one, two} {
		files, err := within(dir)
		if err != nil {
			return err
		}
		for _, name := range files {
			match, err := filepath.Match(pattern, name)
			if err != nil {
				return err
			}
			if match {
				names[name] = true
			}
		}
	}
	differ := 0
	for _, name := range slices.Sorted(maps.Keys(names)) {
		why, err := difference(filepath.Join(one, name), filepath.Join(two, name))
		if err != nil {
			return err
		}
		if why != "" {
			differ++
			fmt.Fprintf(out, "%s: %s\n", name, why)
		}
	}
	fmt.Fprintf(out, "%d files, %d differ\n", len(names), differ)
	if differ > 0 || len(names) == 0 {
		return errDiffer
	}
	return nil
}

func difference(a, b string) (string, error) {
	one, err := os.ReadFile(a)
	if errors.Is(err, fs.ErrNotExist) {
		return "only in the second", nil
	}
	if err != nil {
		return "", err
	}
	two, err := os.ReadFile(b)
	if errors.Is(err, fs.ErrNotExist) {
		return "only in the first", nil
	}
	if err != nil {
		return "", err
	}
	if bytes.Equal(one, two) {
		return "", nil
	}
	at := 0
	for at < min(len(one), len(two)) && one[at] == two[at] {
		at++
	}
	return fmt.Sprintf("%d and %d bytes, the first that differs is %d", len(one), len(two), at), nil
}
