package peer

import (
	"fmt"
	"net"
	"slices"
	"syscall"
	"testing"
)

func TestGroupsOf(t *testing.T) {
	many := make([]uint32, 1000)
	for i := range many {
		many[i] = uint32(30000 + i)
	}
	for _, c := range []struct {
		name   string
		gid    uint32
		groups []uint32
		want   []uint32
	}{
		{"none but the primary", 20001, nil, []uint32{20001}},
		{"more", 20001, []uint32{20002, 20003}, []uint32{20001, 20002, 20003}},
		{"the primary is listed, too", 20001, []uint32{20001}, []uint32{20001}},
		{"a thousand", 20001, many, append(slices.Clone(many), 20001)},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, conn := callerAs(t, &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 12345, Gid: c.gid, Groups: c.groups}})
			p, err := Of(conn)
			if err != nil {
				t.Fatal(err)
			}
			got, err := GroupsOf(conn, p)
			if err != nil {
				t.Fatal(err)
			}
			var want []string
			for _, g := range c.want {
				want = append(want, fmt.Sprint(g))
			}
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

func TestGroupsOfFailsClosed(t *testing.T) {
	closed, conn := pair(t)
	closed.Close()
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	remote, err := net.Dial("tcp", tcp.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer remote.Close()
	for name, c := range map[string]net.Conn{"closed": closed, "no descriptor": wrapped{conn}, "not a unix socket": remote} {
		if got, err := GroupsOf(c, Peer{}); err == nil {
			t.Errorf("%s: got %v, want an error", name, got)
		}
	}
}
