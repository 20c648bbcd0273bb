//go:build linux

package box

import (
	"encoding/pem"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
)

// newProxy is an HTTPS proxy that leads to one server, whatever is asked for. It counts the connections.
func newProxy(t *testing.T, to string) (address string, used *atomic.Int32) {
	t.Helper()
	used = new(atomic.Int32)
	s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		used.Add(1)
		there, err := net.Dial("tcp", to)
		if r.Method != http.MethodConnect || err != nil {
			http.Error(rw, "no", http.StatusBadGateway)
			return
		}
		here, _, err := http.NewResponseController(rw).Hijack()
		if err != nil {
			there.Close()
			return
		}
		io.WriteString(here, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { io.Copy(there, here); there.Close() }()
		io.Copy(here, there)
		here.Close()
	}))
	t.Cleanup(s.Close)
	return s.URL, used
}

// TestTheNetworkIsThatOfTheFiles: a service sees no shell's environment, and of its manager's it takes neither a proxy nor certificates.
func TestTheNetworkIsThatOfTheFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	aws, err := url.Parse(w.aws.URL())
	if err != nil {
		t.Fatal(err)
	}
	forward := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = "http", aws.Host, r.In.Host
	}}
	secure := httptest.NewUnstartedServer(forward)
	secure.Config.ErrorLog = log.New(io.Discard, "", 0) // refused handshakes are what is tested
	secure.StartTLS()                                   // with a certificate of example.com
	t.Cleanup(secure.Close)
	proxy, used := newProxy(t, secure.Listener.Addr().String())
	w.Run(t, "sh", "-c", "echo 127.0.0.1 example.com >>/etc/hosts") // where nothing listens on 443
	bundle := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw}))
	w.put("~/ca.pem", bundle)
	w.configure(".aws/config", "[profile work]\nregion = "+region+"\nendpoint_url = https://example.com\n")

	w.As(t, "ana", "systemctl", "--user", "set-environment", "HTTPS_PROXY="+proxy, "https_proxy="+proxy, "ALL_PROXY="+proxy, "AWS_CA_BUNDLE=/home/ana/ca.pem")
	if got := w.helper("acme/admin"); got.code != 7 || got.out != "" {
		t.Errorf("a proxy in the manager's environment: got %+v, want code 7", got)
	}
	if n := used.Load(); n > 0 {
		t.Errorf("it was used %d times", n)
	}

	settings := w.ana("", "cat ~/.config/credd/credd.toml") + "\n[network]\nproxy = \"" + proxy + "\"\n"
	w.configure("credd.toml", settings)
	w.ctl("restart", "credd.service")
	if got := w.helper("acme/admin"); got.code != 7 || used.Load() == 0 {
		t.Errorf("a proxy in credd.toml, and a certificate that nobody signed: got %+v, %d connections, want code 7", got, used.Load())
	}
	w.configure("credd.toml", settings+"ca_bundle = \"/home/ana/ca.pem\"\n")
	w.As(t, "ana", "credd", "reload")
	w.As(t, "ana", "credd", "refresh", "acme/admin")
	works(t, w.helper("acme/admin"))
}

// TestAKeyOfSystemd is a vault of the machine's credd whose key systemd hands over: it was never in a file in clear.
func TestAKeyOfSystemd(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	w.Run(t, "sh", "-c", "mkdir -m 700 -p /etc/credstore.encrypted && credd vault new-key | systemd-creds encrypt --name=credd-vault-key - /etc/credstore.encrypted/credd-vault-key")
	settings := w.Read(t, "/etc/credd/credd.toml")
	w.configure("credd.toml", settings+"\n[vault]\nkey = \"systemd\"\n")
	key, err := w.aws.AddKey(us)
	if err != nil {
		t.Fatal(err)
	}
	add := w.Command("credd", "source", "add", "stored", "--system", "--type", "keys", "--region", region, "--endpoint-url", w.aws.URL(), "--from-stdin")
	add.Stdin = strings.NewReader(key.ID + "\n" + key.Secret + "\n")
	if got := say(t, add); got.code != 0 {
		t.Fatalf("got %+v", got)
	}
	w.customerFile("kept", "source = \"stored\"\nexternal_id = \"canary-external-id-acme\"\n", "[role.admin]\narn = \"arn:aws:iam::"+account+":role/acme-admin\"\n")
	works(t, w.helper("kept/admin"))
	w.ctl("restart", "credd.service")
	works(t, w.helper("kept/admin"))
	if got := w.Run(t, "sh", "-c", "head -c 21 /var/lib/credd/vault.age; grep -rl AGE-SECRET-KEY /etc/credd /etc/credstore.encrypted /var/lib/credd || true"); got != "age-encryption.org/v1" {
		t.Errorf("got %q, want a vault, and its key nowhere in clear", got)
	}

	// Without its key the vault is closed, and the rest goes on.
	const encrypted = "/etc/credstore.encrypted/credd-vault-key"
	w.Run(t, "mv", encrypted, encrypted+".away")
	w.ctl("restart", "credd.service")
	if got := w.helper("kept/admin"); got.code != 2 || got.out != "" {
		t.Errorf("without the credential: got %+v", got)
	}
	if got := w.Run(t, "credd", "status", "--system"); !strings.Contains(got, "the vault's key cannot be read") {
		t.Errorf("without the credential: got\n%s", got)
	}
	works(t, w.helper("acme/admin"))
	w.Run(t, "mv", encrypted+".away", encrypted)
	w.ctl("restart", "credd.service")
	works(t, w.helper("kept/admin"))
}

