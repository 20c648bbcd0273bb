package vault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"credd/internal/disk"
)

// inFile returns a vault whose key is in a file beside it.
func inFile(t *testing.T) *Vault {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "credd")
	return New(filepath.Join(dir, "vault.age"), Settings{Key: KeyFile})
}

// again is the same vault as another daemon sees it.
func again(v *Vault) *Vault { return New(v.path, v.settings) }

func put(t *testing.T, v *Vault, name, item string) {
	t.Helper()
	if err := v.Put(t.Context(), name, []byte(item)); err != nil {
		t.Fatal(err)
	}
}

func want(t *testing.T, v *Vault, name, item string) {
	t.Helper()
	got, ok, err := v.Get(t.Context(), name)
	if string(got) != item || ok != (item != "") || err != nil {
		t.Errorf("%s: got %q, %v, %v; want %q", name, got, ok, err, item)
	}
}

func kindOf(err error) Kind {
	var e *Error
	if !errors.As(err, &e) {
		return -1
	}
	return e.Kind
}

func TestKeeps(t *testing.T) {
	v := inFile(t)
	want(t, v, "a", "")
	if _, err := os.Stat(v.path); !os.IsNotExist(err) {
		t.Errorf("reading made a file: %v", err)
	}
	put(t, v, "a", "one")
	killed := filepath.Join(filepath.Dir(v.path), ".credd-vault-123")
	if err := os.WriteFile(killed, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	put(t, v, "b", "two")
	want(t, again(v), "a", "one")
	if err := v.Drop(t.Context(), "a", "none"); err != nil {
		t.Fatal(err)
	}
	want(t, again(v), "a", "")
	want(t, again(v), "b", "two")

	data, err := os.ReadFile(v.path)
	if err != nil || bytes.Contains(data, []byte("two")) {
		t.Errorf("the file holds a secret in clear, or is not there: %v", err)
	}
	for _, name := range []string{v.path, filepath.Join(filepath.Dir(v.path), "vault.key")} {
		if i, err := os.Stat(name); err != nil || i.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, i.Mode(), err)
		}
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(v.path), ".credd*"))
	if len(left) > 0 || err != nil {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// The keyring of Windows takes 2,560 bytes, that of macOS about 3 kB.
func TestLargeItems(t *testing.T) {
	v := inFile(t)
	large := strings.Repeat("0123456789abcdef", 1<<16)
	put(t, v, "large", large)
	want(t, again(v), "large", large)
	err := v.Put(t.Context(), "larger", make([]byte, maxFile))
	if kindOf(err) != Broken {
		t.Errorf("got %v, want an error", err)
	}
	want(t, v, "large", large)
	want(t, again(v), "larger", "")
}

func TestAnErrorChangesNothing(t *testing.T) {
	v := inFile(t)
	put(t, v, "a", "one")
	no := errors.New("no")
	err := v.Change(t.Context(), func(items Items) error { items["a"] = []byte("two"); return no })
	if err != no {
		t.Errorf("got %v", err)
	}
	want(t, v, "a", "one")
	want(t, again(v), "a", "one")
}

func TestTwoWriters(t *testing.T) {
	v := inFile(t)
	put(t, v, "a", "one")
	other := again(v)
	put(t, other, "b", "two")
	want(t, v, "b", "two")

	const each = 12
	var all sync.WaitGroup
	for w := range 4 {
		all.Go(func() {
			v := again(v)
			for i := range each {
				name := fmt.Sprintf("%d-%d", w, i)
				if err := v.Put(context.Background(), name, []byte(name)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	for w := range 4 {
		for i := range each {
			name := fmt.Sprintf("%d-%d", w, i)
			want(t, v, name, name)
		}
	}
	want(t, v, "a", "one")
}

func TestALockThatStays(t *testing.T) {
	v := inFile(t)
	put(t, v, "a", "one")
	f, err := disk.TryLock(v.path + ".lock")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 3*lockPoll)
	defer cancel()
	if err := v.Put(ctx, "a", []byte("two")); kindOf(err) != Unavailable {
		t.Errorf("got %v", err)
	}
	want(t, v, "a", "one")
}

// damage tries every change of a vault's file: each is an error, the file stays, and with the right bytes all is back.
func damage(t *testing.T, each func(data []byte, try func([]byte))) {
	v := inFile(t)
	put(t, v, "a", "one")
	good, err := os.ReadFile(v.path)
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	each(good, func(bad []byte) {
		tried++
		if err := os.WriteFile(v.path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		v := again(v)
		got, ok, err := v.Get(t.Context(), "a")
		if err == nil && (!ok || string(got) != "one") {
			t.Errorf("%q: got %q, %v", bad, got, ok)
		}
		if err != nil && kindOf(err) != Broken {
			t.Errorf("got %v", err)
		}
		if err := v.Put(t.Context(), "b", []byte("two")); (err == nil) != bytes.Equal(bad, good) {
			t.Errorf("written: %v", err)
		}
		if now, err := os.ReadFile(v.path); err != nil || !bytes.Equal(now, bad) && !bytes.Equal(bad, good) {
			t.Errorf("the damaged file was changed: %v", err)
		}
	})
	if tried < 100 {
		t.Errorf("only %d tries", tried)
	}
	if err := os.WriteFile(v.path, good, 0o600); err != nil {
		t.Fatal(err)
	}
	want(t, again(v), "a", "one")
}

func TestEveryByteFlipped(t *testing.T) {
	damage(t, func(data []byte, try func([]byte)) {
		for i := range data {
			for _, flip := range []byte{0x01, 0x20, 0x80} {
				bad := bytes.Clone(data)
				bad[i] ^= flip
				try(bad)
			}
		}
	})
}

func TestTruncated(t *testing.T) {
	damage(t, func(data []byte, try func([]byte)) {
		for i := range data {
			try(data[:i])
		}
		try(append(bytes.Clone(data), 0))
	})
}

func TestForeignKeys(t *testing.T) {
	v := inFile(t)
	put(t, v, "a", "one")
	keyFile := filepath.Join(filepath.Dir(v.path), "vault.key")
	key, err := os.ReadFile(keyFile)
	if err != nil {
		t.Fatal(err)
	}
	other, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, key string
		mode      os.FileMode
		want      string
	}{
		{"another", other, 0o600, "was not written with the key in"},
		{"none", "", 0, "is not in"},
		{"garbage", "AGE-SECRET-KEY-1CANARY", 0o600, "is not a key of a vault"},
		{"readable", string(key), 0o644, "chmod 600"},
	} {
		os.Remove(keyFile)
		if c.mode != 0 {
			if err := os.WriteFile(keyFile, []byte(c.key), c.mode); err != nil {
				t.Fatal(err)
			}
			os.Chmod(keyFile, c.mode)
		}
		for _, err := range []error{func() error { _, _, err := again(v).Get(t.Context(), "a"); return err }(), again(v).Put(t.Context(), "a", []byte("two"))} {
			if kindOf(err) != Broken || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "CANARY") {
				t.Errorf("%s: got %v", c.name, err)
			}
		}
	}
	os.Remove(keyFile)
	if err := os.WriteFile(keyFile, key, 0o600); err != nil {
		t.Fatal(err)
	}
	want(t, again(v), "a", "one")
}

func TestSystemd(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(t.TempDir(), "credd", "vault.age")
	t.Setenv("CREDENTIALS_DIRECTORY", "")
	if err := New(path, Settings{Key: Systemd}).Put(t.Context(), "a", []byte("one")); kindOf(err) != Broken {
		t.Errorf("got %v", err)
	}
	t.Setenv("CREDENTIALS_DIRECTORY", dir)
	if err := New(path, Settings{Key: Systemd}).Put(t.Context(), "a", []byte("one")); kindOf(err) != Broken {
		t.Errorf("got %v", err)
	}
	key, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, credential), []byte(key), 0o440); err != nil {
		t.Fatal(err)
	}
	v := New(path, Settings{Key: Systemd})
	put(t, v, "a", "one")
	want(t, again(v), "a", "one")
}

func TestConfigure(t *testing.T) {
	v := inFile(t)
	put(t, v, "a", "one")
	v.Configure(Settings{Key: KeyFile, KeyFile: filepath.Join(t.TempDir(), "key")})
	if _, _, err := v.Get(t.Context(), "a"); kindOf(err) != Broken {
		t.Errorf("got %v", err)
	}
	v.Configure(Settings{Key: KeyFile})
	want(t, v, "a", "one")
}

func FuzzDecrypt(f *testing.F) {
	key := &fileKey{path: filepath.Join(f.TempDir(), "key")}
	identity, err := key.create(f.Context())
	if err != nil {
		f.Fatal(err)
	}
	good, err := encrypt(Items{"a": []byte("one")}, identity.Recipient())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Add([]byte("age-encryption.org/v1\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if items, err := decrypt(data, identity); err == nil && !bytes.Equal(items["a"], []byte("one")) {
			t.Errorf("got %v", items)
		}
	})
}

// A vault that is made anew in a running daemon has a key that is kept too.
func TestVaultAndKeyRemoved(t *testing.T) {
	v := inFile(t)
	put(t, v, "a", "one")
	for _, name := range []string{v.path, filepath.Join(filepath.Dir(v.path), "vault.key")} {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	want(t, v, "a", "")
	put(t, v, "a", "two")
	want(t, again(v), "a", "two")
}
