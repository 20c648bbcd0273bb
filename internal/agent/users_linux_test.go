package agent_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"credd/internal/agent/api"
)

// user is such a process.
type user struct {
	t   *testing.T
	in  *json.Encoder
	out *json.Decoder
}

// as starts a process of a user, with its primary group and others.
func (w *world) as(t *testing.T, uid, gid uint32, groups ...uint32) *user {
	t.Helper()
	cmd := exec.Command("/proc/self/exe", "user", w.path) // its directory is closed to others
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: gid, Groups: groups}}
	cmd.Dir = "/"
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		cmd.Process.Kill()
		cmd.Wait()
	})
	return &user{t, json.NewEncoder(in), json.NewDecoder(out)}
}

func (u *user) does(o order) (r result) {
	u.t.Helper()
	if err := u.in.Encode(o); err != nil {
		u.t.Fatal(err)
	}
	if err := u.out.Decode(&r); err != nil {
		u.t.Fatal(err)
	}
	return r
}

func (u *user) get(role string) result { u.t.Helper(); return u.does(order{Role: role}) }

func (u *user) call(r api.Request) result { u.t.Helper(); return u.does(order{Do: &r}) }

// status asks for it.
func (u *user) status() (st api.Status) {
	u.t.Helper()
	if r := u.call(api.Request{Do: api.DoStatus}); json.Unmarshal(r.Out, &st) != nil {
		u.t.Fatalf("status: got %+v", r)
	}
	return st
}
