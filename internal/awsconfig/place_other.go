//go:build !linux

package awsconfig

import (
	"bytes"
	"os"
)

// replace renames tmp to target if that still holds what we have read.
func replace(tmp, target string, have []byte) error {
	now, err := os.ReadFile(target)
	if err != nil {
		return err
	}
	if !bytes.Equal(now, have) {
		return errAgain
	}
	return os.Rename(tmp, target)
}
