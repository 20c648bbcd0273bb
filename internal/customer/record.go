package customer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"credd/internal/agent/roster"
	"credd/internal/customer/verify"
	"credd/internal/disk"
)

// Record is what the daemon has seen of a customer's roles. It alone writes them: state/customers/KEY.json. What a newer credd wrote
// into one stays in it.
type Record struct {
	Roles map[string]Seen `json:"roles"` // by name without the customer's

	unknown map[string]json.RawMessage
}

// Seen is what was seen of one role.
type Seen struct {
	Settings    string         `json:"settings,omitempty"`     // when it last worked
	ARN         string         `json:"arn,omitempty"`          // likewise, so that a change can be named
	Source      string         `json:"source,omitempty"`       // likewise
	Worked      time.Time      `json:"worked,omitzero"`        // last, to the hour or so
	DeniedSince time.Time      `json:"denied_since,omitzero"`  // zero while it works
	DeniedWith  string         `json:"denied_with,omitempty"`  // the settings that are denied
	Verified    *verify.Result `json:"verified,omitempty"`     // the last whole verification
	Checked     time.Time      `json:"checked,omitzero"`       // the last weekly test that told something
	CheckFailed string         `json:"check_failed,omitempty"` // what it told, if it was bad

	unknown map[string]json.RawMessage
	as      json.RawMessage // Verified as it was read, for what a newer credd wrote into it
	of      *verify.Result  // what as was read into
}

// maxRecord bounds a record, in bytes: a customer's file, of 1 MiB at most, has room for 8,000 roles, and a verification up to 3 kB.
const maxRecord = 32 << 20

// ErrBroken is wrapped by the error for a record that makes no sense. It can be set aside.
var ErrBroken = errors.New("it makes no sense")

// recordFile is where a customer's record is. Nothing but the key of one becomes a part of a path.
func recordFile(stateDir, key string) (string, error) {
	if !roster.CanBeCustomer(key) {
		return "", fmt.Errorf("%.200q cannot be the key of a customer", key)
	}
	return filepath.Join(recordsDir(stateDir), key+recordSuffix), nil
}

const recordSuffix = ".json"

func recordsDir(stateDir string) string { return filepath.Join(stateDir, "customers") }

// Load reads the record of a customer. There being none is no error.
func Load(stateDir, key string) (Record, error) {
	path, err := recordFile(stateDir, key)
	if err != nil {
		return Record{}, err
	}
	data, err := readRecord(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Record{}, nil
	}
	if err != nil {
		return Record{}, err
	}
	var r Record
	if err := json.Unmarshal(data, &r); err != nil {
		return Record{}, fmt.Errorf("%s: %w", path, ErrBroken) // json quotes the file, which is no text to trust
	}
	return r, nil
}

// readRecord reads a file that is one, and no larger than a record can be.
func readRecord(path string) ([]byte, error) { return readFile(path, maxRecord) }

// readFile reads a file of the state directory, or of an archive: nothing that blocks, and nothing without end.
func readFile(path string, most int64) ([]byte, error) {
	i, err := os.Lstat(path)
	switch {
	case err != nil:
		return nil, err
	case !i.Mode().IsRegular():
		return nil, fmt.Errorf("%s: it is no file: %w", path, ErrBroken)
	case i.Size() > most:
		return nil, fmt.Errorf("%s: it is larger than %d MiB: %w", path, most>>20, ErrBroken)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, most))
}

// Save writes it whole.
func (r Record) Save(stateDir, key string) error {
	path, err := recordFile(stateDir, key)
	if err != nil {
		return err
	}
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("encode %s: %w", path, err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return disk.Replace(path, append(data, '\n'), 0o600)
}

// SetAside moves a record that is broken out of the way, and returns where to.
func SetAside(stateDir, key string) (string, error) {
	path, err := recordFile(stateDir, key)
	if err != nil {
		return "", err
	}
	aside := path + ".broken"
	return aside, os.Rename(path, aside)
}

// Recorded returns the keys of the customers that have a record, in their order.
func Recorded(stateDir string) ([]string, error) {
	entries, err := os.ReadDir(recordsDir(stateDir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var keys []string
	for _, e := range entries {
		name := e.Name()
		if filepath.Ext(name) != recordSuffix {
			continue
		}
		if key := name[:len(name)-len(recordSuffix)]; roster.CanBeCustomer(key) {
			keys = append(keys, key)
		}
	}
	return keys, nil
}
