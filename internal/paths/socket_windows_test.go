package paths

import (
	"strings"
	"testing"
)

func TestPipes(t *testing.T) {
	sid, err := UserSID()
	if err != nil || !strings.HasPrefix(sid, "S-1-5-") {
		t.Fatalf("got %q, %v", sid, err)
	}
	t.Setenv("CREDD_SOCK", "")
	if got, err := OwnSocket(); err != nil || got != `\\.\pipe\credd-`+sid {
		t.Errorf("got %q, %v", got, err)
	}
	for name, ok := range map[string]bool{
		`\\.\pipe\credd-work`: true, `\\.\PIPE\x`: true, `//./pipe/x`: true,
		`\\.\pipe\`: false, `C:\x`: false, `\\server\pipe\credd`: false, `credd`: false, `\\.\pipe\` + strings.Repeat("x", maxSocket): false,
	} {
		t.Setenv("CREDD_SOCK", name)
		if got, err := Socket(); (err == nil) != ok || ok && got != name {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
	for _, name := range []string{`\\.\pipe\credd-system`, `\\.\PIPE\Credd-System`, `//./pipe/credd-system`} {
		if !IsSystem(name) {
			t.Errorf("%s is not taken for the machine's", name)
		}
	}
	if IsSystem(`\\.\pipe\credd-systems`) {
		t.Error("another pipe is taken for the machine's")
	}
	if exists(`\\.\pipe\credd-none`) {
		t.Error("a pipe that is not there exists")
	}
}
