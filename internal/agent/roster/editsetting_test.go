package roster

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAddSetting(t *testing.T) {
	tests := map[string]struct{ old, want, err string }{
		"no file":            {"", "version = 1\n\n[vault]\nkey = \"file\"\n", ""},
		"no table":           {"version = 1\n[log]\nlevel = \"info\" # mine", "version = 1\n[log]\nlevel = \"info\" # mine\n\n[vault]\nkey = \"file\"\n", ""},
		"CRLF":               {"version = 1\r\n", "version = 1\r\n\r\n[vault]\r\nkey = \"file\"\r\n", ""},
		"there":              {"version = 1\nvault.key = \"file\"\n", "version = 1\nvault.key = \"file\"\n", ""},
		"another value":      {"version = 1\n\n[vault]\nkey = \"passphrase\"\n", "", "credd.toml:4: [vault] key has another value"},
		"table without it":   {"version = 1\n[vault]\n[log]\n", "version = 1\n[vault]\nkey = \"file\"\n[log]\n", ""},
		"in the last line":   {"version = 1\r\n[vault]", "version = 1\r\n[vault]\r\nkey = \"file\"\r\n", ""},
		"no line of its own": {"version = 1\nvault = {}\n", "", "credd.toml:2: [vault] is there without key"},
		"broken":             {"version = 1\nnonsense\n", "", "credd.toml:2: "},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			d := t.TempDir()
			path := filepath.Join(d, "credd.toml")
			if tt.old != "" {
				put(t, d, "credd.toml", tt.old)
			}
			_, err := AddSetting(d, "vault", "key", "file")
			if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("got %v, want %q", err, tt.err)
			}
			want := tt.want
			if tt.err != "" {
				want = tt.old
			}
			if got, _ := os.ReadFile(path); string(got) != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
	if _, err := AddSetting(t.TempDir(), "vault", "key", "nonsense"); err == nil {
		t.Error("a value that credd refuses was written")
	}
}
