package vault

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"

	"filippo.io/age"
)

const (
	format  = 1
	maxFile = 16 << 20 // a source has a few KB
)

// content is what is encrypted.
type content struct {
	Version int   `json:"version"`
	Items   Items `json:"items"`
}

var errTooLarge = errors.New("larger than 16 MiB")

// read returns what the file holds. Whatever is wrong with it, it stays as it is.
func (v *Vault) read() (Items, error) {
	const hint = "the file is kept as it is: bring back a copy, or move it away and add its sources again"
	data, err := readFile(v.path)
	if err != nil {
		return nil, broken(err, "the vault cannot be read: "+err.Error(), "")
	}
	items, err := decrypt(data, v.identity)
	var foreign *age.NoIdentityMatchError
	if errors.As(err, &foreign) {
		return nil, broken(err, "the vault "+v.path+" was not written with the key in "+v.openedBy.where(), hint)
	}
	if err != nil {
		return nil, broken(err, "the vault "+v.path+" is damaged", hint)
	}
	return items, nil
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if len(data) > maxFile {
		return nil, errTooLarge
	}
	return data, err
}

func encrypt(items Items, to age.Recipient) ([]byte, error) {
	plain, err := json.Marshal(content{format, items})
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	w, err := age.Encrypt(&out, to)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(plain); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	if out.Len() > maxFile {
		return nil, errTooLarge
	}
	return out.Bytes(), nil
}

func decrypt(data []byte, with age.Identity) (Items, error) {
	r, err := age.Decrypt(bytes.NewReader(data), with)
	if err != nil {
		return nil, err
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	var c content
	if err := json.Unmarshal(plain, &c); err != nil {
		return nil, errors.New("not the content of a vault") // json's errors quote what they read
	}
	if c.Version != format {
		return nil, errors.New("of another version of credd")
	}
	if c.Items == nil {
		c.Items = Items{}
	}
	return c.Items, nil
}
