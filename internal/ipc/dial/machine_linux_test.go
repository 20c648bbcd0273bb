package dial

import (
	"os"
	"path/filepath"
	"testing"

	"credd/internal/alone"
	"credd/internal/paths"
)

// The table of all cases is in package socket, whose Dial trusts by the same function.
func TestTheMachinesCreddMayServe(t *testing.T) {
	if !alone.WithoutRun(t) {
		return
	}
	sock := paths.System().Socket
	if err := os.Mkdir(filepath.Dir(sock), 0o755); err != nil {
		t.Fatal(err)
	}
	const credd, squatter = 9900, 10002
	for _, c := range []struct {
		name   string
		server uint32
		want   string
	}{
		{"whom root gave the directory", credd, "answer <nil>"},
		{"a squatter", squatter, " " + ErrForeign.Error()},
	} {
		t.Run(c.name, func(t *testing.T) {
			os.Remove(sock)
			give(t, sock, c.server)
			if got := as(t, c.server, "listen", sock)(); got != "ready" {
				t.Fatal(got)
			}
			give(t, sock, credd)
			if got := as(t, nobody, "ask", sock)(); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// give lets a user own the directory of a socket.
func give(t *testing.T, sock string, uid uint32) {
	t.Helper()
	if err := os.Chown(filepath.Dir(sock), int(uid), int(uid)); err != nil {
		t.Fatal(err)
	}
}
