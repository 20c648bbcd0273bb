package units

import (
	"encoding/json"
	"encoding/xml"
	"io"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// plist reads a property list with Python's reader of them.
func plist(t *testing.T, data []byte) (list map[string]any) {
	t.Helper()
	cmd := exec.Command("python3", "-c", "import json, plistlib, sys; json.dump(plistlib.loads(sys.stdin.buffer.read()), sys.stdout)")
	cmd.Stdin = strings.NewReader(string(data))
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, data)
	}
	if err := json.Unmarshal(out, &list); err != nil {
		t.Fatal(err)
	}
	return list
}

func TestLaunchd(t *testing.T) {
	socket := func(path string, mode float64) map[string]any {
		return map[string]any{"Listeners": map[string]any{"SockType": "stream", "SockPathName": path, "SockPathMode": mode}}
	}
	odd := "/Users/ana/a <b> & \"c\" 'd' $e %f @CREDD@ @LOG@ ü/"
	for _, c := range []struct {
		name string
		list Launchd
		want map[string]any
	}{
		{"plain", Launchd{Credd: "/usr/local/bin/credd", Socket: "/s", Log: "/l", Environment: map[string]string{"PATH": "/bin"}}, nil},
		{"odd", Launchd{Credd: odd + "credd", Socket: odd + "s", Log: odd + "l", Environment: map[string]string{"PATH": odd, "XDG_STATE_HOME": "/x"}}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := map[string]any{
				"Label": "credd", "ProcessType": "Interactive", "ThrottleInterval": 1.0, "Umask": 0o77 + 0.0, "WorkingDirectory": "/",
				"StandardErrorPath": c.list.Log, "ProgramArguments": []any{c.list.Credd, "serve"}, "Sockets": socket(c.list.Socket, 0o600),
			}
			env := map[string]any{}
			for k, v := range c.list.Environment {
				env[k] = v
			}
			want["EnvironmentVariables"] = env
			got, err := c.list.Agent()
			if err != nil {
				t.Fatal(err)
			}
			strict(t, got)
			if diff := cmp.Diff(plist(t, got), want); diff != "" {
				t.Errorf("the agent: got-, want+\n%s", diff)
			}
			delete(want, "EnvironmentVariables")
			want["UserName"], want["GroupName"] = "_credd", "_credd"
			want["ProgramArguments"], want["Sockets"] = []any{c.list.Credd, "serve", "--system"}, socket(c.list.Socket, 0o666)
			got, err = c.list.Daemon()
			if err != nil {
				t.Fatal(err)
			}
			strict(t, got)
			if diff := cmp.Diff(plist(t, got), want); diff != "" {
				t.Errorf("the daemon: got-, want+\n%s", diff)
			}
		})
	}
}

// strict reads all of it as XML, which launchd's own reader also does.
func strict(t *testing.T, data []byte) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(string(data)))
	for {
		_, err := d.Token()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatalf("%v\n%s", err, data)
		}
	}
}

func TestLaunchdRefusesWhatXMLCannotHold(t *testing.T) {
	for _, odd := range []string{"/a\nb", "/a\x00b", "/a\x1bb", "/a\xff", "/a\x7f", "/\uffff"} {
		for name, l := range map[string]Launchd{
			"program": {Credd: odd}, "socket": {Socket: odd}, "log": {Log: odd}, "environment": {Environment: map[string]string{"PATH": odd}},
		} {
			if got, err := l.Agent(); err == nil {
				t.Errorf("%s %q: got %q, want an error", name, odd, got)
			}
		}
	}
}
