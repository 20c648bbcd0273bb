package accounts

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"credd/internal/alone"
	"credd/internal/ipc/peer"
)

// getent stands in for a machine's directory. It takes nothing from the environment, and says when it finds something there.
const getent = `#!/bin/sh
[ -z "$CREDD_CANARY$HOME" ] || exit 9
case "$1 $2" in
"passwd ldapana"|"passwd 70001") echo 'ldapana:*:70001:70001:Ana:/home/ana:/bin/sh' ;;
"group ldapdev") echo 'ldapdev:*:80001:ana,bob' ;;
"passwd 70002") echo 'other:*:70003:1::/:' ;;
"passwd two") echo 'a:*:1:1::/:'; echo 'b:*:2:2::/:' ;;
"passwd odd") echo 'a:*:x:1::/:' ;;
"passwd none") echo 'none:*:4294967295:1::/:' ;;
"passwd broken") exit 3 ;;
"passwd hangs") sleep 60 & sleep 60 ;;
"passwd "8????) sleep 60 ;;
*) exit 2 ;;
esac
`

// withDirectory runs a test again where the machine has the directory of above. It reports whether this is there.
func withDirectory(t *testing.T) bool {
	t.Helper()
	if !alone.Here(t, "CREDD_CANARY=1") {
		return false
	}
	script := filepath.Join(t.TempDir(), "getent")
	if err := os.WriteFile(script, []byte(getent), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount(script, "/usr/bin/getent", "", syscall.MS_BIND, ""); err != nil {
		t.Fatal(err)
	}
	return true
}

func TestAccounts(t *testing.T) {
	if !withDirectory(t) {
		return
	}
	ctx := context.Background()
	user := func(name string) string {
		u, ok, err := System{}.User(ctx, name)
		return fmt.Sprintf("%d %v %v", u.UID, ok, err != nil)
	}
	group := func(name string) string {
		g, ok, err := System{}.Group(ctx, name)
		return fmt.Sprintf("%s %v %v", g, ok, err != nil)
	}
	name := func(uid string) string {
		var u peer.User
		fmt.Sscan(uid, &u.UID)
		n, ok, err := System{}.Name(ctx, u)
		return fmt.Sprintf("%s %v %v", n, ok, err != nil)
	}
	for _, c := range []struct {
		what     string
		ask      func(string) string
		of, want string // found, and whether it is an error
	}{
		{"of the files", user, "root", "0 true false"},
		{"of the files", user, "daemon", "1 true false"},
		{"a number", user, "12345", "12345 true false"},
		{"of the directory", user, "ldapana", "70001 true false"},
		{"nobody's", user, "carol", "0 false false"},
		{"an option", user, "--help", "0 false false"},
		{"two answers", user, "two", "0 false true"},
		{"an answer without a number", user, "odd", "0 false true"},
		{"the number that means none", user, "none", "0 false true"},
		{"a directory that fails", user, "broken", "0 false true"},
		{"of the files", group, "root", "0 true false"},
		{"a number", group, "12345", "12345 true false"},
		{"of the directory", group, "ldapdev", "80001 true false"},
		{"a user is no group", group, "ldapana", "0 false false"},
		{"of the files", name, "0", "root true false"},
		{"of the directory", name, "70001", "ldapana true false"},
		{"nobody's", name, "70009", " false false"},
		{"another's number", name, "70002", "other false false"},
	} {
		t.Run(c.what+" "+c.of, func(t *testing.T) {
			if got := c.ask(c.of); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestADirectoryThatHangs(t *testing.T) {
	if !withDirectory(t) {
		return
	}
	began := time.Now()
	_, ok, err := System{}.User(context.Background(), "hangs")
	if ok || err == nil || !strings.Contains(err.Error(), "does not answer") {
		t.Errorf("got %v, %v", ok, err)
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("took %v, want little more than %v", took, timeout)
	}
}

// Users who connect with many numbers keep nobody from being found by name.
func TestManyNumbersKeepNoNameWaiting(t *testing.T) {
	if !withDirectory(t) {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	var asked sync.WaitGroup
	for uid := range uint32(50) {
		asked.Go(func() { System{}.Name(ctx, peer.User{UID: 80000 + uid}) })
	}
	for end := time.Now().Add(time.Minute); len(forNumbers) < cap(forNumbers) && time.Now().Before(end); {
		runtime.Gosched()
	}
	if u, ok, err := (System{}).User(context.Background(), "ldapana"); u.UID != 70001 || !ok || err != nil {
		t.Errorf("got %v, %v, %v", u, ok, err)
	}
	cancel()
	asked.Wait()
}

func TestParse(t *testing.T) {
	for _, c := range []struct {
		text string
		want line
		ok   bool
	}{
		{"ana:x:1000:1000:Ana:/home/ana:/bin/bash\n", line{"ana", 1000}, true},
		{"dev:x:100:ana,bob", line{"dev", 100}, true},
		{"dev:x:100:" + strings.Repeat("member,", 20000), line{"dev", 100}, true},
		{"", line{}, false},
		{"ana:x:1000", line{}, false},
		{":x:1000:1", line{}, false},
		{"ana:x:-1:1:", line{}, false},
		{"ana:x: 1:1:", line{}, false},
		{"ana:x:0x10:1:", line{}, false},
		{"ana:x:99999999999:1:", line{}, false},
		{"a:x:1:1\nb:x:2:2\n", line{}, false},
	} {
		if got, ok := parse(c.text); ok != c.ok || ok && got != c.want {
			t.Errorf("%.40q: got %v, %v, want %v, %v", c.text, got, ok, c.want, c.ok)
		}
	}
}
