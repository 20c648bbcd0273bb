package console

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"os"
	"syscall"
	"testing"
)

// The two ways to ask the kernel agree.
func TestDiagnosed(t *testing.T) {
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	us := netip.MustParseAddrPort(ln.Addr().String())
	if _, _, err := diagnosed(us, us); errors.Is(err, errNoDiag) {
		t.Log("this kernel has no sock_diag: the tables are used")
		return
	}
	for _, uid := range []int{os.Getuid(), 65534} {
		if uid != os.Getuid() && os.Getuid() != 0 {
			continue // only root can be somebody else
		}
		c := dialAs(t, uid, "tcp4", us.String())
		end := netip.MustParseAddrPort(c.LocalAddr().String())
		got, ok, err := diagnosed(end, us)
		listed, also := listed(end, us)
		if got != uid || !ok || err != nil || listed != uid || !also {
			t.Errorf("got %d, %v, %v and %d, %v, want %d", got, ok, err, listed, also, uid)
		}
		c.Close()
		if _, ok, err := diagnosed(end, us); ok || err != nil {
			t.Errorf("closed: got %v, %v", ok, err)
		}
	}
	if _, ok, err := diagnosed(us, us); ok || err != nil {
		t.Errorf("no such connection: got %v, %v", ok, err)
	}
}

func FuzzOwnerOf(f *testing.F) {
	answer := make([]byte, diagOwner+12)
	binary.NativeEndian.PutUint16(answer[4:], sockDiagByFamily)
	answer[diagState] = established
	binary.NativeEndian.PutUint32(answer[diagOwner:], 1000)
	if uid, ok, err := ownerOf(answer); uid != 1000 || !ok || err != nil {
		f.Fatalf("got %d, %v, %v", uid, ok, err)
	}
	failed := make([]byte, syscall.NLMSG_HDRLEN+4)
	binary.NativeEndian.PutUint16(failed[4:], syscall.NLMSG_ERROR)
	f.Add(answer)
	f.Add(failed)
	f.Add(answer[:diagOwner])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, answer []byte) {
		if uid, ok, err := ownerOf(answer); ok && (err != nil || len(answer) < diagOwner) {
			t.Errorf("got %d, %v of %d bytes", uid, err, len(answer))
		}
	})
}