// TestWhatProgramsOfSourcesGet is nothing of what the manager passed to credd: no socket, no way to speak for it, no key of the vault.
func TestWhatProgramsOfSourcesGet(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	w.Run(t, "sh", "-c", "mkdir -m 700 -p /etc/credstore.encrypted && credd vault new-key | systemd-creds encrypt --name=credd-vault-key - /etc/credstore.encrypted/credd-vault-key")
	key, err := w.aws.AddKey(us)
	if err != nil {
		t.Fatal(err)
	}
	w.Write(t, "/usr/local/bin/spy", "#!/bin/sh\n{ env; find /proc/$$/fd -printf 'fd %f %l\\n'; } >/var/lib/credd/spied\n"+
		`echo '{"Version": 1, "AccessKeyId": "`+key.ID+`", "SecretAccessKey": "`+key.Secret+`"}'`+"\n", 0o755)
	w.configure("credd.toml", w.Read(t, "/etc/credd/credd.toml")+"\n[source.spy]\ntype = \"process\"\ncommand = [\"/usr/local/bin/spy\"]\nregion = \""+region+"\"\nendpoint_url = \""+w.aws.URL()+"\"\n")
	w.customerFile("spied", "external_id = \"canary-external-id-acme\"\n", "[role.admin]\nsource = \"spy\"\narn = \"arn:aws:iam::"+account+":role/acme-admin\"\n")
	works(t, w.helper("spied/admin"))
	environment := w.file("/proc/" + strconv.Itoa(w.pid()) + "/environ")
	got := w.Read(t, "/var/lib/credd/spied")
	for _, name := range []string{"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID", "CREDENTIALS_DIRECTORY"} {
		if !strings.Contains(environment, name+"=") {
			t.Errorf("credd itself has no %s: this says nothing", name)
		}
		if strings.Contains(got, name+"=") {
			t.Errorf("%s is passed on", name)
		}
	}
	for line := range strings.Lines(got) {
		f := strings.Fields(line)
		if len(f) == 3 && f[0] == "fd" && strings.HasPrefix(f[2], "socket:") {
			t.Errorf("a socket of credd's is passed on: %s", line)
		}
	}
	if !strings.Contains(got, "fd 0 /dev/null") {
		t.Errorf("no list of descriptors: got\n%s", got)
	}
}

// TestASourcesProgramWithAGroupOfItsOwn: such as op beside 1Password's desktop app. The drop-in is that of docs/service.md.
func TestASourcesProgramWithAGroupOfItsOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	key, err := w.aws.AddKey(us)
	if err != nil {
		t.Fatal(err)
	}
	w.Write(t, "/opt/key", `{"Version": 1, "AccessKeyId": "`+key.ID+`", "SecretAccessKey": "`+key.Secret+`"}`, 0o600)
	w.Run(t, "sh", "-c", "groupadd vaults; chmod 640 /opt/key; chgrp vaults /opt/key; install -m 2755 -g vaults /bin/cat /usr/local/bin/op")
	w.configure("credd.toml", w.ana("", "cat ~/.config/credd/credd.toml")+"\n[source.op]\ntype = \"process\"\ncommand = [\"/usr/local/bin/op\", \"/opt/key\"]\nregion = \""+region+"\"\nendpoint_url = \""+w.aws.URL()+"\"\n")
	w.customerFile("kept", "external_id = \"canary-external-id-acme\"\n", "[role.admin]\nsource = \"op\"\narn = \"arn:aws:iam::"+account+":role/acme-admin\"\n")
	if got := w.helper("kept/admin"); got.code == 0 || !strings.Contains(got.err, "op") {
		t.Errorf("without the drop-in: got %+v, want an error of op", got)
	}
	w.dropIn("[Service]\nNoNewPrivileges=no\nRestrictSUIDSGID=no\nRestrictRealtime=no\nLockPersonality=no\nSystemCallArchitectures=\nSystemCallFilter=\n")
	works(t, w.helper("kept/admin"))
}
